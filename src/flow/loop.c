/*-------------------------------------------------------------------------
 * loop.c
 *	  Loops that a run is in: which item, how many are done, what they gave.
 *
 * src/flow/loop.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/loop_items.h"
#include "flow/flow_chain.h"
#include "flow/flow_child.h"
#include "flow/loop.h"
#include "flow/loop_code.h"

LoopFrame *
respond_loop_current(const FlowMachine *machine)
{
	return machine->loop_count > 0 ? unconstify(LoopFrame *, &machine->loops[machine->loop_count - 1]) : NULL;
}

bool
respond_loop_is_between(const FlowMachine *machine)
{
	int			step = machine->position.step;

	return machine->loop_count > 0 && (step == FLOW_STOP || step >= respond_machine_part(machine)->count);
}

void
respond_loop_enter(FlowMachine *machine, LoopFrame *frame)
{
	LoopFrame  *entered = &machine->loops[machine->loop_count];

	Assert(machine->loop_count < FLOW_MAX_LOOPS);
	*entered = *frame;
	entered->outer = machine->position;
	entered->chain_base = machine->chain_count;
	entered->fails_at = frame->step->timeout == 0 || machine->dry ? 0 :
		TimestampTzPlusMilliseconds(respond_clock_now(), frame->step->timeout);
	machine->loop_count++;
	machine->position.step = FLOW_STOP;
	machine->position.attempts = 0;
	respond_loop_refresh_names(machine);
}

LoopFrame *
respond_loop_leave(FlowMachine *machine)
{
	LoopFrame  *frame = palloc(sizeof(LoopFrame));

	*frame = *respond_loop_current(machine);
	machine->loop_count--;
	if (frame->stored)
		respond_loop_items_forget(machine->run->run_id, machine->loop_count);
	respond_chain_cut(machine, frame->chain_base);
	machine->position = frame->outer;
	respond_loop_refresh_names(machine);
	return frame;
}

void
respond_loop_leave_all(FlowMachine *machine)
{
	while (machine->loop_count > 0)
		(void) respond_loop_leave(machine);
}

/* How many items the element is: more than one in batches. */
static int64
size_of(const LoopFrame *frame, int64 number)
{
	int			batch = respond_loop_code(frame->step)->batch;

	return batch == 1 ? 1 : Min(batch, frame->items - number * batch);
}

static void
note_output(LoopFrame *frame, int64 number, Jsonb *output)
{
	if (output == NULL)
		output = respond_jsonb_empty_object();
	if (number >= LOOP_MAX_OUTPUTS || frame->output_bytes + VARSIZE(output) > LOOP_MAX_OUTPUT_BYTES)
	{
		frame->truncated = true;
		return;
	}
	if (frame->outputs == NULL)
		frame->outputs = palloc0(sizeof(Jsonb *) * LOOP_MAX_OUTPUTS);
	frame->outputs[number] = output;
	frame->output_bytes += VARSIZE(output);
	frame->output_count = Max(frame->output_count, number + 1);
}

static void
note_success(LoopFrame *frame, int64 number, Jsonb *output)
{
	frame->succeeded += size_of(frame, number);
	note_output(frame, number, output);
}

static void
note_failure(FlowMachine *machine, LoopFrame *frame, int64 number, const char *error, const char *shown)
{
	const char *step = respond_step_label(frame->step);

	frame->failed += size_of(frame, number);
	note_output(frame, number, respond_jsonb_of_text("error", error));
	respond_chain_log(machine, psprintf("%s, item " INT64_FORMAT ": %s", step, number, error),
					  psprintf("%s, item " INT64_FORMAT ": %s", step, number, shown));
	if (!respond_loop_code(frame->step)->continues && frame->fault == NULL)
		frame->fault = psprintf("item " INT64_FORMAT ": %s", number, error);
}

static char *
timeout_words(const LoopFrame *frame)
{
	return psprintf("%s: timed out after " INT64_FORMAT " ms", frame->step->place, frame->step->timeout);
}

void
respond_loop_limit(const FlowMachine *machine, FlowPause *pause)
{
	for (int i = 0; i < machine->loop_count; i++)
		if (machine->loops[i].fails_at != 0)
			pause->due_at = Min(pause->due_at, machine->loops[i].fails_at);
}

