/*-------------------------------------------------------------------------
 * run_go_on.c
 *	  A run that waited goes on, or ends.
 *
 * All that the run waited for is disarmed in the transaction in which it goes on, so
 * what comes second finds nothing.
 *
 * src/dispatcher/run_go_on.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/jsonb_read.h"
#include "approval/approval.h"
#include "dispatcher/followers.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_go_on.h"
#include "dispatcher/run_parent.h"
#include "dispatcher/run_target.h"
#include "effect/decision_write.h"
#include "effect/effects.h"
#include "flow/flow_start.h"
#include "flow/run_peek.h"
#include "outbox/callback.h"
#include "rule/rule_version_cache.h"
#include "wait/wait_rows.h"

static const Event *
fetch_event(int64 id)
{
	return respond_reader_fetch_id(id);
}

void
respond_run_may_pause(FlowRun *run)
{
	run->may_pause = true;
	run->where = respond_place_save;
	run->laid_down = respond_followers_add_new;
	run->fetch_event = fetch_event;
}

static FlowWakeKind
kind_of_note(const char *note)
{
	if (strcmp(note, NOTE_ANSWER) == 0)
		return WAKE_ANSWER;
	if (strcmp(note, NOTE_CALLBACK) == 0)
		return WAKE_CALLBACK;
	if (strcmp(note, NOTE_DECISION) == 0)
		return WAKE_DECISION;
	if (strcmp(note, NOTE_ENDED) == 0)
		return WAKE_ENDED;
	if (strcmp(note, NOTE_TURN) == 0 || strcmp(note, NOTE_PLACE) == 0)
		return WAKE_TURN;
	return WAKE_SIGNAL;
}

static void
fill_wake(FlowWake *wake, const Awakening *awakening)
{
	memset(wake, 0, sizeof(*wake));
	wake->data = awakening->data;
	switch (awakening->kind)
	{
		case AWAKEN_EVENT:
			wake->kind = WAKE_EVENT;
			wake->alternative = awakening->wait->alternative;
			wake->events = list_make1(awakening->event);
			break;
		case AWAKEN_TIMER:
			wake->kind = WAKE_TIMEOUT;
			break;
		case AWAKEN_NOTE:
			wake->kind = kind_of_note(awakening->note);
			break;
		case AWAKEN_APPROVAL:
			break;
	}
}

/* The step does not come to its end by itself. */
static void
forget_callback(const Passage *passage)
{
	const char *waits_for = passage->row->waits_for;

	if (waits_for != NULL && (strcmp(waits_for, PAUSE_ANSWER) == 0 || strcmp(waits_for, PAUSE_CALLBACK) == 0))
		respond_callbacks_forget(passage->row->id);
}

/* All that it waited for waits no more; what its waits have heard. */
static List *
disarm(const Passage *passage)
{
	const FlowPause *pause = &passage->pause;

	if (pause->waits_for != NULL && pause->timer != 0 && pause->timer != passage->awakening->timer)
		respond_timer_disarm(TIMER_FLOW, pause->due_at, pause->timer);
	if (passage->row->waits_for != NULL && strcmp(passage->row->waits_for, PAUSE_APPROVAL) == 0)
		(void) respond_approvals_cancel(passage->row->id);
	return respond_waits_take(passage->row->id);
}

static const char *
outcome_of(const Awakening *awakening)
{
	switch (awakening->kind)
	{
		case AWAKEN_EVENT:
			return "event";
		case AWAKEN_TIMER:
			return "timeout";
		default:
			return strcmp(awakening->note, NOTE_ENDED) == 0 ? "run" : awakening->note;
	}
}

