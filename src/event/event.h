/*-------------------------------------------------------------------------
 * event.h
 *	  An event as the workers see it.
 *
 * src/event/event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_H
#define RESPOND_EVENT_H

#include "access/transam.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/*
 * One row of respond.event.  Texts are in the database's encoding with a NUL
 * behind them, and NULL where the column is; everything lives in the memory
 * context that the reader was given.
 */
typedef struct Event
{
	int64		id;
	FullTransactionId xid;		/* top-level transaction that recorded it */
	int64		incarnation;	/* of the database that recorded it */
	const char *type;
	const char *source;
	const char *subject;
	const char *key;
	const char *actor;
	TimestampTz time;
	TimestampTz recorded_at;
	bool		has_cause;
	int64		cause;
	int32		depth;
	Jsonb	   *data;			/* detoasted; NULL when data_size is beyond the limit */
	int64		data_size;		/* bytes of data when not compressed */
	bool		data_is_long;	/* data_size is that of its text, which is beyond the limit */

	/* how it came to be handled, not columns */
	bool		replay;			/* played again by replay() */
	bool		is_heard;		/* runs that wait have heard it, or will hear it elsewhere */
	const char *only_rule;		/* apply this rule alone, NULL for all */
	Oid			only_owner;		/* if it is this role's, InvalidOid: anybody's */
	bool		forced;			/* apply only_rule without asking type, pattern, condition */
	int64		run_id;			/* number that the run shall have, 0 for a new one */
	struct AsideEntry *aside;	/* it was set aside and is tried again; NULL if not */
	Jsonb	   *begins_at;		/* place in the order of events at which its runs begin; NULL: where the
								 * dispatcher stands */
} Event;

#endif							/* RESPOND_EVENT_H */
