/*-------------------------------------------------------------------------
 * loop_save.c
 *	  Loops in the document of a run.
 *
 * src/flow/loop_save.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "common/jsonb_push.h"
#include "effect/loop_items.h"
#include "flow/loop.h"
#include "flow/loop_code.h"
#include "flow/loop_save.h"

/* So many bytes of items lie in the document itself. */
#define LARGEST_WINDOW	((Size) 16 * 1024)

/* An object in the document, and where it stands. */
typedef struct Place
{
	JsonbContainer *object;
	const char *name;
} Place;

pg_noreturn static void raise_fault(const Place *place, const char *member, const char *fault);

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

/* The elements that are not done, of those that are in memory; NULL: none. */
static Jsonb *
rest_of(const LoopFrame *frame, int64 from)
{
	JsonbParseState *state = NULL;
	int64		end = frame->window != NULL ? frame->first + JB_ROOT_COUNT(frame->window) : 0;

	if (from >= end)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int64 number = from; number < end; number++)
		pushJsonbValue(&state, WJB_ELEM, getIthJsonbValueFromContainer(&frame->window->root, number - frame->first));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

static void
push_items(JsonbParseState **state, FlowMachine *machine, int level)
{
	LoopFrame  *frame = &machine->loops[level];
	int64		from = frame->open ? frame->next - 1 : frame->next;
	Jsonb	   *rest = frame->stored ? NULL : rest_of(frame, from);

	if (rest != NULL && VARSIZE(rest) > LARGEST_WINDOW)
	{
		respond_loop_items_put(machine->run->run_id, machine->run->owner, level, from, rest);
		frame->stored = true;
	}
	else if (rest != NULL)
	{
		push_number(state, "first", from);
		respond_jsonb_push_jsonb(state, "rest", rest);
	}
	push_flag(state, "stored", frame->stored);
}

static void
push_outputs(JsonbParseState **state, const LoopFrame *frame)
{
	JsonbValue	null = {.type = jbvNull};

	if (frame->output_count == 0)
		return;
	respond_jsonb_push_key(state, "outputs");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < frame->output_count; i++)
	{
		if (frame->outputs[i] != NULL)
			respond_jsonb_push_element(state, frame->outputs[i]);
		else
			pushJsonbValue(state, WJB_ELEM, &null);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_runs(JsonbParseState **state, const LoopFrame *frame)
{
	ListCell   *cell;

	if (frame->runs == NIL)
		return;
	respond_jsonb_push_key(state, "runs");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, frame->runs)
	{
		const LoopItemRun *run = lfirst(cell);

		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		respond_jsonb_push_int64(state, "run", run->run_id);
		respond_jsonb_push_int64(state, "number", run->number);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

void
respond_loop_save(JsonbParseState **state, FlowMachine *machine, int level)
{
	const LoopFrame *frame = &machine->loops[level];

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "items", frame->items);
	respond_jsonb_push_int64(state, "count", frame->count);
	push_number(state, "next", frame->next);
	push_flag(state, "open", frame->open);
	push_number(state, "chain", frame->chain_base);
	push_number(state, "executed", frame->outer.executed);
	if (frame->open && frame->last != NULL)
		respond_jsonb_push_jsonb(state, "last", frame->last);
	push_items(state, machine, level);
	push_number(state, "succeeded", frame->succeeded);
	push_number(state, "failed", frame->failed);
	push_outputs(state, frame);
	push_flag(state, "truncated", frame->truncated);
	push_number(state, "fails_at", frame->fails_at);
	if (frame->fault != NULL)
		respond_jsonb_push_text(state, "fault", frame->fault);
	push_runs(state, frame);
	push_flag(state, "single", frame->single);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
raise_fault(const Place *place, const char *member, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RUN),
			 errmsg("the saved run cannot be resumed: %s%s%s: %s", place->name, member[0] != '\0' ? "." : "", member,
					fault)));
}

static bool
find(const Place *place, const char *member, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(place->object, member, strlen(member), value) != NULL;
}

static void
check_members(const Place *place)
{
	static const char *const names[] = {
		"items", "count", "next", "open", "chain", "executed", "last", "first", "rest", "stored", "succeeded", "failed",
		"outputs", "truncated", "fails_at", "fault", "runs", "single"
	};
	int			known = 0;
	JsonbValue	value;

	for (int i = 0; i < lengthof(names); i++)
		known += find(place, names[i], &value);
	if (known != JsonContainerSize(place->object))
		raise_fault(place, "", "has a member that there is not in this format");
}