void
respond_loop_check_limit(const FlowMachine *machine, const FlowPause *pause, const FlowWake *wake)
{
	if (wake == NULL || wake->kind != WAKE_TIMEOUT)
		return;
	for (int i = 0; i < machine->loop_count; i++)
		if (machine->loops[i].fails_at != 0 && pause->due_at >= machine->loops[i].fails_at)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s", timeout_words(&machine->loops[i]))));
}

/* Other work may be done when this transaction has done a lot. */
static bool
is_turn(FlowMachine *machine)
{
	TimestampTz now = GetCurrentTimestamp();

	if (machine->dry)
		return false;
	if (machine->turn_items == 0)
		machine->turn_began = now;
	return machine->turn_items >= LOOP_TURN_ITEMS || machine->turn_steps >= LOOP_TURN_STEPS ||
		TimestampDifferenceExceeds(machine->turn_began, now, LOOP_TURN_MS);
}

void
respond_loop_find_item(FlowMachine *machine, int level, int64 number)
{
	LoopFrame  *frame = &machine->loops[level];
	JsonbValue *element;

	if (frame->window == NULL || number < frame->first || number >= frame->first + JB_ROOT_COUNT(frame->window))
	{
		if (!frame->stored)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RUN),
					 errmsg("the run has no item " INT64_FORMAT, number)));
		frame->window = respond_loop_items_get(machine->run->run_id, level, number, &frame->first);
	}
	element = getIthJsonbValueFromContainer(&frame->window->root, number - frame->first);
	frame->item = JsonbValueToJsonb(element);
}

static void
take_item(FlowMachine *machine, LoopFrame *frame)
{
	respond_loop_find_item(machine, machine->loop_count - 1, frame->next);
	frame->next++;
	frame->open = true;
	frame->last = NULL;
	machine->turn_items += size_of(frame, frame->next - 1);
	respond_chain_cut(machine, frame->chain_base);
	machine->position.step = 0;
	machine->position.attempts = 0;
	machine->position.executed = 0;
	respond_loop_refresh_names(machine);
}

/* Items of parallel loops whose steps may wait are runs; who cannot wait here goes through them one by one. */
static bool
begins_runs(const FlowMachine *machine, const LoopCode *code)
{
	return code->parallel && code->may_pause && machine->run->may_pause && !machine->dry;
}

LoopNext
respond_loop_next(FlowMachine *machine)
{
	LoopFrame  *frame = respond_loop_current(machine);
	const LoopCode *code = respond_loop_code(frame->step);

	if (frame->single)
		return LOOP_ITEM_ENDED;
	if (frame->open)
		note_success(frame, frame->next - 1, frame->last);
	frame->open = false;
	if (frame->fails_at != 0 && frame->fault == NULL && respond_clock_now() >= frame->fails_at)
		frame->fault = timeout_words(frame);
	if (frame->fault != NULL || frame->next >= frame->count || (machine->dry && frame->next > 0))
		return frame->runs != NIL ? LOOP_WAITS : LOOP_ENDED;
	if (is_turn(machine))
		return LOOP_TURN;
	if (begins_runs(machine, code) && list_length(frame->runs) >= code->concurrency)
		return LOOP_WAITS;
	take_item(machine, frame);
	return begins_runs(machine, code) ? LOOP_ITEM_RUN : LOOP_ITEM;
}

bool
respond_loop_item_failed(FlowMachine *machine)
{
	LoopFrame  *frame = respond_loop_current(machine);
	const FlowFailure *failure = &machine->failure;

	if (frame == NULL || frame->single)
		return false;
	note_failure(machine, frame, frame->next - 1, psprintf("%s failed: %s", failure->step, failure->message),
				 psprintf("%s failed: %s", failure->step, failure->shown));
	frame->open = false;
	machine->position.step = FLOW_STOP;
	return true;
}

void
respond_loop_note_output(FlowMachine *machine, Jsonb *output)
{
	LoopFrame  *frame = respond_loop_current(machine);

	machine->turn_steps++;
	if (frame != NULL)
		frame->last = output;
}

