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

/* The readers of timers tell which time it is for them. */
extern void respond_time_guard_note(TimestampTz now);

/* From when on timers fire; in the past unless time is behind. */
extern TimestampTz respond_time_guard_thaw(void);

#endif							/* RESPOND_TIME_GUARD_H */
