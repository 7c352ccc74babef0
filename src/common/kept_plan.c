/*-------------------------------------------------------------------------
 * kept_plan.c
 *	  Statements of our own that are prepared once and run often.
 *
 * They run in workers and, from triggers and functions, in anybody's session,
 * always through the door (see door.c).  The door's search_path is in force
 * when a plan is made and whenever it is made anew, so a plan that is kept
 * for the life of a session never means something else than its text says.
 *
 * src/common/kept_plan.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/snapmgr.h"

#include "common/door.h"
#include "common/kept_plan.h"

static void
prepare(KeptPlan *kept)
{
	SPIPlanPtr	plan = SPI_prepare(kept->sql, kept->count, kept->types);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", kept->sql, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", kept->sql);
	kept->plan = plan;
}

/* What a statement sees. */
typedef enum KeptPlanView
{
	VIEW_CURRENT,				/* what the transaction has done so far */
	VIEW_NEWEST,				/* and what others have committed */
	VIEW_ACTIVE					/* what the active snapshot sees; it only reads */
} KeptPlanView;

/*
 * Under REPEATABLE READ a statement sees what was there when the transaction
 * began.  What stands in for a foreign key or a unique index must not.
 */
static int
execute(KeptPlan *kept, Datum *values, const char *nulls, KeptPlanView view)
{
	if (view == VIEW_ACTIVE)
		return SPI_execute_plan(kept->plan, values, nulls, true, 0);
	if (view != VIEW_NEWEST || !IsolationUsesXactSnapshot())
		return SPI_execute_plan(kept->plan, values, nulls, false, 0);
	CommandCounterIncrement();
	return SPI_execute_snapshot(kept->plan, values, nulls, GetLatestSnapshot(), InvalidSnapshot, false, false, 0);
}

static uint64
run(KeptPlan *kept, Datum *values, const char *nulls, int flags, KeptPlanView view)
{
	Door		door;
	int			result;

	respond_door_enter(&door, flags);
	if (kept->plan == NULL)
		prepare(kept);
	result = execute(kept, values, nulls, view);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", kept->sql, SPI_result_code_string(result));
	respond_door_leave(&door);
	return SPI_processed;
}

uint64
respond_kept_plan_run(KeptPlan *kept, Datum *values, const char *nulls)
{
	return run(kept, values, nulls, DOOR_AS_CALLER, VIEW_CURRENT);
}

uint64
respond_kept_plan_run_as_owner(KeptPlan *kept, Datum *values, const char *nulls)
{
	return run(kept, values, nulls, DOOR_AS_OWNER, VIEW_CURRENT);
}

uint64
respond_kept_plan_run_newest(KeptPlan *kept, Datum *values, const char *nulls)
{
	return run(kept, values, nulls, DOOR_AS_OWNER, VIEW_NEWEST);
}

uint64
respond_kept_plan_run_stable(KeptPlan *kept, Datum *values, const char *nulls)
{
	return run(kept, values, nulls, DOOR_AS_OWNER, VIEW_ACTIVE);
}

bool
respond_kept_plan_int64(KeptPlan *kept, Datum *values, int64 *result)
{
	bool		found;
	bool		is_null;

	SPI_connect();
	found = respond_kept_plan_run(kept, values, NULL) > 0;
	if (found)
		*result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}
