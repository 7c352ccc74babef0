/*-------------------------------------------------------------------------
 * requeue.h
 *	  Events that wait outside of the order of the log.
 *
 * src/dispatcher/requeue.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEUE_H
#define RESPOND_REQUEUE_H

#include "nodes/pg_list.h"

#include "common/shape.h"

extern const Shape respond_shape_requeue;

/*
 * take removes up to limit of them, or fewer if their data is large, and
 * returns them, oldest first, as a list of Event; those whose row in the log
 * is gone are dropped.  wakes: what respond_wake_count() gave before the
 * active snapshot was taken.
 */
extern List *respond_requeue_take(int limit, uint64 wakes);

/* What was taken is there again: the transaction was rolled back. */
extern void respond_requeue_forget(void);

/* In how many ms take has to be called although nobody wakes the dispatcher; -1 if it need not. */
extern long respond_requeue_due(uint64 wakes);

#endif							/* RESPOND_REQUEUE_H */
