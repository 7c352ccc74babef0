/*-------------------------------------------------------------------------
 * dead_event.h
 *	  Events that are given up, and those that may have killed a process.
 *
 * src/dispatcher/dead_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DEAD_EVENT_H
#define RESPOND_DEAD_EVENT_H

#include "event/event.h"

/*
 * Gives an event up: a row of respond_internal.dead_event, in this transaction.
 * sqlerrcode: that of an error whose message is not for everybody, else 0.
 */
extern void respond_dead_event(const Event *event, const char *rule,
							   const char *reason, const char *error, int sqlerrcode);

/*
 * Markers of events that may have killed a process, each in a transaction of
 * its own that is flushed when the call returns.  raise counts one more try and
 * returns the number of tries so far, this one included.
 */
extern int	respond_suspect_raise(int64 id);
/* In the current transaction: the event turned out to be harmless or was given up. */
extern void respond_suspect_clear(int64 id);
/* The marker of a dispatcher's first batch, in the same table. */
extern int64 respond_suspect_lane(int lanes, int lane);
/* The same of a run that continues. */
extern int64 respond_suspect_run(int64 run_id);


#endif							/* RESPOND_DEAD_EVENT_H */
