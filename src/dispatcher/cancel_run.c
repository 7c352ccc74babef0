/*-------------------------------------------------------------------------
 * cancel_run.c
 *	  cancel_run(): a person ends a run that is under way.
 *
 * src/dispatcher/cancel_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "dispatcher/run_cancel.h"
#include "dispatcher/run_hand.h"
#include "event/event_context.h"

PG_FUNCTION_INFO_V1(respond_cancel_run);

/* Of a set of runs some may have ended meanwhile, or be gone with their partition. */
static bool
can_be_cancelled(const RunUnderWay *run)
{
	return respond_run_is_under_way(run) && !run->cancelled;
}

static char *
describe(const char *reason)
{
	char	   *actor = respond_event_context_actor();

	return reason != NULL ? psprintf("cancelled by %s: %s", actor, reason) : psprintf("cancelled by %s", actor);
}

/* cancel_run(run_id, reason) → whether it was under way */
Datum
respond_cancel_run(PG_FUNCTION_ARGS)
{
	RunUnderWay *run;

	respond_run_hand_require_writes("cancel_run()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = respond_run_hand_take(PG_GETARG_INT64(0), "cancel_run()");
	if (run == NULL || !respond_run_hand_knows(run))
		PG_RETURN_BOOL(false);
	(void) respond_run_hand_allow(run, "cancel", true);
	if (!can_be_cancelled(run))
		PG_RETURN_BOOL(false);
	PushActiveSnapshot(GetLatestSnapshot());
	respond_run_cancel(run, describe(PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1))));
	PopActiveSnapshot();
	respond_event_context_check_fan_out();
	PG_RETURN_BOOL(true);
}
