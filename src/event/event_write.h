/*-------------------------------------------------------------------------
 * event_write.h
 *	  Recording events from C, as many at once as the caller has.
 *
 * src/event/event_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_WRITE_H
#define RESPOND_EVENT_WRITE_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/* What to record; strings NULL-able where the column is.  See respond.event. */
typedef struct NewEvent
{
	const char *type;
	const char *source;			/* NULL: the default */
	const char *subject;
	const char *key;			/* a known (source, key) is not recorded again */
	const char *actor;			/* NULL: that of the context */
	Oid			producer;		/* whose key it is; InvalidOid: that of the current user */
	TimestampTz time;			/* 0: now() */
	Jsonb	   *data;			/* NULL: {} */
	int64		cause;			/* 0: none */
	int32		depth;
	int64		id;				/* out: given id; 0 when the key was known */
	int64		known_id;		/* out: when the key was known, the event that has it */
} NewEvent;

/*
 * Inserts the events into the right partition without a plan, and sees to it
 * that the commit wakes the dispatchers.  Checks what the table's constraint
 * checks (ERRCODE_RESPOND_INVALID_EVENT), but no privileges: capture() and
 * rules may record events whoever runs them.  ids grow in the order of the
 * array.  An event with a key may have to wait for another transaction, see
 * event_key.h.
 *
 * Needs a transaction that may write; runs no code of users.
 */
extern void respond_event_write(NewEvent *events, int count);

/* Sets cause and depth to those of the context (event_context.h). */
extern void respond_event_write_set_cause(NewEvent *event);

/* OID of respond.event; an error when it does not exist. */
extern Oid	respond_event_write_table(void);

/* OID of the sequence of its ids. */
extern Oid	respond_event_write_sequence(void);

#endif							/* RESPOND_EVENT_WRITE_H */