/* 0 when it is missing. */
static int64
read_number(const Place *place, const char *member, int64 high)
{
	JsonbValue	value;
	int64		number;

	if (!find(place, member, &value))
		return 0;
	if (value.type != jbvNumeric || numeric_is_nan(value.val.numeric) || numeric_is_inf(value.val.numeric))
		raise_fault(place, member, "is not a number");
	/* a number of an item fits into eight bytes; what does not is no such number */
	number = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
	if (number < 0 || number > high)
		raise_fault(place, member, psprintf("is not a whole number from 0 to " INT64_FORMAT, high));
	return number;
}

static bool
read_flag(const Place *place, const char *member)
{
	JsonbValue	value;

	if (!find(place, member, &value))
		return false;
	if (value.type != jbvBool)
		raise_fault(place, member, "is not true or false");
	return value.val.boolean;
}

/* NULL when it is missing. */
static JsonbContainer *
read_array(const Place *place, const char *member, uint32 most)
{
	JsonbValue	value;

	if (!find(place, member, &value))
		return NULL;
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data) ||
		JsonContainerSize(value.val.binary.data) > most)
		raise_fault(place, member, psprintf("is not an array of at most %u values", most));
	return value.val.binary.data;
}

static void
read_outputs(LoopFrame *frame, const Place *place)
{
	JsonbContainer *outputs = read_array(place, "outputs", LOOP_MAX_OUTPUTS);

	if (outputs == NULL)
		return;
	frame->outputs = palloc0(sizeof(Jsonb *) * LOOP_MAX_OUTPUTS);
	frame->output_count = JsonContainerSize(outputs);
	for (int i = 0; i < frame->output_count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(outputs, i);

		if (value->type == jbvNull)
			continue;
		frame->outputs[i] = JsonbValueToJsonb(value);
		frame->output_bytes += VARSIZE(frame->outputs[i]);
	}
}

static void
read_runs(LoopFrame *frame, const Place *place)
{
	JsonbContainer *runs = read_array(place, "runs", LOOP_MAX_CONCURRENCY);

	for (uint32 i = 0; runs != NULL && i < JsonContainerSize(runs); i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(runs, i);
		LoopItemRun *run = palloc(sizeof(LoopItemRun));
		Place		of_run = {NULL, psprintf("%s.runs[%u]", place->name, i)};

		if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
			raise_fault(&of_run, "", "is not an object");
		of_run.object = value->val.binary.data;
		run->run_id = read_number(&of_run, "run", PG_INT64_MAX);
		run->number = read_number(&of_run, "number", Max(frame->next - 1, 0));
		frame->runs = lappend(frame->runs, run);
	}
}

static void
read_items(LoopFrame *frame, const Place *place)
{
	JsonbValue	value;

	frame->stored = read_flag(place, "stored");
	frame->first = read_number(place, "first", LOOP_MAX_ITEMS);
	if (read_array(place, "rest", LOOP_MAX_ITEMS) != NULL && find(place, "rest", &value))
		frame->window = JsonbValueToJsonb(&value);
}

void
respond_loop_restore(FlowMachine *machine, int level, const JsonbValue *value, const char *name)
{
	LoopFrame  *frame = &machine->loops[level];
	Place		place = {NULL, name};
	JsonbValue	member;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		raise_fault(&place, "", "is not an object");
	place.object = value->val.binary.data;
	check_members(&place);
	frame->items = read_number(&place, "items", LOOP_MAX_ITEMS);
	frame->count = read_number(&place, "count", frame->items);
	frame->next = read_number(&place, "next", frame->count);
	frame->open = read_flag(&place, "open");
	if (frame->open && frame->next == 0)
		raise_fault(&place, "open", "there is no item yet");
	frame->chain_base = read_number(&place, "chain", PG_INT32_MAX);
	frame->outer.executed = read_number(&place, "executed", FLOW_MAX_EXECUTED);
	if (find(&place, "last", &member))
		frame->last = JsonbValueToJsonb(&member);
	read_items(frame, &place);
	frame->succeeded = read_number(&place, "succeeded", frame->items);
	frame->failed = read_number(&place, "failed", frame->items);
	read_outputs(frame, &place);
	frame->truncated = read_flag(&place, "truncated");
	frame->fails_at = read_number(&place, "fails_at", PG_INT64_MAX);
	if (find(&place, "fault", &member))
	{
		if (member.type != jbvString)
			raise_fault(&place, "fault", "is not a text");
		frame->fault = pnstrdup(member.val.string.val, member.val.string.len);
	}
	read_runs(frame, &place);
	frame->single = read_flag(&place, "single");
	if (frame->open)
		respond_loop_find_item(machine, level, frame->next - 1);
}
