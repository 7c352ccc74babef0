/*-------------------------------------------------------------------------
 * schedule_keep.h
 *	  What the clock writes into the rows of schedules.
 *
 * src/schedule/schedule_keep.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEDULE_KEEP_H
#define RESPOND_SCHEDULE_KEEP_H

#include "schedule/schedule_event.h"

/*
 * In a transaction: the schedule has fired for this time, well or not, and fires
 * next at the one after it.  False when its row is locked, or was changed or
 * deleted by somebody.
 */
extern bool respond_schedule_keep_tick(Schedule *schedule, const Tick *tick, bool failed);

/*
 * The same: this process is about to run its query, or has not died of it.  A
 * row with tries, when a process begins, says how many have died of it.
 */
extern bool respond_schedule_keep_try(Schedule *schedule, bool begins);

/* In a transaction: whether its row is where it was, be it locked. */
extern bool respond_schedule_is_in_place(Schedule *schedule);

/* After the commit: the schedule in memory is as its row now. */
extern void respond_schedule_kept(Schedule *schedule);

#endif							/* RESPOND_SCHEDULE_KEEP_H */
