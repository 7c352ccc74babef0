/*-------------------------------------------------------------------------
 * action_foreach.c
 *	  Action "foreach": runs steps for each item of an array, or row of a query.
 *
 * It gathers the items and enters the loop; the machine goes through it (loop.h).
 * Few items stay in memory, and in the document of the run when it is laid down.  Of
 * many only one piece is in memory at a time, the others lie beside the run.
 *
 * Output: {"count", "succeeded", "failed", "items"}; items are the outputs of the
 * last step of each, or {"error"}, up to a limit: then "truncated" is true.
 *
 * src/flow/action_foreach.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/effects.h"
#include "effect/loop_items.h"
#include "event/event_context.h"
#include "flow/action_foreach.h"
#include "flow/flow_chain.h"
#include "flow/flow_child.h"
#include "flow/flow_context.h"
#include "flow/flow_start.h"
#include "flow/loop.h"
#include "flow/loop_code.h"

/* A piece of the items has so many, or so many bytes. */
#define PIECE_ITEMS			1000
#define PIECE_BYTES			((Size) 256 * 1024)

/* Items on their way into pieces. */
typedef struct Gathering
{
	StepCall   *call;
	const LoopCode *code;
	LoopFrame  *frame;
	MemoryContext context;		/* of the piece */
	JsonbParseState *state;
	int			in_piece;		/* elements */
	int			in_batch;		/* items of the last one; 0: none is open */
	Size		bytes;
} Gathering;

static void
begin_piece(Gathering *gathering)
{
	MemoryContextReset(gathering->context);
	gathering->state = NULL;
	gathering->in_piece = 0;
	gathering->bytes = 0;
	pushJsonbValue(&gathering->state, WJB_BEGIN_ARRAY, NULL);
}

static Jsonb *
end_piece(Gathering *gathering)
{
	return JsonbValueToJsonb(pushJsonbValue(&gathering->state, WJB_END_ARRAY, NULL));
}

static void
store_piece(Gathering *gathering)
{
	LoopFrame  *frame = gathering->frame;
	FlowMachine *machine = gathering->call->machine;

	respond_loop_items_put(machine->run->run_id, machine->run->owner, machine->loop_count,
						   frame->count - gathering->in_piece, end_piece(gathering));
	frame->stored = true;
}

static void
end_batch(Gathering *gathering)
{
	if (gathering->in_batch == 0)
		return;
	pushJsonbValue(&gathering->state, WJB_END_ARRAY, NULL);
	gathering->in_batch = 0;
}

/* A new element begins: in a new piece, when this one has enough. */
static void
begin_element(Gathering *gathering)
{
	if (gathering->in_piece >= PIECE_ITEMS || gathering->bytes >= PIECE_BYTES)
	{
		store_piece(gathering);
		begin_piece(gathering);
	}
	gathering->frame->count++;
	gathering->in_piece++;
	if (gathering->code->batch > 1)
		pushJsonbValue(&gathering->state, WJB_BEGIN_ARRAY, NULL);
}

static void
refuse_more(Gathering *gathering)
{
	FlowMachine *machine = gathering->call->machine;

	if (gathering->frame->stored)
		respond_loop_items_forget(machine->run->run_id, machine->loop_count);
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_LIMIT),
			 errmsg("%s: there are more than %d items", gathering->call->step->place, LOOP_MAX_ITEMS)));
}

/* value is copied. */
static void
add_item(Gathering *gathering, Jsonb *value)
{
	MemoryContext caller = MemoryContextSwitchTo(gathering->context);
	Jsonb	   *copy;

	if (gathering->call->machine->dry && gathering->frame->items > 0)
	{
		/* a dry run shows the first one */
		gathering->frame->items++;
		MemoryContextSwitchTo(caller);
		return;
	}
	if (gathering->frame->items >= LOOP_MAX_ITEMS)
		refuse_more(gathering);
	CHECK_FOR_INTERRUPTS();
	if (gathering->in_batch >= gathering->code->batch)
		end_batch(gathering);
	if (gathering->in_batch == 0)
		begin_element(gathering);
	copy = palloc(VARSIZE(value));
	memcpy(copy, value, VARSIZE(value));
	respond_jsonb_push_element(&gathering->state, copy);
	gathering->in_batch = gathering->code->batch > 1 ? gathering->in_batch + 1 : 0;
	gathering->bytes += VARSIZE(value);
	gathering->frame->items++;
	MemoryContextSwitchTo(caller);
}

