/*-------------------------------------------------------------------------
 * start_key.c
 *	  A rule is started by hand under a key: one run of it at a time.
 *
 * A run goes from the requeue to its row in one transaction of the dispatcher, perhaps
 * by way of what is set aside.  It is looked for in this order, each time with what was
 * committed until then, so it is not missed.
 *
 * src/dispatcher/start_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "common/kept_plan.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/start_key.h"
#include "effect/run_name.h"
#include "event/event_check.h"
#include "event/event_context.h"

static KeptPlan requeue_plan = {
	"SELECT q.run_id FROM respond_internal.requeue AS q WHERE q.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};
static KeptPlan aside_plan = {
	"SELECT s.run_id FROM respond_internal.set_aside_event AS s WHERE s.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};
static KeptPlan drop_plan = {
	"DELETE FROM respond_internal.requeue AS q WHERE q.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};

StartConflict
respond_start_conflict(const char *on_conflict)
{
	static const char *const words[] = {"return", "replace", "error"};

	for (int i = 0; i < lengthof(words); i++)
		if (strcmp(on_conflict, words[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("on_conflict: there is no \"%s\"", on_conflict),
			 errhint("It is \"return\", \"replace\" or \"error\".")));
}

void
respond_start_key_check(const char *key)
{
	if (key[0] == '\0' || strlen(key) > RESPOND_MAX_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key: %s", key[0] == '\0' ? "is empty" : "is too long"),
				 errhint("Leave it out to start a run without a key.")));
}

/* Whether the statement finds, or changes, a row. */
static bool
any_row(KeptPlan *plan, int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_newest(plan, &value, NULL) > 0;
	SPI_finish();
	return found;
}

/* The run, locked; NULL when it has no row, or has ended. */
static RunUnderWay *
take_run(int64 run_id)
{
	RunUnderWay *run = respond_run_hand_take(run_id, "start()");

	return run != NULL && respond_run_is_under_way(run) ? run : NULL;
}

static void
refuse(const char *rule, const char *key, int64 run_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("run " INT64_FORMAT " of rule \"%s\" has the key \"%s\" and is under way", run_id, rule, key)));
}

static void
cancel(const RunUnderWay *run)
{
	(void) respond_run_hand_allow(run, "replace", false);
	PushActiveSnapshot(GetLatestSnapshot());
	respond_run_cancel(run, psprintf("replaced by %s", respond_event_context_actor()));
	PopActiveSnapshot();
}

/* Makes room for another run under its key; what waits to be tried again cannot be taken back. */
static void
replace(const char *rule, const char *key, int64 run_id)
{
	RunUnderWay *run;

	if (any_row(&drop_plan, run_id))
		return;
	if (any_row(&aside_plan, run_id))
		refuse(rule, key, run_id);
	run = take_run(run_id);
	if (run != NULL && !run->cancelled)
		cancel(run);
}

static bool
is_active(int64 run_id)
{
	return any_row(&requeue_plan, run_id) || any_row(&aside_plan, run_id) || take_run(run_id) != NULL;
}

int64
respond_start_key_take(const char *rule, const char *key, int64 run_id, StartConflict conflict)
{
	int64		other = respond_run_name_take(rule, key, run_id);

	if (other == 0)
		return 0;
	if (is_active(other))
	{
		if (conflict == START_RETURN)
			return other;
		if (conflict == START_ERROR)
			refuse(rule, key, other);
		replace(rule, key, other);
		/* the end of that run has set it free */
		other = respond_run_name_take(rule, key, run_id);
		if (other == 0)
			return 0;
	}
	respond_run_name_give(rule, key, run_id);
	return 0;
}
