/*-------------------------------------------------------------------------
 * capture_subject.h
 *	  The subject of a captured event.
 *
 * src/event/capture_subject.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_SUBJECT_H
#define RESPOND_CAPTURE_SUBJECT_H

#include "executor/tuptable.h"
#include "utils/jsonb.h"
#include "utils/rel.h"

typedef struct CaptureSubject CaptureSubject;

/*
 * How to make subjects for rows of a relation.  form is one of
 *	- NULL: the name of the table, a slash and the primary key;
 *	- the name of a column: its value;
 *	- a template, known by its {{: Mustache over "data" (that of the event),
 *	  "type", "old" and "new";
 *	- a SQL expression over OLD and NEW; columns without a name before them are
 *	  those of NEW.  It is parsed with search_path = pg_catalog, so functions of
 *	  users are named with their schema.
 * Where a row is missing (OLD of an INSERT, NEW of a DELETE) the other one
 * stands for it.
 *
 * strict: raise what is wrong with it.  Otherwise a name that is no column (any
 * more) counts as NULL, so that a renamed column does not stop writers.  Lives
 * in the current memory context; name is the table's name and is not copied.
 */
extern CaptureSubject *respond_capture_subject_compile(const char *form, Relation relation,
													   const char *name, bool strict);

/*
 * The subject, palloc'd, at most RESPOND_MAX_SUBJECT bytes; NULL when it is
 * null or empty.  Either slot may be NULL, not both.  data is needed by
 * templates.
 */
extern char *respond_capture_subject_make(CaptureSubject *subject, TupleTableSlot *old_row,
										  TupleTableSlot *new_row, const char *type, Jsonb *data);

#endif							/* RESPOND_CAPTURE_SUBJECT_H */
