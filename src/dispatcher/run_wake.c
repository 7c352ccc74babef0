/*-------------------------------------------------------------------------
 * run_wake.c
 *	  A run that waits goes on.
 *
 * Whatever comes first ends the pause.  All that the run waited for is disarmed in
 * the transaction in which it goes on, so what comes second finds nothing.  What was
 * on its way already says for which pause it is.
 *
 * src/dispatcher/run_wake.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "approval/approval.h"
#include "common/clock.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/guc.h"
#include "dispatcher/approval_care.h"
#include "dispatcher/contain_effects.h"
#include "dispatcher/followers.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/rule_share.h"
#include "dispatcher/run_order.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/run_kept.h"
#include "dispatcher/run_place.h"
#include "dispatcher/run_target.h"
#include "dispatcher/run_wake.h"
#include "dispatcher/storm.h"
#include "effect/decision_write.h"
#include "effect/effects.h"
#include "effect/run_change.h"
#include "effect/run_write.h"
#include "event/event_context.h"
#include "flow/cancel_code.h"
#include "flow/flow_start.h"
#include "flow/place_code.h"
#include "flow/run_peek.h"
#include "flow/run_restore.h"
#include "rule/rule_version_cache.h"
#include "wait/wait_match.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"
#include "worker/back_off.h"

/* Waits before another try, in ms, as for events that are set aside. */
#define AGAIN_FIRST			200
#define AGAIN_LONGEST		30000

/* A run on its way, from the row to its next pause. */
typedef struct Passage
{
	Awakening  *awakening;
	RunUnderWay *row;
	FlowPause	pause;			/* that it is in; waits_for NULL: in none */
	bool		resumed;		/* somebody lets it go on who had paused it */
	bool		went_on;
} Passage;

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

/* What a note says ended the pause; false when it is none that can. */
static bool
note_ends(const Passage *passage)
{
	static const struct
	{
		const char *note;
		const char *waits_for;
	}			pairs[] = {
		{NOTE_ANSWER, PAUSE_ANSWER},
		{NOTE_DECISION, PAUSE_APPROVAL},
		{NOTE_ENDED, PAUSE_RUN},
		{NOTE_ENDED, PAUSE_TURN},
		{NOTE_TURN, PAUSE_TURN},
		{NOTE_PLACE, PAUSE_PLACE},
		{NOTE_SIGNAL, PAUSE_EVENT},
		{NOTE_SIGNAL, PAUSE_TIME},
	};
	const Awakening *awakening = passage->awakening;

	for (int i = 0; i < lengthof(pairs); i++)
		if (strcmp(awakening->note, pairs[i].note) == 0 &&
			strcmp(passage->pause.waits_for, pairs[i].waits_for) == 0)
			return awakening->pause < 0 || awakening->pause == passage->pause.number;
	return false;
}

/* The wait may have been disarmed, or armed for something else, since the event was found to meet it. */
static bool
event_ends(const Passage *passage)
{
	const Wait *wait = passage->awakening->wait;

	return strcmp(passage->pause.waits_for, PAUSE_EVENT) == 0 && !wait->early &&
		passage->awakening->event->recorded_at <= passage->pause.due_at &&
		passage->row->step != NULL && strcmp(wait->step, passage->row->step) == 0;
}

static bool
is_note(const Awakening *awakening, const char *note)
{
	return awakening->kind == AWAKEN_NOTE && strcmp(awakening->note, note) == 0;
}

/* Whether the run waits for this. */
static bool
is_awaited(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (passage->row->cancelled || is_note(awakening, NOTE_CANCELLED))
		return passage->row->cancelled && is_note(awakening, NOTE_CANCELLED);
	if (is_note(awakening, NOTE_CONTINUE) || is_note(awakening, NOTE_RETRY))
		return passage->pause.waits_for == NULL;
	if (passage->pause.waits_for == NULL)
		return false;
	switch (awakening->kind)
	{
		case AWAKEN_EVENT:
			return event_ends(passage);
		case AWAKEN_TIMER:
			return passage->pause.timer == awakening->timer;
		case AWAKEN_NOTE:
			return note_ends(passage);
		case AWAKEN_APPROVAL:
			break;
	}
	return false;
}

