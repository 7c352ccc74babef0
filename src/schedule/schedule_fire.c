/*-------------------------------------------------------------------------
 * schedule_fire.c
 *	  Duty of the clock: events are recorded at the times of schedules.
 *
 * The events and the schedule's next time are written in one transaction, so a
 * time fires once, whenever the server is killed.
 *
 * They take turns: in a turn each that is due fires for one of its times, in the
 * order in which they are due.  So one that catches up thousands of times makes
 * others late by a time of each.
 *
 * Schedules without a query come first; after a few of them, and one query, the
 * clock looks at the time again.  So a slow query makes others late by its own time at most.  An
 * error that may pass is tried again for a while; any other is a failed run, an
 * event run.failed, and the schedule goes on at its next time.  A query that
 * this process died of twice is not run a third time.
 *
 * src/schedule/schedule_fire.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/guc.h"
#include "effect/effects.h"
#include "flow/flow_start.h"
#include "rule/rule_owner.h"
#include "rule/rule_row.h"
#include "schedule/schedule_fire.h"
#include "schedule/schedule_keep.h"
#include "schedule/schedule_tick.h"
#include "timer/time_guard.h"
#include "worker/back_off.h"
#include "worker/worker.h"

#define LONGEST_REST_MS		3600000

/* Times of schedules without a query that are fired before the clock looks at the time, and at its other duties. */
#define MOST_AT_ONCE		100

/* A row that somebody holds, or has changed, is tried again after this time. */
#define BUSY_MS				50

/* So often in a row nobody changes a schedule but its own query. */
#define MOST_MOVES			10

#define FIRST_RETRY_MS		1000
#define LONGEST_RETRY_MS	10000
#define MOST_ATTEMPTS		8

/* Deaths of this process over one query. */
#define MOST_TRIES			2

static void
begin(void)
{
	respond_worker_begin();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(Schedule *schedule)
{
	SPI_finish();
	PopActiveSnapshot();
	respond_worker_commit();
	respond_schedule_kept(schedule);
}

/* Somebody holds the row, or has changed it: then it is elsewhere, and the schedule maybe another. */
static void
give_way(Schedule *schedule)
{
	if (!respond_schedule_is_in_place(schedule))
	{
		respond_schedules_forget();
		if (++schedule->moves >= MOST_MOVES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the row of the schedule changes whenever its query runs")));
	}
	SPI_finish();
	PopActiveSnapshot();
	AbortCurrentTransaction();
	schedule->retry_at = TimestampTzPlusMilliseconds(respond_clock_now(), BUSY_MS);
}

/* Says in the row that a query is about to be run; false when it is not to be. */
static bool
announce(Schedule *schedule)
{
	if (schedule->row.query == NULL || schedule->announced)
		return true;
	begin();
	if (!respond_schedule_keep_try(schedule, true))
	{
		give_way(schedule);
		return false;
	}
	commit(schedule);
	schedule->announced = true;
	return true;
}

/* Nobody has died of the query: others may be what the process dies of before it is tried again. */
static void
withdraw(Schedule *schedule, const Tick *tick, const ErrorData *error)
{
	begin();
	if (respond_schedule_keep_try(schedule, false))
	{
		commit(schedule);
		schedule->announced = false;
	}
	else
		give_way(schedule);
}

static void
require_whole(const Schedule *schedule, Oid owner)
{
	if (schedule->fault != NULL)
		ereport(ERROR, (errcode(ERRCODE_RESPOND_INVALID_RULE), errmsg("%s", schedule->fault)));
	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s", respond_rule_owner_fault(&schedule->row.owner))));
	if (!schedule->announced && schedule->row.query != NULL && schedule->row.tries >= MOST_TRIES)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("query: the process that ran it died %d times", schedule->row.tries)));
}

static bool
record_events(Schedule *schedule, const Tick *tick)
{
	Oid			owner = respond_rule_owner(&schedule->row.owner);
	TickEvents	events = {NULL, 0};

	require_whole(schedule, owner);
	if (tick->at != DT_NOBEGIN)
		respond_schedule_events(schedule, tick, owner, &events);
	if (!respond_schedule_keep_tick(schedule, tick, false))
		return false;
	if (events.count > 0)
		respond_event_write(events.events, events.count);
	return true;
}

static void
fire(Schedule *schedule, const Tick *tick)
{
	begin();
	if (record_events(schedule, tick))
		commit(schedule);
	else
		give_way(schedule);
}

static void
record_failure(Schedule *schedule, const Tick *tick, const ErrorData *error)
{
	FlowRun		run = {.rule = psprintf(RULE_OF_SCHEDULE "%s", schedule->row.name)};

	begin();
	run.owner = respond_rule_owner(&schedule->row.owner);
	if (!respond_schedule_keep_tick(schedule, tick, true))
	{
		give_way(schedule);
		return;
	}
	respond_effects_begin();
	respond_flow_record_failure(&run, error->message, schedule->row.query != NULL ? "query" : "schedule",
								schedule->fault == NULL ? error->sqlerrcode : 0);
	respond_effects_flush();
	commit(schedule);
}

