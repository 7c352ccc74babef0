/*-------------------------------------------------------------------------
 * action_wait.c
 *	  Action "wait": until a time, or until the first of several events.
 *
 * Output: the event that ended it, as {"id", "type", "subject", "data", ...}; with
 * "collect" the array of those that came; {"timed_out": true} when the time was
 * over first; what signal() gave.
 *
 * src/flow/action_wait.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "calendar/local_time_server.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/interval_read.h"
#include "common/jsonb_push.h"
#include "effect/decision_write.h"
#include "event/event_roots.h"
#include "flow/action_wait.h"
#include "flow/event_document.h"
#include "flow/late_key.h"
#include "flow/mailbox.h"
#include "flow/wait_code.h"

static void
fail(const FlowStep *step, const char *field, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.%s: %s", step->place, field, fault)));
}

/* Until when it waits; DT_NOEND: without a limit. */
static TimestampTz
read_limit(const StepCall *call)
{
	const pg_tz *zone = call->machine->flow->timezone;
	const char *span = respond_step_text(&call->values[WAIT_FOR]);
	const char *until = respond_step_text(&call->values[WAIT_UNTIL]);
	Interval	interval;
	TimestampTz limit = DT_NOEND;

	if (span != NULL)
	{
		if (!respond_interval_read(span, &interval))
			fail(call->step, "for", psprintf("\"%s\" is not an interval", span));
		if (!respond_interval_add(respond_clock_now(), &interval, zone, &limit))
			fail(call->step, "for", psprintf("\"%s\" leads to a time that PostgreSQL does not know", span));
	}
	else if (until != NULL)
	{
		if (!respond_local_time_read(until, zone, &limit))
			fail(call->step, "until", psprintf("\"%s\" is not a time", until));
		if (TIMESTAMP_NOT_FINITE(limit))
			fail(call->step, "until", psprintf("\"%s\" is not a time that comes", until));
	}
	return limit;
}

/* A dry run does not know what a key is that builds on what was not done. */
static bool
is_unknown(const StepCall *call, const char *key)
{
	return key[0] == '\0' && call->machine->dry && respond_machine_is_blind(call->machine);
}

/* The events with their keys: a list of FlowAwaited *. */
static List *
list_events(const StepCall *call, const WaitCode *code)
{
	List	   *events = NIL;

	for (int i = 0; i < code->count; i++)
	{
		const WaitAlternative *alternative = &code->alternatives[i];
		char	   *key = respond_wait_alternative_key(call->machine, alternative);

		if (key[0] == '\0' && !is_unknown(call, key))
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.key: %s", alternative->place,
							respond_wait_key_is_container(call->machine, alternative) ?
							"is an object or an array" : "is empty"),
					 errdetail("No event has such a key."),
					 alternative->key == NULL ?
					 errhint("The event of the run has no subject; give a \"key\".") : 0));
		events = lappend(events, respond_wait_awaited(code, i, key));
	}
	return events;
}

static List *
fetch_events(const FlowMachine *machine, const List *heard, int count)
{
	List	   *events = NIL;

	for (int i = 0; i < count; i++)
	{
		const Event *event = machine->run->fetch_event(((Heard *) list_nth(heard, i))->event_id);

		/* its partition was dropped while the run waited */
		if (event != NULL)
			events = lappend(events, unconstify(Event *, event));
	}
	return events;
}

/* The step ends with these events. */
static StepResult
end_with(StepCall *call, const WaitCode *code, List *events, int alternative)
{
	if (code->collect > 1)
		call->output = respond_event_documents(events);
	else if (events != NIL)
		call->output = respond_event_document(linitial(events));
	call->target = code->alternatives[alternative].go_to;
	call->machine->visited = list_append_unique_ptr(call->machine->visited, unconstify(FlowStep *, call->step));
	return STEP_DONE;
}

/* The run never stood here, but the events have an effect that explain() tells. */
static void
record_decision(const StepCall *call, const List *events, const List *heard, int count)
{
	const FlowRun *run = call->machine->run;
	Decision	decision = {.run_id = run->run_id,.rule = run->rule,.rule_version = run->rule_version};
	int64	   *collected = palloc(sizeof(int64) * count);
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, events)
		keys = lappend(keys, unconstify(char *, ((const FlowAwaited *) lfirst(cell))->key));
	for (int i = 0; i < count; i++)
		collected[i] = ((Heard *) list_nth(heard, i))->event_id;
	decision.step = respond_step_label(call->step);
	decision.outcome = "event";
	decision.event_id = collected[count - 1];
	decision.since = respond_mailbox_since(call->machine, call->step, respond_clock_now());
	decision.due_at = DT_NOEND;
	respond_effects_decision_at_once(&decision, keys, collected, count - 1);
}

