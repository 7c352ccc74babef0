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
	TimestampTz time;			/* 0: now() */
	Jsonb	   *data;			/* NULL: {} */
	int64		cause;			/* 0: none */
	int32		depth;
	int64		id;				/* out: given id; 0 when the key was known */
} NewEvent;

/*
 * Inserts the events into the right partition without a plan, and sees to it
 * that the commit wakes the dispatchers.  Checks what the table's constraint
 * checks (ERRCODE_RESPOND_INVALID_EVENT), but no privileges: capture() and
 * rules may record events whoever runs them.
 */
extern void respond_event_write(NewEvent *events, int count);

#endif							/* RESPOND_EVENT_WRITE_H */
