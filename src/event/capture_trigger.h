/*-------------------------------------------------------------------------
 * capture_trigger.h
 *	  What a session knows of a trigger that calls capture().
 *
 * src/event/capture_trigger.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_TRIGGER_H
#define RESPOND_CAPTURE_TRIGGER_H

#include "utils/rel.h"

#include "common/row_json.h"
#include "event/capture_subject.h"

typedef enum CaptureOperation
{
	CAPTURE_INSERT,
	CAPTURE_UPDATE,
	CAPTURE_DELETE,
	CAPTURE_TRUNCATE,
	CAPTURE_OPERATIONS
} CaptureOperation;

typedef struct CaptureTrigger
{
	Oid			trigger;		/* the key */
	bool		valid;			/* false when its table has changed since */
	int			users;			/* calls in progress that have it in hand */
	MemoryContext context;
	TupleDesc	description;	/* copy of the table's */
	RowJson    *rows;
	char	   *table;			/* schema.table; the partitioned one of a cloned trigger */
	char	   *types[CAPTURE_OPERATIONS];
	bool	   *watched;		/* by attribute; NULL: all of them */
	CaptureSubject *subject;
} CaptureTrigger;

/*
 * Arguments of the trigger: the type of the event (none or '': the table's name
 * with .inserted, .updated, .deleted or .truncated), subject=FORM (see
 * capture_subject.h), and any number of column=NAME: an UPDATE counts only when
 * the value of one of them changed.  Raises
 * ERRCODE_INVALID_PARAMETER_VALUE for any other.
 */
extern CaptureTrigger *respond_capture_trigger_find(Trigger *trigger, Relation relation);

/* Options as they are written into a trigger's arguments. */
#define CAPTURE_SUBJECT_OPTION	"subject="
#define CAPTURE_COLUMN_OPTION	"column="

#endif							/* RESPOND_CAPTURE_TRIGGER_H */
