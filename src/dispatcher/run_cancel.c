/*-------------------------------------------------------------------------
 * run_cancel.c
 *	  A run is cancelled: all that it waited for waits no more.
 *
 * Its waits, its timer, the request under way and the runs that it called end in the
 * transaction that cancels it.  What of these is on its way already finds a run that
 * does not wait for it.
 *
 * src/dispatcher/run_cancel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "approval/approval.h"
#include "audit/audit_write.h"
#include "common/clock.h"
#include "common/error_class.h"
#include "common/jsonb_push.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_parent.h"
#include "effect/decision_write.h"
#include "effect/effects.h"
#include "effect/loop_items.h"
#include "effect/rule_stats.h"
#include "effect/run_change.h"
#include "effect/run_name.h"
#include "effect/run_place.h"
#include "event/event_context.h"
#include "event/event_write.h"
#include "flow/flow_child.h"
#include "flow/run_peek.h"
#include "outbox/callback.h"
#include "outbox/delivery_update.h"
#include "outbox/run_inbox.h"
#include "rule/rule_find.h"
#include "timer/timer.h"
#include "wait/wait_rows.h"

/* The event that says so; its name is part of the interface. */
#define RUN_CANCELLED	"run.cancelled"

static KeptPlan request_plan = {
	"UPDATE respond.delivery AS d SET status = 'cancelled', next_attempt_at = NULL,"
	" finished_at = pg_catalog.clock_timestamp(), last_error = 'the run that waited for the answer was cancelled'"
	" WHERE d.id OPERATOR(pg_catalog.=) $1 AND d.run_id OPERATOR(pg_catalog.=) $2"
	" AND d.status OPERATOR(pg_catalog.=) 'pending'",
	2, {INT8OID, INT8OID}
};
static KeptPlan children_plan = {
	"SELECT r.id, r.started_at FROM respond.run AS r WHERE r.parent_id OPERATOR(pg_catalog.=) $1"
	" AND r.status OPERATOR(pg_catalog.=) ANY ('{running,waiting}') ORDER BY r.id FOR UPDATE",
	1, {INT8OID}
};

/* As the row says, for the document may be damaged. */
static bool
waits_for(const RunUnderWay *run, const char *what)
{
	return run->waits_for != NULL && strcmp(run->waits_for, what) == 0;
}

static void
cancel_request(const RunUnderWay *run, const FlowPause *pause)
{
	Datum		values[2] = {Int64GetDatum(respond_pause_delivery(pause)), Int64GetDatum(run->id)};

	SPI_connect();
	(void) respond_delivery_update(&request_plan, respond_kept_plan_run_newest, values, NULL);
	SPI_finish();
}

typedef struct Child
{
	int64		id;
	TimestampTz started_at;
} Child;

static List *
find_children(int64 run_id)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = Int64GetDatum(run_id);
	List	   *children = NIL;
	bool		is_null;

	respond_effects_flush();
	SPI_connect();
	(void) respond_kept_plan_run_newest(&children_plan, &value, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Child	   *child = MemoryContextAlloc(caller, sizeof(Child));
		MemoryContext spi = MemoryContextSwitchTo(caller);

		child->id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
		child->started_at = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2,
															  &is_null));
		children = lappend(children, child);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return children;
}

void
respond_run_cancel_children(const RunUnderWay *run, const char *reason)
{
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, find_children(run->id))
	{
		const Child *child = lfirst(cell);
		RunUnderWay *found;

		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(GetLatestSnapshot());
		found = respond_run_find(child->id, child->started_at);
		if (found != NULL)
			respond_run_cancel(found, reason);
		PopActiveSnapshot();
	}
}

static void
record_decision(const RunUnderWay *run, const FlowPause *pause, const List *waits)
{
	Decision	decision = {
		.run_id = run->id,.rule = run->rule,.rule_version = run->rule_version,
		.step = respond_run_step(run->saved),.outcome = "cancelled",.event_id = respond_event_context()->event_id,
		.since = pause->since,.due_at = pause->due_at
	};

	respond_effects_decision(&decision, waits);
}