void
respond_loop_began_run(LoopFrame *frame, int64 run_id)
{
	LoopItemRun *run = palloc(sizeof(LoopItemRun));

	run->run_id = run_id;
	run->number = frame->next - 1;
	frame->runs = lappend(frame->runs, run);
}

static LoopItemRun *
find_run(const LoopFrame *frame, int64 run_id)
{
	ListCell   *cell;

	foreach(cell, frame->runs)
		if (((LoopItemRun *) lfirst(cell))->run_id == run_id)
			return lfirst(cell);
	return NULL;
}

void
respond_loop_run_ended(FlowMachine *machine, Jsonb *end)
{
	LoopFrame  *frame = respond_loop_current(machine);
	LoopItemRun *run = frame != NULL ? find_run(frame, respond_child_run_id(end)) : NULL;
	char	   *status = respond_child_status(end);

	if (run == NULL)
		return;
	frame->runs = list_delete_ptr(frame->runs, run);
	if (strcmp(status, "succeeded") == 0)
		note_success(frame, run->number, respond_child_output(end));
	else
		note_failure(machine, frame, run->number,
					 psprintf("run " INT64_FORMAT " %s: %s", run->run_id, status, respond_child_error(end, false)),
					 psprintf("run " INT64_FORMAT " %s: %s", run->run_id, status, respond_child_error(end, true)));
}

static Jsonb *
array_of(Jsonb *item)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	respond_jsonb_push_element(&state, item);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

void
respond_loop_split(const FlowMachine *machine, FlowMachine *of_item)
{
	of_item->position = machine->position;
	of_item->ticket_id = machine->ticket_id;
	of_item->failure = machine->failure;
	of_item->first_failure = machine->first_failure;
	of_item->loop_count = machine->loop_count;
	for (int i = 0; i < machine->loop_count; i++)
	{
		LoopFrame  *frame = &of_item->loops[i];

		*frame = machine->loops[i];
		frame->runs = NIL;
		frame->outputs = NULL;
		frame->output_count = 0;
		frame->output_bytes = 0;
		frame->stored = false;
		frame->first = frame->next - 1;
		frame->window = array_of(frame->item);
		frame->single = i == machine->loop_count - 1;
	}
	respond_chain_copy(machine, of_item);
	respond_loop_refresh_names(of_item);
}

static void
push_outputs(JsonbParseState **state, const LoopFrame *frame)
{
	JsonbValue	null = {.type = jbvNull};

	respond_jsonb_push_key(state, "items");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < frame->output_count; i++)
	{
		if (frame->outputs[i] != NULL)
			respond_jsonb_push_element(state, frame->outputs[i]);
		else
			pushJsonbValue(state, WJB_ELEM, &null);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
	if (frame->truncated)
		respond_jsonb_push_boolean(state, "truncated", true);
}

Jsonb *
respond_loop_output(const LoopFrame *frame, bool shown)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "count", frame->items);
	respond_jsonb_push_int64(&state, "succeeded", frame->succeeded);
	respond_jsonb_push_int64(&state, "failed", frame->failed);
	if (!shown)
		push_outputs(&state, frame);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Jsonb *
jsonb_of_number(int64 number)
{
	JsonbValue	value = {.type = jbvNumeric};

	value.val.numeric = int64_to_numeric(number);
	return JsonbValueToJsonb(&value);
}

void
respond_loop_refresh_names(FlowMachine *machine)
{
	for (int i = 0; i < machine->loop_count; i++)
	{
		const LoopFrame *frame = &machine->loops[i];
		const LoopCode *code = respond_loop_code(frame->step);
		TemplateRoot *roots = &machine->roots[RUN_ROOTS + 2 * i];
		SqlLocal   *locals = &machine->locals[2 * i];

		roots[0].name = locals[0].name = code->as;
		roots[1].name = locals[1].name = code->index;
		locals[0].value = frame->item;
		locals[1].value = jsonb_of_number(frame->next - 1);
		roots[0].value = frame->item != NULL ? respond_template_from_jsonb(frame->item) : respond_template_from_null();
		roots[1].value = respond_template_from_int64(frame->next - 1);
	}
	machine->all.count = RUN_ROOTS + 2 * machine->loop_count;
}
