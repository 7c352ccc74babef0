/*-------------------------------------------------------------------------
 * pause_run.c
 *	  pause_run() and resume_run(): a person stops a run for a while.
 *
 * src/dispatcher/pause_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/clock.h"
#include "common/jsonb_push.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/run_kept.h"
#include "effect/effects.h"
#include "effect/run_change.h"
#include "outbox/run_inbox.h"

PG_FUNCTION_INFO_V1(respond_pause_run);
PG_FUNCTION_INFO_V1(respond_resume_run);

/* The run, locked, for somebody who may do that to it; NULL when it is not under way. */
static RunUnderWay *
take(int64 id, const char *function, const char *what)
{
	RunUnderWay *run = respond_run_hand_take(id, function);

	if (run == NULL || !respond_run_hand_knows(run))
		return NULL;
	(void) respond_run_hand_allow(run, what, true);
	return respond_run_is_under_way(run) && !run->cancelled ? run : NULL;
}

static void
audit(const RunUnderWay *run, const char *action)
{
	AuditRow	row = {.action = action,.object_type = "run",.object_id = psprintf(INT64_FORMAT, run->id)};

	row.new = respond_jsonb_of_text("rule", run->rule);
	respond_audit_write(&row, 1);
}

/* A resume that is on its way is about an earlier time than this one. */
static void
pause_now(const RunUnderWay *run)
{
	RunChange	change = {.held = true};

	respond_run_change_time(&change, RUN_PAUSED_AT, Max(respond_clock_now(), run->paused_at + 1));
	respond_run_change(run->id, run->started_at, &run->place, &change);
	audit(run, "run.paused");
}

/* pause_run(run_id) → whether it was under way */
Datum
respond_pause_run(PG_FUNCTION_ARGS)
{
	RunUnderWay *run;

	respond_run_hand_require_writes("pause_run()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = take(PG_GETARG_INT64(0), "pause_run()", "pause");
	if (run == NULL)
		PG_RETURN_BOOL(false);
	PushActiveSnapshot(GetLatestSnapshot());
	pause_now(run);
	PopActiveSnapshot();
	PG_RETURN_BOOL(true);
}

/* What came meanwhile is decided where runs wait, and before what comes from now on. */
static void
resume_now(const RunUnderWay *run)
{
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_RESUME,.pause = -1};

	if (respond_run_needs_resume(run))
	{
		note.data = respond_run_paused_mark(run);
		respond_run_inbox_write(&note, 1);
	}
	else
		respond_run_unpause(run, true);
	audit(run, "run.resumed");
	respond_effects_flush();
}

/* resume_run(run_id) → whether it was paused */
Datum
respond_resume_run(PG_FUNCTION_ARGS)
{
	RunUnderWay *run;

	respond_run_hand_require_writes("resume_run()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	run = take(PG_GETARG_INT64(0), "resume_run()", "resume");
	if (run == NULL || run->paused_at == 0)
		PG_RETURN_BOOL(false);
	PushActiveSnapshot(GetLatestSnapshot());
	resume_now(run);
	PopActiveSnapshot();
	PG_RETURN_BOOL(true);
}
