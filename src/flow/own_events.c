/*-------------------------------------------------------------------------
 * own_events.c
 *	  Events that a run records itself, and its waits that are not to hear them.
 *
 * src/flow/own_events.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/clock.h"
#include "flow/action_flow.h"
#include "flow/loop.h"
#include "flow/loop_code.h"
#include "flow/own_events.h"
#include "flow/step_order.h"
#include "flow/wait_code.h"
#include "match/types_meet.h"
#include "template/template_jsonb.h"

#define WAIT_BIT(number)	((uint64) 1 << ((number) % 64))

/* A wait that does not hear from the start of the run on. */
static bool
has_beginning(const FlowStep *step)
{
	const WaitCode *code = respond_wait_code(step);

	return code != NULL && code->count > 0 && code->since != WAIT_FROM_RUN;
}

static void
list_waits(const FlowPart *part, List **waits)
{
	for (int i = 0; i < part->count; i++)
	{
		FlowStep   *step = &part->steps[i];

		if (has_beginning(step))
			*waits = lappend(*waits, step);
		if (respond_loop_code(step) != NULL)
			list_waits(&respond_loop_code(step)->part, waits);
	}
}

/* Of a step that is none of these waits: none. */
static uint64
bit_of(const List *waits, const FlowStep *step)
{
	int			number = 0;
	ListCell   *cell;

	foreach(cell, waits)
	{
		if (lfirst(cell) == step)
			return WAIT_BIT(number);
		number++;
	}
	return 0;
}

static bool
may_hear(const FlowStep *wait, const char *types)
{
	const WaitCode *code = respond_wait_code(wait);

	for (int i = 0; i < code->count; i++)
		if (respond_type_meets(code->alternatives[i].event_type, types))
			return true;
	return false;
}

/* Types of the events that the step may record; NULL: none. */
static const char *
types_of(const FlowStep *step)
{
	const Template *type;
	TemplateValue none = {TEMPLATE_NULL};

	if (step->action->execute != respond_action_emit)
		return step->action->records;
	type = step->parameters[EMIT_TYPE].text;
	return respond_template_is_plain(type) ?
		respond_template_render_cstring(type, &none, TEMPLATE_ESCAPE_NONE, NULL) : step->action->records;
}

static uint64
heard_of(const List *waits, const FlowStep *step)
{
	const char *types = types_of(step);
	uint64		heard = 0;
	int			number = 0;
	ListCell   *cell;

	if (types == NULL)
		return 0;
	foreach(cell, waits)
	{
		if (may_hear(lfirst(cell), types))
			heard |= WAIT_BIT(number);
		number++;
	}
	return heard;
}

/* Those of the steps that may come next, or first, and that hear from where the step before them began. */
static uint64
hear_from_before(const List *waits, const FlowPart *part, const bool *next)
{
	uint64		hear = 0;

	for (int i = 0; i < part->count; i++)
		if (next[i] && has_beginning(&part->steps[i]) &&
			respond_wait_code(&part->steps[i])->since == WAIT_FROM_PREVIOUS)
			hear |= bit_of(waits, &part->steps[i]);
	return hear;
}

static uint64
hear_from_before_part(const List *waits, const FlowPart *part)
{
	return part->count == 0 ? 0 : hear_from_before(waits, part, respond_steps_next(part, &part->steps[0], true));
}

/* after_end: those that may come behind the last step; after_failure: behind any that fails. */
static void
mark_part(const List *waits, FlowPart *part, uint64 after_end, uint64 after_failure)
{
	for (int i = 0; i < part->count; i++)
	{
		FlowStep   *step = &part->steps[i];
		const bool *next = respond_steps_next(part, step, false);
		const LoopCode *loop = respond_loop_code(step);

		step->own_events = heard_of(waits, step);
		step->hears_from = hear_from_before(waits, part, next) | after_failure;
		if (next[part->count])
			step->hears_from |= after_end;
		if (has_beginning(step) && respond_wait_code(step)->since == WAIT_FROM_NOW)
			step->hears_from |= bit_of(waits, step);
		if (loop != NULL)
		{
			uint64		first = hear_from_before_part(waits, &loop->part);

			step->hears_from |= first;
			/* the next item, which begins with the first step again */
			mark_part(waits, unconstify(FlowPart *, &loop->part), first, after_failure);
		}
	}
}

void
respond_own_events_compile(Flow *flow)
{
	List	   *waits = NIL;

	for (int i = 0; i < FLOW_PARTS; i++)
		list_waits(&flow->parts[i], &waits);
	if (waits == NIL)
		return;
	flow->waits = list_length(waits) < 64 ? WAIT_BIT(list_length(waits)) - 1 : PG_UINT64_MAX;
	for (int i = 0; i < FLOW_PARTS; i++)
		mark_part(waits, &flow->parts[i], 0,
				  i == FLOW_STEPS ? hear_from_before_part(waits, &flow->parts[FLOW_ON_FAILURE]) : 0);
}

/* Whether SQL is executed with the step, which may record events of any type. */
static bool
has_sql(const FlowStep *step)
{
	if (step->condition != NULL)
		return true;
	for (int i = 0; i < step->action->parameter_count; i++)
		if (step->parameters[i].sql != NULL)
			return true;
	return false;
}

void
respond_own_events_note(FlowMachine *machine, const FlowStep *step, bool executed, bool caused)
{
	if (executed)
		machine->own_events |= step->own_events;
	if (caused && has_sql(step))
		machine->own_events |= machine->flow->waits;
}

bool
respond_own_events_come_first(const FlowMachine *machine, const FlowStep *step)
{
	return (machine->own_events & step->hears_from) != 0 && machine->position.attempts == 0 && !machine->dry;
}

/* A time is due when all that was recorded before it has been heard. */
FlowPause *
respond_own_events_wait(void)
{
	FlowPause  *pause = palloc0(sizeof(FlowPause));

	pause->waits_for = PAUSE_TURN;
	pause->due_at = respond_clock_now();
	return pause;
}

bool
respond_own_events_pause(const FlowMachine *machine)
{
	return strcmp(machine->pause->waits_for, PAUSE_TURN) == 0 && !respond_loop_is_between(machine);
}
