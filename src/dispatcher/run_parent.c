/*-------------------------------------------------------------------------
 * run_parent.c
 *	  The run that waits for the end of another.
 *
 * src/dispatcher/run_parent.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "dispatcher/run_parent.h"
#include "flow/run_peek.h"

static KeptPlan started_plan = {
	"SELECT r.started_at FROM respond.run AS r WHERE r.id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};

/* False when there is no such run. */
static bool
find_start(int64 id, TimestampTz *started_at)
{
	Datum		value = Int64GetDatum(id);
	bool		is_null;
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_newest(&started_plan, &value, NULL) > 0;
	if (found)
		*started_at = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}

/* The parent may have timed out, and wait for a run that it called since. */
static bool
waits_for(const RunUnderWay *parent, int64 child)
{
	FlowPause	pause;
	int64		called;

	respond_run_pause(parent->saved, &pause);
	called = respond_pause_called(&pause);
	return called == 0 || called == child;
}

void
respond_run_parent_find(const RunUnderWay *run, FlowRun *child)
{
	RunUnderWay *parent;
	TimestampTz started_at;

	respond_run_parent(run->saved, child);
	if (child->parent_id == run->parent_id)
		return;
	child->parent_id = 0;
	child->parent_pause = 0;
	if (run->parent_id == 0 || !find_start(run->parent_id, &started_at))
		return;
	parent = respond_run_find(run->parent_id, started_at);
	if (parent == NULL || !waits_for(parent, run->id))
		return;
	child->parent_id = parent->id;
	child->parent_started_at = parent->started_at;
}
