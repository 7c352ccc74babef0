/*-------------------------------------------------------------------------
 * step_order.c
 *	  Which steps may come after a step.
 *
 * src/flow/step_order.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "flow/step_order.h"

/* Notes the step, and those behind it as long as they may be skipped. */
static void
note_next(const FlowPart *part, int index, bool *noted)
{
	while (index >= 0 && index <= part->count && !noted[index])
	{
		noted[index] = true;
		if (index == part->count || part->steps[index].condition == NULL)
			return;
		index++;
	}
}

bool *
respond_steps_next(const FlowPart *part, const FlowStep *step, bool before)
{
	bool	   *noted = palloc0(sizeof(bool) * (part->count + 1));

	if (before)
	{
		note_next(part, step - part->steps, noted);
		return noted;
	}
	note_next(part, step - part->steps + 1, noted);
	for (const FlowTarget *target = step->targets; target != NULL; target = target->next)
		note_next(part, target->index, noted);
	return noted;
}