/* An approval that was decided in time is not over: what was decided is on its way. */
static bool
was_decided(const Passage *passage)
{
	return passage->awakening->kind == AWAKEN_TIMER && passage->pause.waits_for != NULL &&
		strcmp(passage->pause.waits_for, PAUSE_APPROVAL) == 0 && !respond_approval_expire(&passage->pause);
}

/* An event that comes before the run has reached the wait, or of which it wants more, is kept. */
static bool
is_only_heard(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (awakening->kind != AWAKEN_EVENT || passage->row->cancelled)
		return false;
	return awakening->wait->early ||
		respond_wait_heard_count(awakening->wait) + 1 < respond_pause_collects(&passage->pause);
}

static FlowWakeKind
kind_of_note(const char *note)
{
	if (strcmp(note, NOTE_ANSWER) == 0)
		return WAKE_ANSWER;
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

static void
fill_run(FlowRun *run, const Passage *passage, const Rule *rule)
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
	respond_run_parent(row->saved, run);
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

/* Why no run of this version can go on; NULL: it can. */
static const char *
find_fault(const Rule *rule, const RunUnderWay *row)
{
	if (rule == NULL)
		return psprintf("rule \"%s\" has no version %d any more", row->rule, row->rule_version);
	return rule->broken;
}

/* Why it was cancelled. */
static char *
reason_of(const Awakening *awakening)
{
	JsonbValue	value;

	if (awakening->data == NULL || !JB_ROOT_IS_OBJECT(awakening->data) ||
		getKeyJsonValueFromContainer(&awakening->data->root, "reason", strlen("reason"), &value) == NULL ||
		value.type != jbvString)
		return pstrdup("cancelled");
	return pnstrdup(value.val.string.val, value.val.string.len);
}

static void
go_on(Passage *passage)
{
	RunUnderWay *row = passage->row;
	Rule	   *rule = respond_rule_version_get(row->rule, row->rule_version);
	const char *fault = find_fault(rule, row);
	List	   *waits = disarm(passage);
	char	   *step = respond_run_step(row->saved);
	FlowRun		run;
	FlowWake	wake;

	end_children(passage);
	fill_run(&run, passage, rule);
	record_decision(passage, step, waits);
	if (fault != NULL)
	{
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

/* A run that was cancelled is not in the pause any more that it was laid down in. */
static void
read_pause(Passage *passage)
{
	respond_run_check(passage->row->saved, passage->row->waits_for != NULL, &passage->pause);
	if (passage->row->cancelled)
		passage->pause.waits_for = NULL;
}

/* A note that came after the end of a run's wait would have found a run that went on, had that not been paused. */
static bool
is_in_time(const Passage *passage)
{
	return passage->awakening->kind != AWAKEN_NOTE || passage->pause.waits_for == NULL ||
		passage->awakening->at <= passage->pause.due_at;
}

/* It is asked for once more what was kept for it; false when it goes on waiting. */
static bool
resume(Passage *passage)
{
	const RunUnderWay *row = passage->row;
	Awakening  *kept;

	if (!respond_run_is_marked(row, passage->awakening->data))
		return false;
	kept = respond_run_kept(row);
	if (kept == NULL)
	{
		respond_run_unpause(row, false);
		return false;
	}
	respond_run_tell_again(row);
	passage->awakening = kept;
	return true;
}

/* Whether the run, which may have yet to begin, has its place; if not, what becomes of it is put down. */
static bool
has_place(Passage *passage)
{
	RunUnderWay *row = passage->row;
	const Awakening *awakening = passage->awakening;
	Rule	   *rule;
	FlowRun		run;
	PlaceAnswer answer;

	if (row->cancelled ||
		!(is_note(awakening, NOTE_CONTINUE) || is_note(awakening, NOTE_RETRY) || is_note(awakening, NOTE_PLACE)))
		return true;
	rule = respond_rule_version_get(row->rule, row->rule_version);
	if (find_fault(rule, row) != NULL || !(respond_place_is_needed(rule->flow) || is_note(awakening, NOTE_PLACE)))
		return true;
	fill_run(&run, passage, rule);
	answer = respond_run_place_ask(rule->flow, &run, row, awakening->event);
	passage->went_on = answer == PLACE_LAID_DOWN;
	return answer == PLACE_TAKEN;
}

/* The run waits for this. */
static void
be_awaited(Passage *passage)
{
	bool		is_paused = passage->row->paused_at != 0 && !passage->resumed;

	if (is_note(passage->awakening, NOTE_CONTINUE))
		respond_place_go_back(passage->awakening->data);
	/* a run that is paused has its turn for a place all the same */
	if ((!is_paused || is_note(passage->awakening, NOTE_PLACE)) && !has_place(passage))
		return;
	if (is_paused)
	{
		if (is_in_time(passage))
			respond_run_keep(passage->row, passage->awakening);
		return;
	}
	go_on(passage);
	passage->went_on = true;
}

/* Whether the event is one that cancels runs of the rule. */
static bool
is_cancelling(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && strcmp(awakening->wait->step, CANCEL_STEP) == 0;
}

/* On behalf of the rule, so that what is recorded has the event as its cause. */
static void
cancel(const Passage *passage)
{
	const Event *event = passage->awakening->event;
	RunUnderWay *row;
	EventContext context = {.run_id = passage->row->id,.event_id = event->id,.depth = event->depth};
	EventContext before;

	/* a request or a run that it began in this batch is cancelled, too */
	respond_effects_flush();
	row = respond_run_hand_take(passage->row->id, "cancel_on");
	if (row == NULL || row->cancelled || !respond_run_is_under_way(row))
		return;
	context.rule = row->rule;
	before = respond_event_context_set(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetLatestSnapshot());
		respond_run_cancel(row, psprintf("cancelled by event " INT64_FORMAT " of type %s", event->id, event->type));
		PopActiveSnapshot();
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
}

/* Reminds of the approval that the run waits for, or escalates it. */
static void
care_for_approval(const Passage *passage)
{
	const RunUnderWay *row = passage->row;
	FlowRun		run;

	if (passage->pause.waits_for == NULL || strcmp(passage->pause.waits_for, PAUSE_APPROVAL) != 0)
		return;
	fill_run(&run, passage, respond_rule_version_get(row->rule, row->rule_version));
	respond_approval_care(&run, &passage->pause, passage->awakening);
}

/* Lets the run go on if it waits for this. */
static void
tell(Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (is_cancelling(passage))
		cancel(passage);
	else if (is_only_heard(passage))
	{
		respond_run_lock(passage->row->id, &passage->row->place);
		respond_wait_hear(awakening->wait, awakening->event);
	}
	else if (awakening->kind == AWAKEN_APPROVAL)
		care_for_approval(passage);
	else if (is_awaited(passage) && !was_decided(passage))
		be_awaited(passage);
	else if (passage->resumed)
		respond_run_unpause(passage->row, false);
}

/* Whether the run has gone over to another version of its rule since the event met its wait. */
static bool
has_moved(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && awakening->wait->rule_version != passage->row->rule_version;
}

/* Whether the event is to be told by what is armed now: others may have had the run in hand meanwhile. */
static bool
was_put_off(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && !passage->resumed && (awakening->number != 0 || has_moved(passage));
}

/* The wait that the event met hears it, or those of the version that the run went over to. */
static void
tell_again(Passage *passage)
{
	const Awakening *first = passage->awakening;
	bool		moved = has_moved(passage);
	List	   *waits;
	ListCell   *cell;
	int64		last;

	if (moved)
		respond_wait_patterns_reload();
	waits = respond_waits_hit(first->event, first->run_id - 1, 1, &last);
	foreach(cell, waits)
	{
		const Wait *wait = lfirst(cell);

		if (passage->went_on || wait->run_id != first->run_id ||
			(!moved && strcmp(wait->step, first->wait->step) != 0))
			continue;
		/* several waits that it met before went over together */
		if (moved && respond_wait_has_heard(wait, first->event->id))
			continue;
		passage->awakening = respond_awakening_of_event(wait, first->event);
		tell(passage);
	}
}

/* Finds the run and tells it. */
static void
pass(void *argument)
{
	Passage    *passage = argument;
	const Awakening *awakening = passage->awakening;

	passage->went_on = false;
	if (respond_effects_run_is_buffered(awakening->run_id))
		respond_effects_flush();
	passage->row = respond_run_target(awakening);
	if (passage->row == NULL)
		return;
	read_pause(passage);
	passage->resumed = is_note(awakening, NOTE_RESUME);
	if (passage->resumed && !resume(passage))
		return;
	if (was_put_off(passage))
		tell_again(passage);
	else
		tell(passage);
}

static void
name_run(void *argument)
{
	const Passage *passage = argument;

	errcontext("run " INT64_FORMAT " of pg_respond", passage->awakening->run_id);
}

/* The run ends with this error. */
static void
end_run(const Awakening *awakening, const char *error, int sqlerrcode)
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
	fill_run(&run, &passage, rule);
	respond_flow_record_failure(&run, error, "run", sqlerrcode);
	respond_effects_flush();
}

void
respond_run_give_up(const Awakening *awakening, const char *error)
{
	if (respond_run_place_is_open(awakening))
		awakening = respond_run_place_next(awakening);
	if (awakening == NULL)
		return;
	ereport(LOG,
			(errmsg("pg_respond gave up run " INT64_FORMAT ": %s", awakening->run_id, error)));
	end_run(awakening, error, 0);
}

/* Tries it again then. */
static void
put_off_until(Awakening *awakening, TimestampTz due)
{
	Timer		timer = {.reader = TIMER_FLOW,.kind = TIMER_AGAIN,.due_at = due};

	respond_run_order_put_off(awakening, due);
	if (awakening->place == NULL)
		awakening->place = respond_place_save();
	timer.run_id = awakening->run_id;
	timer.run_started_at = awakening->run_started_at;
	timer.data = respond_awakening_save(awakening);
	(void) respond_timer_arm(&timer);
}

/* Tries it again later. */
static void
put_off(Awakening *awakening)
{
	TimestampTz now = respond_clock_now();
	int64		pause = respond_back_off(AGAIN_FIRST, AGAIN_LONGEST, awakening->tries);

	if (awakening->tries++ == 0)
		awakening->first_at = now;
	put_off_until(awakening, TimestampTzPlusMilliseconds(now, pause));
}

/* What it took counts for the rule, as if an event had fired it. */
static void
account(const Passage *passage, instr_time start, int64 caused)
{
	instr_time	taken;
	Rule	   *rule;

	INSTR_TIME_SET_CURRENT(taken);
	INSTR_TIME_SUBTRACT(taken, start);
	if (passage->row == NULL || !passage->went_on)
		return;
	respond_share_charge(respond_share_rule(passage->row->rule), INSTR_TIME_GET_MILLISEC(taken), false);
	rule = respond_rule_version_get(passage->row->rule, passage->row->rule_version);
	if (rule != NULL && passage->awakening->event != NULL)
		respond_storm_count(rule, passage->awakening->event, respond_event_context_caused() - caused);
}

/* Tried often enough: what may pass has not passed. */
static bool
is_over(const Awakening *awakening)
{
	return awakening->tries > 0 &&
		TimestampDifferenceExceeds(awakening->first_at, respond_clock_now(), respond_retry_time * 1000);
}

static bool
try_to_wake(Awakening *awakening, bool contained)
{
	Passage		passage = {.awakening = awakening};
	ErrorContextCallback context = {.previous = error_context_stack,.callback = name_run,.arg = &passage};
	instr_time	start;
	int64		caused = respond_event_context_caused();
	ErrorData  *error = NULL;
	TimestampTz due;

	if (respond_run_order_is_behind(awakening, &due))
	{
		put_off_until(awakening, due);
		return false;
	}
	INSTR_TIME_SET_CURRENT(start);
	error_context_stack = &context;
	respond_error_set_lasting(is_over(awakening));
	if (contained)
		error = respond_contain_effects(pass, &passage);
	else
		pass(&passage);
	respond_error_set_lasting(false);
	error_context_stack = context.previous;
	account(&passage, start, caused);
	if (error == NULL || !respond_error_is_transient(error->sqlerrcode))
		respond_run_order_done(awakening->run_id, awakening->number);
	if (error == NULL)
	{
		*awakening = *passage.awakening;
		return passage.went_on;
	}
	if (respond_error_is_transient(error->sqlerrcode))
		put_off(awakening);
	else
		end_run(awakening, respond_error_clip(error->message), error->sqlerrcode);
	return false;
}

bool
respond_run_wake(Awakening *awakening, bool contained)
{
	bool		went_on;

	if (awakening->place != NULL)
		respond_place_go_back(awakening->place);
	went_on = try_to_wake(awakening, contained);
	respond_place_return();
	return went_on;
}
