/*-------------------------------------------------------------------------
 * run_save.c
 *	  A run as one document.
 *
 * src/flow/run_save.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/pg_compat.h"
#include "event/event_context.h"
#include "event/event_roots.h"
#include "flow/flow_chain.h"
#include "flow/loop_code.h"
#include "flow/loop_save.h"
#include "flow/run_save.h"

/* Most bytes of data and chain; jsonb ends at 256 MB, texts at 1 GB. */
#define MAX_SAVED		((Size) 128 * 1024 * 1024)

/* Members that are left out when they say nothing. */
static void
push_text(JsonbParseState **state, const char *key, const char *value)
{
	if (value != NULL)
		respond_jsonb_push_text(state, key, value);
}

static void
push_number(JsonbParseState **state, const char *key, int64 value)
{
	if (value != 0)
		respond_jsonb_push_int64(state, key, value);
}

static void
push_flag(JsonbParseState **state, const char *key, bool value)
{
	if (value)
		respond_jsonb_push_boolean(state, key, true);
}

static void
push_time(JsonbParseState **state, const char *key, TimestampTz time)
{
	respond_jsonb_push_text(state, key, respond_event_time(time, palloc(MAXDATELEN + 1)));
}

static void
push_parent(JsonbParseState **state, const FlowRun *run)
{
	if (run->parent_id == 0)
		return;
	respond_jsonb_push_key(state, "parent");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "run", run->parent_id);
	push_time(state, "started_at", run->parent_started_at);
	push_number(state, "pause", run->parent_pause);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_event(JsonbParseState **state, const Event *event)
{
	if (event == NULL)
	{
		respond_jsonb_push_text(state, "event", NULL);
		return;
	}
	respond_jsonb_push_key(state, "event");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "id", event->id);
	push_text(state, "type", event->type);
	push_text(state, "source", event->source);
	push_text(state, "subject", event->subject);
	push_text(state, "key", event->key);
	push_text(state, "actor", event->actor);
	push_time(state, "time", event->time);
	push_time(state, "recorded_at", event->recorded_at);
	if (event->has_cause)
		respond_jsonb_push_int64(state, "cause", event->cause);
	push_number(state, "depth", event->depth);
	respond_jsonb_push_jsonb(state, "data", event->data);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* A place in one array of steps. */
static void
push_place(JsonbParseState **state, const FlowPart *part, int step, int attempts)
{
	respond_jsonb_push_text(state, "part", part->place);
	if (step == FLOW_STOP || step >= part->count)
		respond_jsonb_push_text(state, "step", FLOW_STOP_NAME);
	else if (part->steps[step].name != NULL)
		respond_jsonb_push_text(state, "step", part->steps[step].name);
	else
		respond_jsonb_push_int64(state, "step", step);
	push_number(state, "attempts", attempts);
}

static void
push_position(JsonbParseState **state, FlowMachine *machine)
{
	const FlowPosition *position = &machine->position;
	const FlowPart *part = &machine->flow->parts[position->part];

	respond_jsonb_push_key(state, "at");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int level = 0; level < machine->loop_count; level++)
	{
		const LoopFrame *frame = &machine->loops[level];

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_place(state, part, frame->outer.step, frame->outer.attempts);
		respond_jsonb_push_key(state, "loop");
		respond_loop_save(state, machine, level);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
		part = &respond_loop_code(frame->step)->part;
	}
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_place(state, part, position->step, position->attempts);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* The order counts: {{steps}} writes them in it. */
static void
push_chain(JsonbParseState **state, const FlowMachine *machine)
{
	if (machine->chain_count == 0)
		return;
	respond_jsonb_push_key(state, "chain");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < machine->chain_count; i++)
	{
		const ChainEntry *entry = &machine->chain[i];

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		respond_jsonb_push_text(state, "step", entry->name);
		respond_jsonb_push_jsonb(state, "value", entry->value);
		if (entry->shown != entry->value)
			respond_jsonb_push_jsonb(state, "shown", entry->shown);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_line(JsonbParseState **state, const char *line, const char *shown)
{
	if (strcmp(line, shown) == 0)
	{
		respond_jsonb_push_text_element(state, line);
		return;
	}
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "text", line);
	respond_jsonb_push_text(state, "shown", shown);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_log(JsonbParseState **state, const FlowMachine *machine)
{
	if (machine->log == NIL)
		return;
	respond_jsonb_push_key(state, "log");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < list_length(machine->log); i++)
		push_line(state, list_nth(machine->log, i), list_nth(machine->shown_log, i));
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	push_flag(state, "log_is_full", machine->log_bytes > FLOW_MAX_LOG);
}

