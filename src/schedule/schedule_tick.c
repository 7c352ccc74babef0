/*-------------------------------------------------------------------------
 * schedule_tick.c
 *	  For which of its times a schedule fires now.
 *
 * A time is missed if it passed while nobody was there to fire it: the server was
 * down, the workers rested, the machine slept, or its clock was set ahead.  What
 * becomes of missed times, the schedule says.  Each other time fires, also when
 * something that took long made it late.
 *
 * src/schedule/schedule_tick.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#include "schedule/schedule_tick.h"

/* Later than this, in any case, it was missed. */
#define LATEST_MS		60000

/* How much further time may go than a clock that nobody sets. */
#define JUMP_MS			1000

static bool awake = false;
static TimestampTz awake_since; /* times before this were missed */
static TimestampTz last_look;
static instr_time last_look_steady;

void
respond_schedule_note_time(TimestampTz now)
{
	instr_time	steady;
	instr_time	passed;

	INSTR_TIME_SET_CURRENT(steady);
	passed = steady;
	INSTR_TIME_SUBTRACT(passed, last_look_steady);
	if (!awake || now - last_look > (TimestampTz) INSTR_TIME_GET_MICROSEC(passed) + JUMP_MS * INT64CONST(1000))
		awake_since = now;
	/* time that went back has missed nothing that is still to come */
	awake_since = Min(awake_since, now);
	awake = true;
	last_look = now;
	last_look_steady = steady;
}

void
respond_schedule_note_pause(void)
{
	awake = false;
}

static TimestampTz
next_after(const Schedule *schedule, TimestampTz after)
{
	TimestampTz next;

	return respond_cron_next_time(&schedule->cron, schedule->zone, after, &next) ? next : DT_NOEND;
}

/* Whether it is one of those that a count of the times before until has kept. */
static bool
is_kept(const Schedule *schedule, TimestampTz until)
{
	return schedule->kept_until == until && schedule->row.next_at >= schedule->kept_from;
}

/*
 * The last ones that are kept fire one after the other; the first of them stands
 * for those before it.  A count goes over all of them, so it is remembered.  An
 * attempt that failed has not come to those that it kept: it counts again.
 */
static void
choose_missed(Schedule *schedule, TimestampTz until, Tick *tick)
{
	const ScheduleRow *row = &schedule->row;
	bool		once = strcmp(row->catch_up, "once") == 0;
	Ticks		ticks;

	tick->missed = 1;
	if (is_kept(schedule, until))
		return;
	tick->at = respond_cron_missed(&schedule->cron, schedule->zone, row->next_at, until, once ? 1 : row->max_catch_up,
								   &ticks);
	tick->missed = 1 + ticks.dropped;
	schedule->kept_from = tick->at;
	schedule->kept_until = until;
}

void
respond_schedule_tick(Schedule *schedule, TimestampTz now, Tick *tick)
{
	TimestampTz missed_before = Max(awake_since, TimestampTzPlusMilliseconds(now, -LATEST_MS));

	tick->at = schedule->row.next_at;
	tick->missed = 0;
	if (tick->at >= missed_before)
		tick->next = next_after(schedule, tick->at);
	else if (strcmp(schedule->row.catch_up, "none") == 0)
	{
		tick->at = DT_NOBEGIN;
		tick->next = next_after(schedule, missed_before - 1);
	}
	else
	{
		choose_missed(schedule, missed_before, tick);
		tick->next = next_after(schedule, tick->at);
	}
}
