/*-------------------------------------------------------------------------
 * inbound_take.h
 *	  Requests below /in/ and /v2/enqueue: taken, and recorded as events.
 *
 * src/inbound/inbound_take.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_TAKE_H
#define RESPOND_INBOUND_TAKE_H

#include "companion/web_answer.h"

/*
 * Answers all requests of a turn, which share one transaction; what is at
 * fault in one of them costs that one alone.  Called outside of a transaction, in a
 * memory context that the caller resets.  No answer is NULL.  One that says that
 * something was taken is given when it is on disk, here and on a synchronous
 * standby where one is set.
 */
extern void respond_inbound_take(Arena *arena, const WebRequest **requests, int count, WebAnswer **answers);

/* How large the body of a request may be whose path is this one. */
typedef struct InboundLimit
{
	const char *path;			/* "/in/github" */
	size_t		bytes;
} InboundLimit;

/*
 * Those of all sources, palloc'd in the current memory context; runs its own
 * transaction.
 */
extern InboundLimit *respond_inbound_limits(int *count);

/* Whether they may have changed since they were asked for last, as far as this process has heard. */
extern bool respond_inbound_limits_changed(void);

#endif							/* RESPOND_INBOUND_TAKE_H */
