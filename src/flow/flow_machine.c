/*-------------------------------------------------------------------------
 * flow_machine.c
 *	  The life of a step machine.
 *
 * src/flow/flow_machine.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "flow/flow_context.h"
#include "flow/flow_machine.h"

const char *
respond_step_label(const FlowStep *step)
{
	return step->name != NULL ? step->name : step->place;
}

void
respond_machine_open(FlowMachine *machine, Flow *flow, FlowRun *run, bool dry)
{
	memset(machine, 0, sizeof(*machine));
	machine->flow = flow;
	machine->run = run;
	machine->dry = dry;
	machine->started_at = respond_clock_now();
	machine->context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond run",
											 ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(machine->context);
	respond_context_open(machine);
	if (!dry)
		return;
	pushJsonbValue(&machine->record, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&machine->shown_record, WJB_BEGIN_ARRAY, NULL);
}

void
respond_machine_close(FlowMachine *machine)
{
	MemoryContextSwitchTo(MemoryContextGetParent(machine->context));
	MemoryContextDelete(machine->context);
}

Jsonb *
respond_machine_record(FlowMachine *machine)
{
	return JsonbValueToJsonb(pushJsonbValue(&machine->record, WJB_END_ARRAY, NULL));
}

Jsonb *
respond_machine_shown_record(FlowMachine *machine)
{
	return JsonbValueToJsonb(pushJsonbValue(&machine->shown_record, WJB_END_ARRAY, NULL));
}

bool
respond_machine_is_blind(const FlowMachine *machine)
{
	return machine->blind && (machine->flow->roots & ((uint32) 1 << RUN_ROOT_STEPS)) != 0;
}
