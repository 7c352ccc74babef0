/*-------------------------------------------------------------------------
 * schedule_keep.c
 *	  What the clock writes into the rows of schedules.
 *
 * A row is reached by its place and not by its name: an index would have to be
 * searched through all that the row has ever been, if somebody holds an old
 * snapshot.  Nobody is waited for.
 *
 * src/schedule/schedule_keep.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "schedule/schedule_keep.h"
#include "schedule/schedule_validate.h"

static KeptPlan lock_plan = {
	"SELECT s.ctid FROM respond.schedule AS s WHERE s.ctid OPERATOR(pg_catalog.=) $1"
	" AND s.name OPERATOR(pg_catalog.=) $2 FOR UPDATE SKIP LOCKED",
	2, {TIDOID, TEXTOID}
};
static KeptPlan look_plan = {
	"SELECT s.ctid FROM respond.schedule AS s WHERE s.ctid OPERATOR(pg_catalog.=) $1"
	" AND s.name OPERATOR(pg_catalog.=) $2",
	2, {TIDOID, TEXTOID}
};
static KeptPlan update_plan = {
	"UPDATE respond.schedule AS s SET next_at = $2, last_at = $3, failures = $4, tries = $5"
	" WHERE s.ctid OPERATOR(pg_catalog.=) $1 RETURNING s.ctid",
	5, {TIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, INT4OID}
};

/* How the row of the current transaction will be. */
static ScheduleRow kept;
static ItemPointerData kept_tid;

static ItemPointer
first_tid(void)
{
	bool		is_null;

	return (ItemPointer) DatumGetPointer(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
}

/* When the row is locked, one that was changed meanwhile may be found as well, at its new place. */
static bool
is_found(KeptPlan *plan, Schedule *schedule)
{
	Datum		values[] = {PointerGetDatum(&schedule->tid), CStringGetTextDatum(schedule->row.name)};

	return respond_kept_plan_run(plan, values, NULL) == 1 && ItemPointerEquals(first_tid(), &schedule->tid);
}

bool
respond_schedule_is_in_place(Schedule *schedule)
{
	return is_found(&look_plan, schedule);
}

static void
update(Schedule *schedule)
{
	Datum		values[] = {
		PointerGetDatum(&schedule->tid), TimestampTzGetDatum(kept.next_at), TimestampTzGetDatum(kept.last_at),
		Int32GetDatum(kept.failures), Int32GetDatum(kept.tries)
	};
	char		nulls[] = {
		' ', kept.next_at == DT_NOEND ? 'n' : ' ', kept.last_at == DT_NOBEGIN ? 'n' : ' ', ' ', ' ', '\0'
	};

	if (respond_kept_plan_run(&update_plan, values, nulls) != 1)
		elog(ERROR, "schedule \"%s\" was not found where it was", schedule->row.name);
	kept_tid = *first_tid();
}

static bool
keep(Schedule *schedule)
{
	bool		before;

	if (!is_found(&lock_plan, schedule))
		return false;
	before = respond_schedule_set_keeping(true);
	PG_TRY();
	{
		update(schedule);
	}
	PG_FINALLY();
	{
		(void) respond_schedule_set_keeping(before);
	}
	PG_END_TRY();
	return true;
}

bool
respond_schedule_keep_tick(Schedule *schedule, const Tick *tick, bool failed)
{
	kept = schedule->row;
	kept.next_at = tick->next;
	if (tick->at != DT_NOBEGIN)
	{
		kept.last_at = tick->at;
		kept.failures = failed ? kept.failures + 1 : 0;
	}
	kept.tries = 0;
	return keep(schedule);
}

bool
respond_schedule_keep_try(Schedule *schedule, bool begins)
{
	kept = schedule->row;
	kept.tries += begins ? 1 : -1;
	return keep(schedule);
}

void
respond_schedule_kept(Schedule *schedule)
{
	if (kept.next_at != schedule->row.next_at)
	{
		schedule->attempts = schedule->moves = 0;
		schedule->retry_at = DT_NOBEGIN;
		schedule->announced = false;
	}
	schedule->row.next_at = kept.next_at;
	schedule->row.last_at = kept.last_at;
	schedule->row.failures = kept.failures;
	schedule->row.tries = kept.tries;
	schedule->tid = kept_tid;
}