/* One row for each key that it waited under. */
static void
record_decision(const Passage *passage, const char *step, const List *waits)
{
	const Awakening *awakening = passage->awakening;
	const FlowPause *pause = &passage->pause;
	Decision	decision = {.run_id = passage->row->id,.rule = passage->row->rule};

	/* a turn is nobody's decision, nor is a place, or a pause before another attempt */
	if (pause->waits_for == NULL || strcmp(pause->waits_for, PAUSE_TURN) == 0 ||
		strcmp(pause->waits_for, PAUSE_PLACE) == 0 || strcmp(pause->waits_for, PAUSE_RETRY) == 0)
		return;
	decision.rule_version = passage->row->rule_version;
	decision.step = step;
	decision.outcome = outcome_of(awakening);
	decision.event_id = awakening->event != NULL ? awakening->event->id : 0;
	decision.since = pause->since;
	decision.due_at = pause->due_at;
	respond_effects_decision(&decision, waits);
}

void
respond_run_fill(FlowRun *run, const Passage *passage, const Rule *rule)
{
	const RunUnderWay *row = passage->row;

	memset(run, 0, sizeof(*run));
	run->rule = rule != NULL ? rule->name : row->rule;
	run->rule_version = row->rule_version;
	run->owner = rule != NULL ? rule->owner : InvalidOid;
	run->run_id = row->id;
	run->started_at = row->started_at;
	run->place = &row->place;
	run->cancelled = row->cancelled || respond_run_is_in(row->saved, "on_cancel");
	run->saved = row->saved;
	run->woken_by = passage->awakening->event;
	respond_run_parent_find(row, run);
	respond_run_may_pause(run);
}

/* A call that has timed out is not waited for any more. */
static void
end_children(const Passage *passage)
{
	const FlowPause *pause = &passage->pause;

	if (passage->awakening->kind == AWAKEN_TIMER && pause->waits_for != NULL &&
		strcmp(pause->waits_for, PAUSE_RUN) == 0)
		respond_run_cancel_children(passage->row, psprintf("run " INT64_FORMAT ", which called it, waited too long",
														   passage->row->id));
}

const char *
respond_run_fault(const Rule *rule, const RunUnderWay *row)
{
	if (rule == NULL)
		return psprintf("rule \"%s\" has no version %d any more", row->rule, row->rule_version);
	return rule->broken;
}

/* Why it was cancelled. */
static char *
reason_of(const Awakening *awakening)
{
	char	   *reason = respond_jsonb_find_text(respond_jsonb_root(awakening->data), "reason");

	return reason != NULL ? reason : pstrdup("cancelled");
}

void
respond_run_go_on(Passage *passage)
{
	RunUnderWay *row = passage->row;
	Rule	   *rule = respond_rule_version_get(row->rule, row->rule_version);
	const char *fault = respond_run_fault(rule, row);
	List	   *waits = disarm(passage);
	char	   *step = respond_run_step(row->saved);
	FlowRun		run;
	FlowWake	wake;

	end_children(passage);
	respond_run_fill(&run, passage, rule);
	record_decision(passage, step, waits);
	if (fault != NULL)
	{
		forget_callback(passage);
		respond_flow_record_failure(&run, fault, "rule", 0);
		return;
	}
	if (row->cancelled)
	{
		respond_flow_cancel(rule->flow, &run, row->saved, reason_of(passage->awakening));
		return;
	}
	fill_wake(&wake, passage->awakening);
	passage->awakening->look_back = respond_flow_continue(rule->flow, &run, row->saved, waits,
														  passage->pause.waits_for != NULL ? &wake : NULL);
}

void
respond_run_end(const Awakening *awakening, const char *error, int sqlerrcode)
{
	Passage		passage = {.awakening = unconstify(Awakening *, awakening)};
	Rule	   *rule;
	FlowRun		run;

	passage.row = respond_run_target(awakening);
	if (passage.row == NULL)
		return;
	respond_run_pause(passage.row->saved, &passage.pause);
	rule = respond_rule_version_get(passage.row->rule, passage.row->rule_version);
	(void) disarm(&passage);
	forget_callback(&passage);
	respond_run_fill(&run, &passage, rule);
	respond_flow_record_failure(&run, error, "run", sqlerrcode);
	respond_effects_flush();
}