/* Ends all that it waits for. */
static void
end_pause(const RunUnderWay *run)
{
	FlowPause	pause;
	List	   *waits = respond_waits_take(run->id);

	respond_run_pause(run->saved, &pause);
	if (run->cancelled || run->waits_for == NULL)
		return;
	if (pause.timer != 0)
		respond_timer_disarm(TIMER_FLOW, pause.due_at, pause.timer);
	if (pause.waits_for != NULL)
		record_decision(run, &pause, waits);
	if (waits_for(run, PAUSE_ANSWER))
		cancel_request(run, &pause);
	if (waits_for(run, PAUSE_ANSWER) || waits_for(run, PAUSE_CALLBACK))
		respond_callbacks_forget(run->id);
	if (waits_for(run, PAUSE_APPROVAL))
		(void) respond_approvals_cancel(run->id);
	/* a loop whose items are runs lets others have their turn, too */
	if (waits_for(run, PAUSE_RUN) || waits_for(run, PAUSE_TURN))
		respond_run_cancel_children(run, psprintf("run " INT64_FORMAT ", which called it, was cancelled", run->id));
}

/* Whether it has steps for that which it is not at yet. */
static bool
has_steps(const RunUnderWay *run)
{
	RuleRow		rule;

	if (run->cancelled || respond_run_is_in(run->saved, "on_cancel") ||
		!respond_rule_find_version(run->rule, run->rule_version, &rule))
		return false;
	return rule.on_cancel != NULL && JB_ROOT_COUNT(rule.on_cancel) > 0;
}

static void
change_row(const RunUnderWay *run, const char *reason, bool has_steps)
{
	RunChange	change = {.held = true};
	EndedRun	ended = {.rule = run->rule,.status = "cancelled"};

	respond_run_change_text(&change, RUN_STATUS, has_steps ? "running" : "cancelled");
	respond_run_change_error(&change, reason);
	respond_run_change_time(&change, RUN_FINISHED_AT, has_steps ? DT_NOEND : respond_clock_now());
	respond_run_change_time(&change, RUN_RESUME_AT, DT_NOEND);
	respond_run_change_time(&change, RUN_PAUSED_AT, DT_NOEND);
	respond_run_change_time(&change, RUN_WAITING_SINCE, DT_NOEND);
	respond_run_change_text(&change, RUN_WAITS_FOR, NULL);
	respond_run_change_nothing(&change, RUN_WAITING);
	respond_run_change(run->id, run->started_at, &run->place, &change);
	if (!has_steps && run->key != NULL)
		respond_run_name_free(run->rule, run->key, run->id);
	if (!has_steps)
		respond_rule_stats_count(&ended);
}

static void
ask_for_steps(const RunUnderWay *run, const char *reason)
{
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_CANCELLED,.pause = -1};

	note.data = respond_jsonb_of_text("reason", reason);
	respond_run_inbox_write(&note, 1);
}

/* Whoever waits for its end. */
static void
tell_parent(const RunUnderWay *run, const char *reason)
{
	FlowRun		child = {.run_id = run->id};
	RunRow		row = {.status = "cancelled",.error = reason};

	respond_run_parent_find(run, &child);
	respond_child_ended(&child, &row);
}

static Jsonb *
describe(const RunUnderWay *run, const char *reason)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", run->id);
	respond_jsonb_push_text(&state, "rule", run->rule);
	respond_jsonb_push_text(&state, "step", run->step);
	respond_jsonb_push_text(&state, "reason", reason);
	if (run->event_id != 0)
		respond_jsonb_push_int64(&state, "event_id", run->event_id);
	else
		respond_jsonb_push_text(&state, "event_id", NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
tell(const RunUnderWay *run, const char *reason)
{
	Jsonb	   *data = describe(run, reason);
	NewEvent	event = {.type = RUN_CANCELLED,.subject = psprintf("run/" INT64_FORMAT, run->id),.data = data};
	AuditRow	row = {
		.action = RUN_CANCELLED,.object_type = "run",.object_id = psprintf(INT64_FORMAT, run->id),.new = data
	};

	respond_audit_write(&row, 1);
	respond_event_write_set_cause(&event);
	respond_event_write(&event, 1);
}

void
respond_run_cancel(const RunUnderWay *run, const char *reason)
{
	bool		steps = has_steps(run);

	reason = respond_error_clip(reason);
	end_pause(run);
	change_row(run, reason, steps);
	/* another run may begin, although this one has steps for its end */
	respond_run_place_free(run->id);
	if (steps)
		ask_for_steps(run, reason);
	else
	{
		respond_loop_items_forget(run->id, -1);
		tell_parent(run, reason);
	}
	tell(run, reason);
	respond_effects_flush();
}
