/*-------------------------------------------------------------------------
 * loop_code.c
 *	  Where a run stands, loops included.
 *
 * src/flow/loop_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "flow/loop_code.h"

const LoopCode *
respond_loop_code(const FlowStep *step)
{
	return step->action->loops ? step->code : NULL;
}

bool
respond_step_may_pause(const FlowStep *step)
{
	const LoopCode *code = respond_loop_code(step);

	return code != NULL ? code->may_pause : step->action->pauses;
}

bool
respond_part_may_pause(const FlowPart *part)
{
	for (int i = 0; i < part->count; i++)
		if (respond_step_may_pause(&part->steps[i]) || part->steps[i].retry_after > 0)
			return true;
	return false;
}

static const FlowStep *
find_step(const FlowPart *part, const char *label)
{
	for (int i = 0; i < part->count; i++)
	{
		const FlowStep *step = &part->steps[i];
		const LoopCode *code = respond_loop_code(step);

		if (strcmp(respond_step_label(step), label) != 0)
			step = code != NULL ? find_step(&code->part, label) : NULL;
		if (step != NULL)
			return step;
	}
	return NULL;
}

const FlowStep *
respond_flow_find_step(const Flow *flow, const char *label)
{
	const FlowStep *step = NULL;

	for (int part = 0; part < FLOW_PARTS && step == NULL; part++)
		step = find_step(&flow->parts[part], label);
	return step;
}

const FlowPart *
respond_machine_part(const FlowMachine *machine)
{
	if (machine->loop_count > 0)
		return &respond_loop_code(machine->loops[machine->loop_count - 1].step)->part;
	return &machine->flow->parts[machine->position.part];
}

static const FlowPart *
outer_part(const FlowMachine *machine)
{
	if (machine->loop_count > 1)
		return &respond_loop_code(machine->loops[machine->loop_count - 2].step)->part;
	return &machine->flow->parts[machine->position.part];
}

const FlowStep *
respond_machine_step(const FlowMachine *machine, const FlowPart **part)
{
	int			step = machine->position.step;

	*part = respond_machine_part(machine);
	if (step != FLOW_STOP && step < (*part)->count)
		return &(*part)->steps[step];
	if (machine->loop_count == 0)
		return NULL;
	*part = outer_part(machine);
	return machine->loops[machine->loop_count - 1].step;
}
