/*-------------------------------------------------------------------------
 * pause_arm.c
 *	  Arming what a run waits for.
 *
 * A wait hears events from the moment at which the step before it began.  So when a
 * run pauses, the waits that may come next are armed as well, if their keys are
 * known; so are those that hear from the start of the run on, and those that the
 * run may come to again: these hear from the event on that they took last.
 *
 * src/flow/pause_arm.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/clock.h"
#include "flow/cancel_code.h"
#include "flow/late_key.h"
#include "flow/loop_code.h"
#include "flow/mailbox.h"
#include "flow/own_events.h"
#include "flow/pause_arm.h"
#include "flow/step_order.h"
#include "flow/wait_code.h"
#include "timer/timer.h"

static void
arm_timer(FlowMachine *machine, FlowPause *pause)
{
	Timer		timer = {.due_at = pause->due_at,.reader = TIMER_FLOW,.kind = TIMER_DEADLINE};

	pause->timer = 0;
	if (pause->due_at == DT_NOEND)
		return;
	timer.run_id = machine->run->run_id;
	timer.run_started_at = machine->started_at;
	pause->timer = respond_timer_arm(&timer);
}

static void
arm_events(FlowMachine *machine, const FlowStep *step, const FlowPause *pause)
{
	ListCell   *cell;

	foreach(cell, pause->events)
		respond_mailbox_arm(machine, step, lfirst(cell), false, pause->due_at);
}

/* What a look at the name of a step in a template needs. */
typedef struct NameUse
{
	const char *name;			/* NULL: the step has none */
	bool		used;
} NameUse;

static void
visit_path(void *state, const TemplatePathUse *path)
{
	NameUse    *use = state;

	if (path->root_length == 1 && path->root[0] == '.')
		use->used = true;
	else if (path->root_length == 5 && memcmp(path->root, "error", 5) == 0)
		use->used = true;
	else if (path->root_length == 5 && memcmp(path->root, "steps", 5) == 0)
		use->used |= path->second == NULL ||
			(use->name != NULL && path->second_length == strlen(use->name) &&
			 memcmp(path->second, use->name, path->second_length) == 0);
}

/* Whether the key will be known only when the step is done. */
static bool
key_needs(const WaitAlternative *alternative, const FlowStep *step)
{
	NameUse		use = {step != NULL ? step->name : NULL, false};

	if (step == NULL || !alternative->key_needs_steps)
		return false;
	respond_template_each_path(alternative->key, visit_path, &use);
	return use.used;
}

/* Empty: it is not known yet. */
static const char *
early_key(FlowMachine *machine, const FlowStep *paused, const WaitAlternative *alternative)
{
	return key_needs(alternative, paused) ? "" : respond_wait_alternative_key(machine, alternative);
}

/* Arms the wait of a step that the run has not reached.  paused NULL: it pauses in front of a step. */
static void
arm_early(FlowMachine *machine, const FlowStep *paused, const FlowStep *step)
{
	const WaitCode *code = respond_wait_code(step);

	for (int i = 0; i < code->count; i++)
	{
		FlowAwaited *awaited = respond_wait_awaited(code, i, early_key(machine, paused, &code->alternatives[i]));

		if (awaited->key[0] == '\0' || respond_late_key_waits(machine, step, i))
			respond_late_key_arm(machine, step, code, i);
		else if (!respond_late_key_reads(machine, step, code, awaited))
			respond_mailbox_arm(machine, step, awaited, true, DT_NOEND);
	}
}

static void
reach_from(const FlowPart *part, int index, bool *reached)
{
	check_stack_depth();
	if (index < 0 || index >= part->count || reached[index])
		return;
	reached[index] = true;
	reach_from(part, index + 1, reached);
	for (const FlowTarget *target = part->steps[index].targets; target != NULL; target = target->next)
		reach_from(part, target->index, reached);
}

/* Whether the run has been at this wait and may come to it again. */
static bool
comes_again(const FlowMachine *machine, const FlowPart *part, const FlowStep *from, const FlowStep *step)
{
	bool	   *reached;

	if (!list_member_ptr(machine->visited, step))
		return false;
	reached = palloc0(sizeof(bool) * part->count);
	reach_from(part, from - part->steps, reached);
	return reached[step - part->steps];
}

static void
arm_others(FlowMachine *machine, const FlowPart *part, const FlowStep *paused)
{
	bool		before = strcmp(machine->pause->waits_for, PAUSE_PLACE) == 0 || respond_own_events_pause(machine);
	bool	   *next = respond_steps_next(part, paused, before);

	for (int i = 0; i < part->count; i++)
	{
		const FlowStep *step = &part->steps[i];
		const WaitCode *code = respond_wait_code(step);

		if ((step == paused && !before) || code == NULL || code->count == 0 || code->since == WAIT_FROM_NOW)
			continue;
		if (next[i] || code->since == WAIT_FROM_RUN || comes_again(machine, part, paused, step))
			arm_early(machine, before ? NULL : paused, step);
	}
}

void
respond_pause_arm(FlowMachine *machine)
{
	FlowPause  *pause = machine->pause;
	const FlowPart *part;
	const FlowStep *step = respond_machine_step(machine, &part);

	if (machine->ends != 0)
		pause->due_at = machine->ends;
	machine->ends = 0;
	pause->number = ++machine->pauses;
	pause->since = respond_clock_now();
	arm_timer(machine, pause);
	arm_events(machine, step, pause);
	arm_others(machine, part, step);
	respond_cancel_arm(machine);
	machine->mailbox = NIL;
}
