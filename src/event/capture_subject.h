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
 *	  those of NEW.  It is parsed and evaluated with search_path = pg_catalog,
 *	  pg_temp and settings that are the same in every session, so functions of
 *	  users are named with their schema.
 * Where a row is missing (OLD of an INSERT, NEW of a DELETE) the other one
 * stands for it.
 *
 * Raises what is wrong with the form; NULL cannot be wrong.  Lives in the
 * current memory context; name, that of the table, is not copied.
 */
extern CaptureSubject *respond_capture_subject_compile(const char *form, Relation relation,
													   const char *name);

/* Raises what is wrong with the form; runs no code of users. */
extern void respond_capture_subject_check(const char *form, Relation relation);

/* Whether making it runs code that may do and raise anything, whatever the types of columns. */
extern bool respond_capture_subject_is_foreign(const CaptureSubject *subject);

/* Whether what it makes depends on settings: see DOOR_FORMATS. */
extern bool respond_capture_subject_is_by_settings(const CaptureSubject *subject);

/*
 * The subject, palloc'd, at most RESPOND_MAX_SUBJECT bytes; NULL when it is
 * null or empty.  Either slot may be NULL, not both.  data is needed by
 * templates.  Values of a key with several columns have / and % escaped as in
 * URLs.  Of what is too long the end is replaced by a hash.
 */
extern char *respond_capture_subject_make(CaptureSubject *subject, TupleTableSlot *old_row,
										  TupleTableSlot *new_row, const char *type, Jsonb *data);

/* The text with / and %, and further characters, written as %2F and so on. */
extern char *respond_capture_subject_escape(const char *text, const char *further);

/* At most limit bytes: of a longer text the end is replaced by a hash of it. */
extern char *respond_capture_subject_clip(char *text, int limit);

#endif							/* RESPOND_CAPTURE_SUBJECT_H */