static void
take_row(void *context, Jsonb *row)
{
	add_item(context, row);
}

static void
gather_query(Gathering *gathering)
{
	StepCall   *call = gathering->call;
	FlowMachine *machine = call->machine;

	respond_effects_flush();
	machine->contained = true;
	(void) respond_owner_sql_each(call->values[FOREACH_QUERY].sql, machine->run->event, respond_chain_jsonb(machine),
								  take_row, gathering);
	machine->contained = false;
}

static void
gather_array(Gathering *gathering, Jsonb *items)
{
	JsonbIterator *iterator;
	JsonbValue	item;

	if (!JB_ROOT_IS_ARRAY(items) || JB_ROOT_IS_SCALAR(items))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.items: is not an array", gathering->call->step->place),
				 errhint("Write the path of an array, as in \"{{data.lines}}\".")));
	iterator = JsonbIteratorInit(&items->root);
	while (true)
	{
		JsonbIteratorToken token = JsonbIteratorNext(&iterator, &item, true);

		if (token == WJB_DONE)
			break;
		if (token == WJB_ELEM)
			add_item(gathering, JsonbValueToJsonb(&item));
	}
}

/* What simulate() shows of it. */
static void
describe(StepCall *call, const LoopFrame *frame, bool known)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (known)
		respond_jsonb_push_int64(&state, "count", frame->items);
	else
		respond_jsonb_push_text(&state, "query", call->values[FOREACH_QUERY].text);
	call->machine->parameters = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* A dry run does not run the query: it shows the steps for a row that says nothing. */
static void
pretend_row(Gathering *gathering)
{
	gathering->call->machine->blind = true;
	add_item(gathering, respond_jsonb_empty_object());
}

static void
gather(Gathering *gathering)
{
	FlowMachine *machine = gathering->call->machine;
	bool		known = gathering->code->items != NULL;

	if (known)
	{
		TemplateValue root = respond_context_root(machine);
		const JsonTemplate *items = gathering->code->items;

		gather_array(gathering, respond_json_template_render_jsonb(items, &root, TEMPLATE_ESCAPE_NONE));
	}
	else if (machine->dry)
		pretend_row(gathering);
	else
		gather_query(gathering);
	if (machine->dry)
		describe(gathering->call, gathering->frame, known);
}

/* What is left when all are gathered: all of them, when they were few. */
static void
finish(Gathering *gathering)
{
	LoopFrame  *frame = gathering->frame;

	end_batch(gathering);
	if (frame->stored)
		store_piece(gathering);
	else
		frame->window = end_piece(gathering);
}

StepResult
respond_action_foreach(StepCall *call)
{
	FlowMachine *machine = call->machine;
	LoopFrame  *frame = palloc0(sizeof(LoopFrame));
	Gathering	gathering = {.call = call,.code = respond_loop_code(call->step),.frame = frame};
	MemoryContext caller;

	/* it is entered, and never waits itself */
	if (call->wake != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RUN),
				 errmsg("the run waits at %s, but is in no loop", call->step->place)));
	gathering.context = AllocSetContextCreate(machine->context, "pg_respond items", ALLOCSET_SMALL_SIZES);
	frame->step = call->step;
	caller = MemoryContextSwitchTo(gathering.context);
	begin_piece(&gathering);
	MemoryContextSwitchTo(caller);
	gather(&gathering);
	MemoryContextSwitchTo(gathering.context);
	finish(&gathering);
	MemoryContextSwitchTo(caller);
	if (machine->dry && frame->items == 0)
		return STEP_DONE;
	call->loop = frame;
	return STEP_LOOP;
}

void
respond_foreach_begin_run(FlowMachine *machine, LoopFrame *frame)
{
	FlowRun		child = {0};
	int64		caused = respond_event_context_caused_by(machine->run->run_id);

	child.rule = machine->run->rule;
	child.rule_version = machine->run->rule_version;
	child.owner = machine->run->owner;
	child.event = machine->run->event;
	child.woken_by = machine->run->woken_by;
	child.run_id = respond_effects_run_id();
	child.end_context = machine->context;
	respond_child_prepare(machine, &child);
	/* whichever pause the parent is in by then */
	child.parent_pause = 0;
	respond_loop_began_run(frame, child.run_id);
	respond_flow_start_item(machine, &child);
	respond_event_context_take_up(machine->run->run_id, caused);
	frame->open = false;
	machine->position.step = FLOW_STOP;
	if (child.end != NULL)
		respond_loop_run_ended(machine, child.end);
}