static void
push_failure(JsonbParseState **state, const char *key, const FlowFailure *failure)
{
	if (failure->step == NULL)
		return;
	respond_jsonb_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "step", failure->step);
	respond_jsonb_push_text(state, "message", failure->message);
	respond_jsonb_push_text(state, "text", failure->text);
	respond_jsonb_push_text(state, "shown", failure->shown);
	respond_jsonb_push_text(state, "code", failure->code);
	if (failure->details != NULL)
		respond_jsonb_push_jsonb(state, "details", failure->details);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_pause(JsonbParseState **state, const FlowPause *pause)
{
	if (pause == NULL)
		return;
	respond_jsonb_push_key(state, "pause");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "for", pause->waits_for);
	push_time(state, "since", pause->since);
	if (pause->due_at != DT_NOEND)
		push_time(state, "due", pause->due_at);
	if (pause->fails_at != 0)
		push_time(state, "fails", pause->fails_at);
	push_number(state, "timer", pause->timer);
	if (pause->place != NULL)
		respond_jsonb_push_jsonb(state, "place", pause->place);
	if (pause->memo != NULL)
		respond_jsonb_push_jsonb(state, "memo", pause->memo);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* Steps of the part that the run stands in, as places are written. */
static void
push_step(JsonbParseState **state, const FlowPart *part, const FlowStep *step)
{
	JsonbValue	number = {.type = jbvNumeric};

	if (step->name != NULL)
	{
		respond_jsonb_push_text_element(state, step->name);
		return;
	}
	number.val.numeric = int64_to_numeric(step - part->steps);
	pushJsonbValue(state, WJB_ELEM, &number);
}

static void
push_visited(JsonbParseState **state, const FlowMachine *machine)
{
	const FlowPart *part = respond_machine_part(machine);
	ListCell   *cell;

	if (machine->visited == NIL)
		return;
	respond_jsonb_push_key(state, "heard");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, machine->visited)
	{
		const FlowStep *step = lfirst(cell);

		if (step->name != NULL || (step >= part->steps && step < part->steps + part->count))
			push_step(state, part, step);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static Size
size_of(const FlowMachine *machine)
{
	const Event *event = machine->run->event;

	return machine->chain_bytes + (event != NULL ? VARSIZE(event->data) : 0);
}

static void
check_size(const FlowMachine *machine)
{
	Size		size = size_of(machine);

	if (size > MAX_SAVED)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("the run holds more data than a run that waits can keep"),
				 errdetail("Its event and what its steps gave have %zu bytes; at most %zu are kept.", size,
						   MAX_SAVED)));
}

Jsonb *
respond_run_save(FlowMachine *machine)
{
	const FlowRun *run = machine->run;
	JsonbParseState *state = NULL;

	Assert(!machine->dry);
	check_size(machine);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "format", RUN_FORMAT);
	respond_jsonb_push_text(&state, "rule", run->rule);
	respond_jsonb_push_int64(&state, "version", run->rule_version);
	respond_jsonb_push_int64(&state, "run", run->run_id);
	push_flag(&state, "replay", run->replay);
	push_text(&state, "key", run->key);
	push_parent(&state, run);
	push_time(&state, "started_at", machine->started_at);
	push_number(&state, "caused", respond_event_context_caused_by(run->run_id));
	push_event(&state, run->event);
	push_position(&state, machine);
	push_number(&state, "executed", machine->position.executed);
	push_number(&state, "pauses", machine->pauses);
	push_pause(&state, machine->pause);
	push_flag(&state, "own_events", machine->own_events != 0);
	push_visited(&state, machine);
	if (machine->beginning != NULL)
		respond_jsonb_push_jsonb(&state, "beginning", machine->beginning);
	push_number(&state, "ticket", machine->ticket_id);
	push_chain(&state, machine);
	push_log(&state, machine);
	push_failure(&state, "failure", &machine->failure);
	push_failure(&state, "first_failure", &machine->first_failure);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_run_save_if_small(FlowMachine *machine)
{
	return size_of(machine) <= MAX_SAVED ? respond_run_save(machine) : NULL;
}
