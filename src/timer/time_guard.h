/*-------------------------------------------------------------------------
 * time_guard.h
 *	  Time that goes back: timers wait until it has caught up.
 *
 * src/timer/time_guard.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIME_GUARD_H
#define RESPOND_TIME_GUARD_H

#include "datatype/timestamp.h"

/* Time may go back by so much before timers wait for it; in us. */
#define TIME_GUARD_TOLERANCE	(5 * USECS_PER_SEC)

/* Whether timers rest at this time.  It becomes the latest one that was seen, if it is. */
extern bool respond_time_guard_rests(TimestampTz now);

/* From when on timers fire; in the past unless time is behind. */
extern TimestampTz respond_time_guard_thaw(void);

/* The latest time that was seen, DT_NOBEGIN: none yet. */
extern TimestampTz respond_time_guard_seen(void);
extern void respond_time_guard_see(TimestampTz time);

#endif							/* RESPOND_TIME_GUARD_H */
