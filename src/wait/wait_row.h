/*-------------------------------------------------------------------------
 * wait_row.h
 *	  An armed wait, and its row.
 *
 * src/wait/wait_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_ROW_H
#define RESPOND_WAIT_ROW_H

#include "datatype/timestamp.h"
#include "executor/tuptable.h"

#include "common/shape.h"

extern const Shape respond_shape_wait;
extern const Shape respond_shape_heard;

/* The wait of an alternative while its key is not known is armed as this one, and has an empty key. */
#define WAIT_KEYLESS(alternative)	(-1 - (alternative))

/* A run waits for one kind of event at one step. */
typedef struct Wait
{
	int64		run_id;
	TimestampTz run_started_at;
	const char *rule;
	int32		rule_version;
	const char *step;
	int			alternative;
	int64		pattern;		/* respond_wait_pattern() */
	const char *key;			/* empty: it is not known yet, see wait_passed.h */
	bool		early;			/* the run has yet to reach the step */
	TimestampTz since;			/* from when on it hears events */
	TimestampTz due_at;			/* events recorded later do not count; DT_NOEND: all do */
	int64		passed_from;	/* without a key: it has to hear what has passed behind this; 0: its key is known */

	/* events that it has heard, oldest first; known where the row was armed or taken */
	int			heard_count;
	int64	   *heard;
	TimestampTz *heard_at;		/* when they were recorded */

	/* one that was not armed, but made of what has passed one without a key */
	bool		was_found;
	int64	   *passed;			/* ids of what it has heard among that */
} Wait;

typedef enum WaitColumn
{
	WAIT_ROW_RUN_ID,
	WAIT_ROW_RUN_STARTED_AT,
	WAIT_ROW_PATTERN_ID,
	WAIT_ROW_KEY_HASH,
	WAIT_ROW_SINCE,
	WAIT_ROW_DUE_AT,
	WAIT_ROW_INCARNATION,
	WAIT_ROW_RULE_VERSION,
	WAIT_ROW_ALTERNATIVE,
	WAIT_ROW_EARLY,
	WAIT_ROW_PASSED_FROM,
	WAIT_ROW_RULE,
	WAIT_ROW_STEP,
	WAIT_ROW_KEY,
	WAIT_ROW_COLUMNS
} WaitColumn;

/* One event that one of them has heard. */
typedef struct HeardEvent
{
	int64		id;				/* order in which events were heard */
	int64		run_id;
	const char *step;
	int			alternative;
	int64		event_id;
	TimestampTz recorded_at;
} HeardEvent;

typedef enum HeardColumn
{
	HEARD_ID,
	HEARD_RUN_ID,
	HEARD_EVENT_ID,
	HEARD_RECORDED_AT,
	HEARD_INCARNATION,
	HEARD_ALTERNATIVE,
	HEARD_STEP,
	HEARD_COLUMNS
} HeardColumn;

/* Copies into the current memory context; without what it has heard. */
extern Wait *respond_wait_copy(const Wait *wait);

/* The same from the row in the slot; *incarnation: the database that wrote it. */
extern Wait *respond_wait_read(TupleTableSlot *slot, int64 *incarnation);
extern HeardEvent *respond_heard_read(TupleTableSlot *slot);

/* Values of a new row of this database, allocated in the current memory context. */
extern void respond_wait_form(const Wait *wait, int64 key_hash, Datum *values, bool *nulls);
extern void respond_heard_form(const HeardEvent *heard, Datum *values, bool *nulls);

#endif							/* RESPOND_WAIT_ROW_H */
