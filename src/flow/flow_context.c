/*-------------------------------------------------------------------------
 * flow_context.c
 *	  What the templates of a run see.
 *
 * No common jsonb is built: the context is a list of named values that point
 * into the event and the data chain.  Values that cost something to make are
 * left out when no template of the flow can ask for them.
 *
 * src/flow/flow_context.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "audit/mask.h"
#include "flow/flow_context.h"

void
respond_context_open(FlowMachine *machine)
{
	for (int root = 0; root < RUN_ROOTS; root++)
	{
		machine->roots[root].name = respond_run_root_name(root);
		machine->roots[root].value = respond_template_from_null();
		if (root < EVENT_ROOTS && (machine->flow->roots & ((uint32) 1 << root)))
			machine->roots[root].value = respond_event_root_value(machine->run->event, root);
	}
	machine->event.count = EVENT_ROOTS;
	machine->event.roots = machine->roots;
	machine->roots[RUN_ROOT_EVENT].value = respond_template_from_roots(&machine->event);
	machine->roots[RUN_ROOT_STEPS].value = respond_template_from_roots(&machine->steps);
	machine->roots[RUN_ROOT_RULE].value = respond_template_from_cstring(machine->run->rule);
	machine->roots[RUN_ROOT_RUN_ID].value = machine->run->run_id != 0 ?
		respond_template_from_int64(machine->run->run_id) : respond_template_from_null();
	machine->all.count = RUN_ROOTS;
	machine->all.roots = machine->roots;
}

/* How many there are. */
static int
refresh_details(Jsonb *details, TemplateRoot *values)
{
	static const char *const names[FLOW_FAILURE_DETAILS] = {"status", "headers", "body"};
	int			count = 0;

	for (int i = 0; i < FLOW_FAILURE_DETAILS && details != NULL; i++)
	{
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&details->root, names[i], strlen(names[i]), &value) == NULL)
			continue;
		values[count].name = names[i];
		values[count++].value = respond_template_from_jsonb(JsonbValueToJsonb(&value));
	}
	return count;
}

/* {{error.message}} and so on; {{error}} is null while nothing failed. */
static void
refresh_failure(FlowMachine *machine)
{
	FlowFailure *failure = &machine->failure;

	if (failure->step == NULL)
		return;
	machine->failure_values[0].name = "message";
	machine->failure_values[0].value = respond_template_from_cstring(failure->message);
	machine->failure_values[1].name = "step";
	machine->failure_values[1].value = respond_template_from_cstring(failure->step);
	machine->failure_values[2].name = "code";
	machine->failure_values[2].value = respond_template_from_cstring(failure->code);
	machine->error.count = 3 + refresh_details(failure->details, machine->failure_values + 3);
	machine->error.roots = machine->failure_values;
	machine->roots[RUN_ROOT_ERROR].value = respond_template_from_roots(&machine->error);
}

const Event *
respond_machine_outward_event(FlowMachine *machine)
{
	if (machine->outward_event == NULL && machine->run->event != NULL)
		machine->outward_event = respond_mask_event(machine->run->event);
	return machine->outward_event;
}

TemplateValue
respond_context_outward_root(FlowMachine *machine)
{
	const Event *event = respond_machine_outward_event(machine);

	if (event == machine->run->event)
		return respond_context_root(machine);
	memcpy(machine->outward_roots, machine->roots, sizeof(machine->roots));
	machine->outward_roots[EVENT_ROOT_DATA].value = respond_template_from_jsonb(event->data);
	machine->outward_of_event = (TemplateRoots) {EVENT_ROOTS, machine->outward_roots};
	machine->outward_roots[RUN_ROOT_EVENT].value = respond_template_from_roots(&machine->outward_of_event);
	machine->outward_all = (TemplateRoots) {machine->all.count, machine->outward_roots};
	return respond_template_from_roots(&machine->outward_all);
}

/* What the parameters of this step see and nothing else does. */
static void
refresh_own(FlowMachine *machine)
{
	TemplateRoot *own = &machine->roots[RUN_ROOTS + 2 * machine->loop_count];

	machine->all.count = RUN_ROOTS + 2 * machine->loop_count;
	if (machine->callback_url == NULL)
		return;
	own->name = CALLBACK_URL_ROOT;
	own->value = respond_template_from_cstring(machine->callback_url);
	machine->all.count++;
}

TemplateValue
respond_context_root(FlowMachine *machine)
{
	refresh_own(machine);
	machine->steps.count = machine->chain_count;
	machine->steps.roots = machine->chain_values;
	refresh_failure(machine);
	return respond_template_from_roots(&machine->all);
}
