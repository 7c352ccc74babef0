/*-------------------------------------------------------------------------
 * schedule_tick.h
 *	  For which of its times a schedule fires now.
 *
 * src/schedule/schedule_tick.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_TICK_H
#define RESPOND_SCHEDULE_TICK_H

#include "schedule/schedule_event.h"

/* To be called whenever the clock looks at schedules, with the time that it is. */
extern void respond_schedule_note_time(TimestampTz now);

/* The workers rest: times that pass until the next call of note_time are missed. */
extern void respond_schedule_note_pause(void);

/* For a schedule that is due. */
extern void respond_schedule_tick(Schedule *schedule, TimestampTz now, Tick *tick);

#endif							/* RESPOND_SCHEDULE_TICK_H */
