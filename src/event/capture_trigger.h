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
#include "event/capture_expression.h"
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
	Oid			original;		/* of which it is a clone in a partition; else itself */
	Oid			created_on;		/* table of the original */
	bool		valid;			/* false when its table has changed since */
	int			users;			/* calls in progress that have it in hand */
	MemoryContext context;
	TupleDesc	description;	/* copy of the table's */
	RowJson    *rows;
	char	   *relation_name;	/* of the table itself, for messages */
	char	   *table;			/* schema.table; the partitioned one of a cloned trigger */
	char	   *types[CAPTURE_OPERATIONS];
	bool	   *watched;		/* by attribute; NULL: all of them */
	CaptureSubject *subject;
	CaptureSubject *key_subject;	/* when that one fails */
	CaptureExpression *condition;	/* NULL: none, or the server looks at it */
	bool		condition_lost; /* there is one, and it cannot be made ready */

	bool		foreign;		/* runs code that may raise anything */
	bool		by_settings;	/* settings matter: see DOOR_FORMATS */
	bool		covered[CAPTURE_OPERATIONS];	/* another trigger of the tree records the same */
	int		   *long_columns;	/* from 0: those of variable length */
	int			long_count;
	Size		fixed_size;		/* bytes that a row takes in jsonb, without its long values */
} CaptureTrigger;

/*
 * Arguments of the trigger: the type of the event (none or '': the table's name
 * with .inserted, .updated, .deleted or .truncated), subject=FORM (see
 * capture_subject.h), any number of column=NAME (an UPDATE counts only when
 * the value of one of them changed), name=NAME (instead of the table's name as
 * it is now), and condition=when (see capture_expression.h).
 *
 * What cannot be understood is left out and noted as a fault; raises what has to
 * do with the server.
 */
extern CaptureTrigger *respond_capture_trigger_find(Trigger *trigger, Relation relation);

/* The same when it is known already, else NULL; raises nothing. */
extern CaptureTrigger *respond_capture_trigger_known(const Trigger *trigger);

/* What the arguments of a trigger say; strings point into them, and are NULL where nothing is said. */
typedef struct CaptureArguments
{
	const char *type;
	const char *subject;
	const char *name;
	List	   *columns;		/* char * */
	bool		guarded;		/* condition=when */
	const char *unknown;		/* the last that means nothing */
} CaptureArguments;

extern void respond_capture_arguments_read(CaptureArguments *arguments, int count, char **texts);

/* The name of a table in types and subjects: with its schema unless that is "public". */
extern char *respond_capture_table_name(Oid relation);

/* The type of an operation when the watch has none. */
extern char *respond_capture_default_type(const char *name, CaptureOperation operation);

/* Options as they are written into a trigger's arguments. */
#define CAPTURE_SUBJECT_OPTION	"subject="
#define CAPTURE_COLUMN_OPTION	"column="
#define CAPTURE_NAME_OPTION		"name="
#define CAPTURE_CONDITION_OPTION "condition=when"

#endif							/* RESPOND_CAPTURE_TRIGGER_H */