/* The log tells of the first failure in a row. */
static void
wait_for_retry(Schedule *schedule, const ErrorData *error)
{
	if (schedule->attempts == 0)
		ereport(LOG,
				(errcode(error->sqlerrcode),
				 errmsg("pg_respond could not fire schedule \"%s\": %s", schedule->row.name, error->message),
				 errdetail("This is retried.")));
	schedule->retry_at = TimestampTzPlusMilliseconds(respond_clock_now(),
													 respond_back_off(FIRST_RETRY_MS, LONGEST_RETRY_MS,
																	  schedule->attempts));
	schedule->attempts++;
}

/* Calls a function; what it raises is given back, in the given context, after the transaction was rolled back. */
static ErrorData *
attempt(void (*function) (Schedule *schedule, const Tick *tick, const ErrorData *error), Schedule *schedule,
		const Tick *tick, const ErrorData *error, MemoryContext context)
{
	ErrorData  *volatile raised = NULL;

	PG_TRY();
	{
		function(schedule, tick, error);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		HOLD_INTERRUPTS();
		raised = CopyErrorData();
		AbortCurrentTransaction();
		FlushErrorState();
		MemoryContextSwitchTo(context);
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return raised;
}

static void
try_to_fire(Schedule *schedule, const Tick *tick, const ErrorData *error)
{
	if (schedule->fault == NULL && schedule->row.tries < MOST_TRIES && !announce(schedule))
		return;
	fire(schedule, tick);
}

static bool
may_pass(const Schedule *schedule, const ErrorData *error)
{
	return respond_error_is_transient(error->sqlerrcode) &&
		(schedule->attempts < MOST_ATTEMPTS || !respond_error_may_last(error->sqlerrcode));
}

/* Without its times there is nothing to go on to. */
static void
find_tick(Schedule *schedule, TimestampTz now, Tick *tick)
{
	if (schedule->fault == NULL)
		respond_schedule_tick(schedule, now, tick);
	else
	{
		tick->at = schedule->row.next_at;
		tick->missed = 0;
		tick->next = DT_NOEND;
	}
}

static void
fire_due(Schedule *schedule, TimestampTz now)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond tick", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	ErrorData  *error;
	Tick		tick;

	pgstat_report_activity(STATE_RUNNING, "record the events of schedules");
	find_tick(schedule, now, &tick);
	error = attempt(try_to_fire, schedule, &tick, NULL, context);
	if (error != NULL && !may_pass(schedule, error))
		error = attempt(record_failure, schedule, &tick, error, context);
	if (error != NULL)
		wait_for_retry(schedule, error);
	if (schedule->announced)
		(void) attempt(withdraw, schedule, &tick, NULL, context);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* When it is to be looked at. */
static TimestampTz
due_at(const Schedule *schedule)
{
	return Max(schedule->row.next_at, schedule->retry_at);
}

/* The turns of schedules without a query, and of those with one. */
static uint64 turns[2] = {1, 1};

/* The one that is due first, of those that did not have this turn yet; NULL when there is none. */
static Schedule *
find_first(List *schedules, bool with_query, TimestampTz now)
{
	Schedule   *first = NULL;
	ListCell   *cell;

	foreach(cell, schedules)
	{
		Schedule   *schedule = lfirst(cell);

		if ((schedule->row.query != NULL) == with_query && schedule->turn != turns[with_query] &&
			due_at(schedule) <= now && (first == NULL || due_at(schedule) < due_at(first)))
			first = schedule;
	}
	return first;
}

/* The one whose turn it is; NULL when none is due. */
static Schedule *
find_due(List *schedules, bool with_query, TimestampTz now)
{
	Schedule   *found = find_first(schedules, with_query, now);

	if (found == NULL)
	{
		turns[with_query]++;
		found = find_first(schedules, with_query, now);
	}
	if (found != NULL)
		found->turn = turns[with_query];
	return found;
}

static TimestampTz
next_due(List *schedules, TimestampTz now)
{
	TimestampTz next = TimestampTzPlusMilliseconds(now, LONGEST_REST_MS);
	ListCell   *cell;

	foreach(cell, schedules)
		next = Min(next, due_at(lfirst(cell)));
	return next;
}

/* The time of schedules may be another than that of the server, by which the clock sleeps. */
static double seen_offset;

/* Fires what is due, and says when the next one is. */
static TimestampTz
fire_all(List *schedules, TimestampTz now)
{
	Schedule   *schedule;

	for (int fired = 0; fired < MOST_AT_ONCE && (schedule = find_due(schedules, false, now)) != NULL; fired++)
	{
		CHECK_FOR_INTERRUPTS();
		fire_due(schedule, now);
	}
	if ((schedule = find_due(schedules, true, now)) != NULL)
		fire_due(schedule, now);
	return next_due(schedules, now);
}

TimestampTz
respond_schedules_fire(TimestampTz now)
{
	List	   *schedules = respond_schedules_current();
	TimestampTz time = respond_clock_now();
	TimestampTz next;

	seen_offset = respond_clock_offset;
	respond_schedule_note_time(time);
	next = respond_time_guard_rests(time) ? respond_time_guard_thaw() : fire_all(schedules, time);
	return next - (time - now);
}

bool
respond_schedules_have_news(void)
{
	return respond_schedules_have_changed() || seen_offset != respond_clock_offset;
}

void
respond_schedules_pause(void)
{
	respond_schedule_note_pause();
}