/* Ends the step with what was heard before the run came to it; false when that is not enough. */
static bool
take_heard(StepCall *call, const WaitCode *code, List *events)
{
	FlowMachine *machine = call->machine;
	List	   *heard;
	List	   *taken;

	if (code->since == WAIT_FROM_NOW)
		respond_mailbox_empty(machine, call->step);
	respond_late_key_find(machine, call->step, code, events);
	heard = respond_mailbox_find(machine, call->step, events);
	if (code->count == 0 || list_length(heard) < code->collect)
		return false;
	taken = fetch_events(machine, heard, code->collect);
	record_decision(call, events, heard, code->collect);
	respond_mailbox_use(machine, call->step, heard, code->collect);
	(void) end_with(call, code, taken, ((Heard *) list_nth(heard, code->collect - 1))->alternative);
	return true;
}

/* How many events are wanted: for who finds them. */
static Jsonb *
make_memo(const WaitCode *code)
{
	JsonbParseState *state = NULL;

	if (code->collect == 1)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "collect", code->collect);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
push_target(JsonbParseState **state, const char *field, const FlowTarget *target)
{
	if (target != NULL)
		respond_jsonb_push_text(state, field, target->name);
}

static void
push_awaited(JsonbParseState **state, const FlowAwaited *awaited, const WaitAlternative *alternative)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "event_type", awaited->event_type);
	if (awaited->pattern != NULL)
		respond_jsonb_push_jsonb(state, "pattern", awaited->pattern);
	respond_jsonb_push_text(state, "event_key", awaited->event_key);
	respond_jsonb_push_text(state, "key", awaited->key[0] != '\0' ? awaited->key : NULL);
	push_target(state, "go_to", alternative->go_to);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* What the run would wait for, for simulate(): as in the step, with keys and limit as they would be now. */
static Jsonb *
describe(const WaitCode *code, const List *events, TimestampTz limit)
{
	JsonbParseState *state = NULL;
	char		time[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (limit != DT_NOEND)
		respond_jsonb_push_text(&state, "until", respond_event_time(limit, time));
	push_target(&state, "on_timeout", code->on_timeout);
	if (code->collect > 1)
		respond_jsonb_push_int64(&state, "collect", code->collect);
	if (events != NIL)
	{
		respond_jsonb_push_key(&state, "events");
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		for (int i = 0; i < code->count; i++)
			push_awaited(&state, list_nth(events, i), &code->alternatives[i]);
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* A dry run goes on as if the first of the events had come; without one, the time. */
static StepResult
begin_dry(StepCall *call, const WaitCode *code, const List *events, TimestampTz limit)
{
	call->machine->parameters = describe(code, events, limit);
	call->target = code->count > 0 ? code->alternatives[0].go_to : code->on_timeout;
	return STEP_DONE;
}

static StepResult
begin(StepCall *call, const WaitCode *code)
{
	TimestampTz limit = read_limit(call);
	List	   *events = list_events(call, code);
	FlowPause  *pause;

	if (call->machine->dry)
		return begin_dry(call, code, events, limit);
	if (take_heard(call, code, events))
		return STEP_DONE;
	if (!respond_mailbox_covers(call->machine, call->step, events))
		call->machine->look_back = respond_late_key_place(call->machine, call->step, code);
	pause = palloc0(sizeof(FlowPause));
	pause->waits_for = code->count > 0 ? PAUSE_EVENT : PAUSE_TIME;
	pause->due_at = limit;
	pause->events = events;
	pause->memo = make_memo(code);
	call->pause = pause;
	return STEP_PAUSE;
}

/* Everything that the step has heard so far, whatever the key was. */
static List *
collected(StepCall *call)
{
	FlowMachine *machine = call->machine;
	List	   *heard = respond_mailbox_all(machine, call->step);
	List	   *events = fetch_events(machine, heard, list_length(heard));

	respond_mailbox_use(machine, call->step, heard, list_length(heard));
	return events;
}

static StepResult
end_by_event(StepCall *call, const WaitCode *code)
{
	List	   *events = call->wake->events;

	if (code->collect > 1)
		events = list_concat(collected(call), events);
	return end_with(call, code, events, call->wake->alternative);
}

static StepResult
end_by_timeout(StepCall *call, const WaitCode *code)
{
	JsonbParseState *state = NULL;

	call->target = code->on_timeout;
	if (code->collect > 1)
	{
		call->output = respond_event_documents(collected(call));
		return STEP_DONE;
	}
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_boolean(&state, "timed_out", true);
	call->output = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	return STEP_DONE;
}

StepResult
respond_action_wait(StepCall *call)
{
	const WaitCode *code = respond_wait_code(call->step);

	if (call->wake == NULL)
		return begin(call, code);
	switch (call->wake->kind)
	{
		case WAKE_EVENT:
			return end_by_event(call, code);
		case WAKE_TIMEOUT:
			return end_by_timeout(call, code);
		default:
			call->output = call->wake->data;
			if (code->count > 0)
				call->target = code->alternatives[0].go_to;
			return STEP_DONE;
	}
}
