/*-------------------------------------------------------------------------
 * time_keep.h
 *	  What the readers of timers know outlives the server.
 *
 * src/upkeep/time_keep.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIME_KEEP_H
#define RESPOND_TIME_KEEP_H

#include "datatype/timestamp.h"

/* Brings what was kept into shared memory, in a transaction of its own. */
extern void respond_time_keep_restore(void);

/* Duty of the clock: writes it down while timers wait. */
extern TimestampTz respond_time_keep(TimestampTz now);

#endif							/* RESPOND_TIME_KEEP_H */
