/*-------------------------------------------------------------------------
 * ticks.h
 *	  Times of a cron expression that were missed; builds without a server.
 *
 * src/schedule/ticks.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TICKS_H
#define RESPOND_TICKS_H

#include "schedule/cron.h"

/* More are not counted. */
#define TICKS_MOST		100000

typedef struct Ticks
{
	int64_t		count;			/* of the times, TICKS_MOST if there are more */
	int64_t		kept;			/* the first of those to keep */
	int64_t		dropped;		/* how many come before it; with more than TICKS_MOST, at least */
} Ticks;

/*
 * Looks at the times from first on, which is one of them, and before until.
 * The last ones are kept, at most keep, which is 1 or more.
 */
extern void respond_ticks_missed(const Cron *cron, const Zone *zone, int64_t first, int64_t until, int64_t keep,
								 Ticks *ticks);

#endif							/* RESPOND_TICKS_H */
