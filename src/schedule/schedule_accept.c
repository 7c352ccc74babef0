/*-------------------------------------------------------------------------
 * schedule_accept.c
 *	  The times of schedules when an earlier time was accepted as right.
 *
 * They were reckoned with a later one, which may have been years ahead.  A
 * schedule whose times cannot be read any more, because the server lost its zone
 * for example, must not keep the others from theirs.
 *
 * src/schedule/schedule_accept.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/zone_read.h"
#include "schedule/cron_server.h"
#include "schedule/schedule_validate.h"
#include "schedule/schedule_wake.h"

PG_FUNCTION_INFO_V1(respond_accept_schedules);

static KeptPlan list_plan = {
	"SELECT s.name, s.cron, s.timezone FROM respond.schedule AS s"
	" WHERE s.enabled AND s.next_at OPERATOR(pg_catalog.>) $1",
	1, {TIMESTAMPTZOID}
};
static KeptPlan move_plan = {
	"UPDATE respond.schedule AS s SET next_at = $2"
	" WHERE s.name OPERATOR(pg_catalog.=) $1 AND s.next_at OPERATOR(pg_catalog.>) $2",
	2, {TEXTOID, TIMESTAMPTZOID}
};

static void
leave(const char *name)
{
	ereport(WARNING,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("schedule \"%s\" keeps its next time: its cron or its timezone cannot be read", name),
			 errhint("Give it others: UPDATE respond.schedule SET cron = ..., timezone = ...")));
}

static void
move(const char *name, const char *cron, const char *timezone, TimestampTz now)
{
	pg_tz	   *zone = respond_zone_find(timezone);
	Cron		times;
	CronError	error;
	TimestampTz next;
	Datum		values[2] = {CStringGetTextDatum(name)};

	if (zone == NULL || !respond_cron_parse(cron, strlen(cron), &times, &error))
		leave(name);
	else if (respond_cron_next_time(&times, zone, now, &next))
	{
		values[1] = TimestampTzGetDatum(next);
		(void) respond_kept_plan_run_as_owner(&move_plan, values, NULL);
	}
}

static void
move_all(void)
{
	TimestampTz now = respond_clock_now();
	Datum		values[1] = {TimestampTzGetDatum(now)};
	uint64		count = respond_kept_plan_run_as_owner(&list_plan, values, NULL);
	SPITupleTable *rows = SPI_tuptable;

	for (uint64 i = 0; i < count; i++)
		move(SPI_getvalue(rows->vals[i], rows->tupdesc, 1), SPI_getvalue(rows->vals[i], rows->tupdesc, 2),
			 SPI_getvalue(rows->vals[i], rows->tupdesc, 3), now);
}

/* accept_schedules() → void: for accept_clock() */
Datum
respond_accept_schedules(PG_FUNCTION_ARGS)
{
	bool		before = respond_schedule_set_keeping(true);

	PG_TRY();
	{
		SPI_connect();
		move_all();
		SPI_finish();
	}
	PG_FINALLY();
	{
		(void) respond_schedule_set_keeping(before);
	}
	PG_END_TRY();
	respond_schedule_announce();
	PG_RETURN_VOID();
}
