/*-------------------------------------------------------------------------
 * flow_chain.c
 *	  The data chain of a run: what its steps gave, by name.
 *
 * Most runs only write the chain.  So it is kept as separate values, which
 * templates read as they are; the one object of it is made at the end, or when
 * SQL asks for it.
 *
 * src/flow/flow_chain.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "flow/flow_chain.h"

/* A slot for the name: that of an earlier pass through the same step, or a new one. */
static int
find_slot(FlowMachine *machine, const char *name)
{
	for (int i = 0; i < machine->chain_count; i++)
		if (machine->chain[i].name == name)
			return i;
	if (machine->chain_count == machine->chain_size)
	{
		int			size = Max(8, machine->chain_size * 2);
		ChainEntry *chain = MemoryContextAlloc(machine->context, size * sizeof(ChainEntry));
		TemplateRoot *values = MemoryContextAlloc(machine->context, size * sizeof(TemplateRoot));

		/* memcpy must not be given a null pointer, not even for no bytes */
		if (machine->chain_count > 0)
		{
			memcpy(chain, machine->chain, machine->chain_count * sizeof(ChainEntry));
			memcpy(values, machine->chain_values, machine->chain_count * sizeof(TemplateRoot));
		}
		machine->chain = chain;
		machine->chain_values = values;
		machine->chain_size = size;
	}
	machine->chain[machine->chain_count].name = name;
	machine->chain[machine->chain_count].value = NULL;
	return machine->chain_count++;
}

/* A value counts as it is stored or as text, whichever is longer. */
static Size
value_size(Jsonb *value)
{
	return Max(VARSIZE(value), respond_jsonb_text_size(&value->root, FLOW_MAX_CHAIN));
}

void
respond_chain_set(FlowMachine *machine, const FlowStep *step, Jsonb *value, Jsonb *shown)
{
	int			slot;

	if (step->name == NULL)
		return;
	if (value == NULL)
		value = shown = respond_jsonb_empty_object();
	if (shown == NULL)
		shown = respond_jsonb_empty_object();
	machine->has_private |= shown != value;
	slot = find_slot(machine, step->name);
	if (machine->chain[slot].value != NULL)
		machine->chain_bytes -= value_size(machine->chain[slot].value);
	machine->chain_bytes += value_size(value);
	machine->chain[slot].value = value;
	machine->chain[slot].shown = shown;
	machine->chain_values[slot].name = step->name;
	machine->chain_values[slot].value = respond_template_from_jsonb(value);
	machine->chain_jsonb = NULL;
}

void
respond_chain_cut(FlowMachine *machine, int count)
{
	if (machine->chain_count <= count)
		return;
	for (int i = count; i < machine->chain_count; i++)
		machine->chain_bytes -= value_size(machine->chain[i].value);
	machine->chain_count = count;
	machine->chain_jsonb = NULL;
}

void
respond_chain_copy(const FlowMachine *from, FlowMachine *to)
{
	for (int i = 0; i < from->chain_count; i++)
	{
		const ChainEntry *entry = &from->chain[i];
		FlowStep	step = {.name = entry->name};

		respond_chain_set(to, &step, entry->value, entry->shown);
	}
}

/* The first line that does not fit leaves a note, those behind it nothing. */
void
respond_chain_log(FlowMachine *machine, const char *line, const char *shown)
{
	if (machine->log_bytes > FLOW_MAX_LOG)
		return;
	machine->log_bytes += strlen(line) + 1;
	if (machine->log_bytes > FLOW_MAX_LOG)
		line = shown = "(the log is full)";
	machine->has_private |= shown != NULL && shown != line;
	machine->log = lappend(machine->log, pstrdup(line));
	machine->shown_log = lappend(machine->shown_log, pstrdup(shown != NULL ? shown : line));
}

static void
push_chain(FlowMachine *machine, JsonbParseState **state, bool shown)
{
	for (int i = 0; i < machine->chain_count; i++)
		respond_jsonb_push_jsonb(state, machine->chain[i].name,
								 shown ? machine->chain[i].shown : machine->chain[i].value);
}

Jsonb *
respond_chain_jsonb(FlowMachine *machine)
{
	if (machine->chain_jsonb == NULL)
	{
		JsonbParseState *state = NULL;

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_chain(machine, &state, false);
		machine->chain_jsonb = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	}
	return machine->chain_jsonb;
}

Jsonb *
respond_failure_jsonb(const FlowFailure *failure)
{
	JsonbParseState *state = NULL;
	Jsonb	   *error;

	if (failure->step == NULL)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "message", failure->message);
	respond_jsonb_push_text(&state, "step", failure->step);
	respond_jsonb_push_text(&state, "code", failure->code);
	error = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	if (failure->details == NULL)
		return error;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(failure->details), JsonbPGetDatum(error)));
}

static Jsonb *
make_state(FlowMachine *machine, const List *log, bool shown)
{
	JsonbParseState *state = NULL;
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_chain(machine, &state, shown);
	if (log != NIL)
	{
		respond_jsonb_push_key(&state, "_log");
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		foreach(cell, log)
			respond_jsonb_push_text_element(&state, lfirst(cell));
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_machine_state(FlowMachine *machine)
{
	return machine->log == NIL ? respond_chain_jsonb(machine) : make_state(machine, machine->log, false);
}

Jsonb *
respond_machine_shown_state(FlowMachine *machine)
{
	return machine->has_private ? make_state(machine, machine->shown_log, true) : NULL;
}
