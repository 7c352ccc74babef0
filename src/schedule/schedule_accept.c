/*-------------------------------------------------------------------------
 * schedule_accept.c
 *	  The times of schedules when an earlier time was accepted as right.
 *
 * They were reckoned with a later one, which may have been years ahead.
 *
 * src/schedule/schedule_accept.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"

#include "common/kept_plan.h"
#include "schedule/schedule_validate.h"
#include "schedule/schedule_wake.h"

PG_FUNCTION_INFO_V1(respond_accept_schedules);

static KeptPlan reckon_plan = {
	"UPDATE respond.schedule AS s SET next_at = n.next_at"
	" FROM (SELECT t.name, respond.cron_next(t.cron, t.timezone, respond_internal.clock_start()) AS next_at"
	" FROM respond.schedule AS t WHERE t.enabled) AS n"
	" WHERE n.name OPERATOR(pg_catalog.=) s.name AND n.next_at OPERATOR(pg_catalog.<) s.next_at",
	0, {0}
};

/* accept_schedules() → void: for accept_clock() */
Datum
respond_accept_schedules(PG_FUNCTION_ARGS)
{
	bool		before = respond_schedule_set_keeping(true);

	PG_TRY();
	{
		SPI_connect();
		(void) respond_kept_plan_run_as_owner(&reckon_plan, NULL, NULL);
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
