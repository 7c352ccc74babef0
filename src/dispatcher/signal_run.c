/*-------------------------------------------------------------------------
 * signal_run.c
 *	  signal(): a person ends a wait.
 *
 * src/dispatcher/signal_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "audit/audit_write.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/jsonb_push.h"
#include "dispatcher/run_hand.h"
#include "event/event_context.h"
#include "flow/run_peek.h"
#include "outbox/run_inbox.h"

PG_FUNCTION_INFO_V1(respond_signal);

/* Where the run is, in words. */
static char *
place_of(const RunUnderWay *run)
{
	if (!respond_run_is_under_way(run))
		return psprintf("The run has ended: %s.", run->place.status);
	if (run->cancelled || run->waits_for == NULL)
		return pstrdup("The run waits for the dispatcher.");
	return psprintf("It waits in step \"%s\" for: %s.", run->step, run->waits_for);
}

static void
require_wait(const RunUnderWay *run, const char *step)
{
	bool		can_be_ended = run->waits_for != NULL &&
		(strcmp(run->waits_for, PAUSE_EVENT) == 0 || strcmp(run->waits_for, PAUSE_TIME) == 0);

	if (respond_run_is_under_way(run) && !run->cancelled && can_be_ended &&
		strcmp(run->step, step) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("run " INT64_FORMAT " does not wait in a step \"%s\" that can be signalled", run->id, step),
			 errdetail("%s", place_of(run)),
			 errhint("signal() ends a step of action \"wait\" that the run is at; see view respond.waiting.")));
}

/* It stays with the run, and goes into its document. */
static void
check_size(const Jsonb *data)
{
	if (data != NULL && VARSIZE(data) > (Size) respond_max_event_size * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("the data of the signal is larger than an event may be"),
				 errhint("See \"pg_respond.max_event_size\".")));
}

static void
write_note(const RunUnderWay *run, const char *step, Jsonb *data)
{
	FlowPause	pause;
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_SIGNAL};

	respond_run_pause(run->saved, &pause);
	note.pause = pause.number;
	note.step = step;
	note.data = data;
	note.actor = respond_event_context_actor();
	respond_run_inbox_write(&note, 1);
}

static void
audit(const RunUnderWay *run, const char *step)
{
	AuditRow	row = {.action = "run.signalled",.object_type = "run",.object_id = psprintf(INT64_FORMAT, run->id)};

	row.new = respond_jsonb_of_text("step", step);
	respond_audit_write(&row, 1);
}

/* signal(run_id, step, data) */
Datum
respond_signal(PG_FUNCTION_ARGS)
{
	RunUnderWay *run;
	char	   *step;
	Jsonb	   *data = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);

	respond_run_hand_require_writes("signal()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("signal() needs a run and one of its steps")));
	step = text_to_cstring(PG_GETARG_TEXT_PP(1));
	run = respond_run_hand_require(PG_GETARG_INT64(0), "signal()");
	(void) respond_run_hand_allow(run, "signal", false);
	require_wait(run, step);
	check_size(data);
	write_note(run, step, data);
	audit(run, step);
	PG_RETURN_VOID();
}
