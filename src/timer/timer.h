/*-------------------------------------------------------------------------
 * timer.h
 *	  Timers: what is to be done at a time.
 *
 * A timer is a row of respond_internal.timer.  It belongs to one reader, the
 * process that acts on it when it is due: the first lane of the dispatchers, or
 * the clock.  Anybody may arm and disarm timers of either.
 *
 * A timer is a reminder, and no more: whoever takes it looks at the run or
 * schedule that it stands for, whether that still waits for it.  A dump that is
 * restored a second time brings timers back that have fired.
 *
 * src/timer/timer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_H
#define RESPOND_TIMER_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum TimerReader
{
	TIMER_FLOW,					/* the first lane of the dispatchers */
	TIMER_CLOCK					/* the clock */
} TimerReader;

typedef struct Timer
{
	int64		id;				/* 0 for respond_timer_arm(): a new one */
	TimestampTz due_at;			/* by respond_clock_now(); finite */
	TimerReader reader;
	const char *kind;
	int64		run_id;			/* 0: it is about no run */
	TimestampTz run_started_at; /* with run_id: in which partition the run is */
	const char *name;			/* may be NULL */
	Jsonb	   *data;			/* may be NULL; nobody but workers reads it */
} Timer;

/*
 * Arms a timer and returns its id.  It is copied into a buffer, which
 * respond_timers_flush() writes: whoever is not in a batch of effects calls that
 * before the transaction ends.  The commit wakes the reader if the timer
 * changes how long it may sleep.
 */
extern int64 respond_timer_arm(const Timer *timer);

/*
 * Disarms a timer, in the buffer too; its row is deleted by respond_timers_flush().
 * Nothing happens if it is not there any more.
 */
extern void respond_timer_disarm(TimerReader reader, TimestampTz due_at, int64 id);

/* Writes what was armed and disarmed. */
extern void respond_timers_flush(void);

/* Forgets what was armed and disarmed, and not written. */
extern void respond_timers_discard(void);

/*
 * For the reader alone, between respond_worker_begin() and the commit, with an
 * active snapshot.
 *
 * due returns timers that are due at a time, now or before, a list of Timer, in the
 * order of due_at and id.  It gives the same ones again until they are finished: limit is for
 * those that can be finished now.  None are due while time is behind (time_guard.h).
 * A timer whose deletion somebody has not committed yet is left out, and looked at
 * again soon.  Few may be returned, or none, because a lot was to be read over;
 * respond_timer_next() then says so.
 *
 * finish deletes them; it returns those that were not disarmed meanwhile.
 */
extern List *respond_timers_due(TimerReader reader, TimestampTz until, int limit);
extern List *respond_timers_finish(const List *timers);

/*
 * For the reader: when respond_timers_due() is to be called again, as far as is
 * known without looking; DT_NOEND: nothing waits; DT_NOBEGIN: at once.  Needs no
 * transaction.  A time that has passed stays until its timer is finished.
 */
extern TimestampTz respond_timer_next(TimerReader reader);

/* At load. */
extern void respond_timer_initialize(void);

#endif							/* RESPOND_TIMER_H */
