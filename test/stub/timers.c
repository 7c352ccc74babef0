/*
 * timers.c: a session that acts as a reader of timers.
 *
 * A library for tests.  It calls functions of pg_respond, which the server has
 * loaded; a session becomes the reader by taking the place of a worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "common/clock.h"
#include "common/guc.h"
#include "timer/timer.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(act_as_reader);
PG_FUNCTION_INFO_V1(arm);
PG_FUNCTION_INFO_V1(disarm);
PG_FUNCTION_INFO_V1(due);
PG_FUNCTION_INFO_V1(finish);
PG_FUNCTION_INFO_V1(next_due);
PG_FUNCTION_INFO_V1(flush);
PG_FUNCTION_INFO_V1(time_now);

/* act_as_reader(reader integer): 0 the first dispatcher, 1 the clock, 2 nobody */
Datum
act_as_reader(PG_FUNCTION_ARGS)
{
	static WorkerSlot slot;
	int			reader = PG_GETARG_INT32(0);

	slot.kind = reader == TIMER_CLOCK ? WORKER_CLOCK : WORKER_DISPATCHER;
	slot.lane = 0;
	respond_worker_slot = reader == 2 ? NULL : &slot;
	PG_RETURN_VOID();
}

/* arm(reader integer, due_at timestamptz, name text, flush boolean) → id */
Datum
arm(PG_FUNCTION_ARGS)
{
	Timer		timer = {0};
	int64		id;

	timer.reader = PG_GETARG_INT32(0);
	timer.due_at = PG_GETARG_TIMESTAMPTZ(1);
	timer.kind = "test";
	timer.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	id = respond_timer_arm(&timer);
	if (PG_GETARG_BOOL(3))
		respond_timers_flush();
	PG_RETURN_INT64(id);
}

Datum
flush(PG_FUNCTION_ARGS)
{
	respond_timers_flush();
	PG_RETURN_VOID();
}

/* disarm(reader integer, due_at timestamptz, id bigint, flush boolean) */
Datum
disarm(PG_FUNCTION_ARGS)
{
	respond_timer_disarm(PG_GETARG_INT32(0), PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_INT64(2));
	if (PG_GETARG_BOOL(3))
		respond_timers_flush();
	PG_RETURN_VOID();
}

/* due(reader integer, now timestamptz, "limit" integer, until timestamptz) → rows of id, due_at, name; the time is moved to now */
Datum
due(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *timers;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	respond_clock_offset = (PG_GETARG_TIMESTAMPTZ(1) - GetCurrentTimestamp()) / 1000.0;
	timers = respond_timers_due(PG_GETARG_INT32(0), PG_GETARG_TIMESTAMPTZ(PG_ARGISNULL(3) ? 1 : 3), PG_GETARG_INT32(2));
	foreach(cell, timers)
	{
		Timer	   *timer = lfirst(cell);
		Datum		values[3] = {Int64GetDatum(timer->id), TimestampTzGetDatum(timer->due_at), CStringGetTextDatum(timer->name)};
		bool		nulls[3] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* finish(reader integer, due_at timestamptz, id bigint) → whether it was there */
Datum
finish(PG_FUNCTION_ARGS)
{
	Timer		timer = {0};

	timer.reader = PG_GETARG_INT32(0);
	timer.due_at = PG_GETARG_TIMESTAMPTZ(1);
	timer.id = PG_GETARG_INT64(2);
	PG_RETURN_BOOL(respond_timers_finish(list_make1(&timer)) != NIL);
}

/* next_due(reader integer) → timestamptz; -infinity: at once */
Datum
next_due(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(respond_timer_next(PG_GETARG_INT32(0)));
}

Datum
time_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(respond_clock_now());
}
