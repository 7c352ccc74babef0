/*-------------------------------------------------------------------------
 * schedule_fire.h
 *	  Duty of the clock: events are recorded at the times of schedules.
 *
 * src/schedule/schedule_fire.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_FIRE_H
#define RESPOND_SCHEDULE_FIRE_H

#include "datatype/timestamp.h"

/* Fires what is due, and says when to be called again: at the latest then, and when schedules have changed. */
extern TimestampTz respond_schedules_fire(TimestampTz now);

/* Whether schedules or the time have been changed since. */
extern bool respond_schedules_have_news(void);

/* Times that pass from now to the next call are missed: the workers rest. */
extern void respond_schedules_pause(void);

#endif							/* RESPOND_SCHEDULE_FIRE_H */
