/*-------------------------------------------------------------------------
 * run_move.c
 *	  A saved run goes over to another version of its rule.
 *
 * src/flow/run_move.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "event/event_roots.h"
#include "flow/cancel_code.h"
#include "flow/run_edit.h"
#include "flow/run_move.h"
#include "flow/run_peek.h"
#include "flow/wait_code.h"
#include "wait/wait_pattern.h"
#include "wait/wait_row.h"

char *
respond_run_moved_name(const RunMove *move, const char *label)
{
	char	   *name = respond_jsonb_find_text(respond_jsonb_root(move->steps), label);

	return name != NULL ? name : pstrdup(label);
}

static int
find_part(Jsonb *saved)
{
	static const char *const names[FLOW_PARTS] = {"steps", "on_failure", "on_cancel"};

	for (int i = 0; i < FLOW_PARTS; i++)
		if (respond_run_is_in(saved, names[i]))
			return i;
	return FLOW_PARTS;
}

static bool
is_nested(Jsonb *saved)
{
	Jsonb	   *frames = respond_jsonb_find_member(&saved->root, "at");

	return frames == NULL || !JB_ROOT_IS_ARRAY(frames) || JB_ROOT_COUNT(frames) != 1;
}

bool
respond_run_has_begun(const RunMove *move, Jsonb *saved)
{
	const FlowPart *steps = &move->from->parts[FLOW_STEPS];
	FlowPause	pause;

	respond_run_pause(saved, &pause);
	return (pause.waits_for != NULL && strcmp(pause.waits_for, PAUSE_PLACE) != 0) || is_nested(saved) ||
		find_part(saved) != FLOW_STEPS || respond_jsonb_find_member(&saved->root, "executed") != NULL ||
		steps->count == 0 || respond_run_find_step(steps, respond_run_step(saved)) != &steps->steps[0];
}

/* The step that the run stands at, in both versions. */
static void
find_steps(const RunMove *move, Jsonb *saved, const FlowStep **old, const FlowStep **new)
{
	char	   *label = respond_run_step(saved);
	int			part = find_part(saved);

	if (!respond_run_has_begun(move, saved))
	{
		*old = &move->from->parts[FLOW_STEPS].steps[0];
		*new = &move->to->parts[FLOW_STEPS].steps[0];
		return;
	}
	*old = part < FLOW_PARTS ? respond_run_find_step(&move->from->parts[part], label) : NULL;
	*new = part < FLOW_PARTS ? respond_run_find_step(&move->to->parts[part], respond_run_moved_name(move, label)) :
		NULL;
}

char *
respond_run_move_fault(const RunMove *move, Jsonb *saved)
{
	char	   *label = respond_run_step(saved);
	const FlowStep *old;
	const FlowStep *new;

	if (!respond_run_has_begun(move, saved))
		return move->to->parts[FLOW_STEPS].count > 0 ? NULL : psprintf("version %d has no steps", move->version);
	if (is_nested(saved))
		return psprintf("it is inside a loop, at step \"%s\"", label);
	find_steps(move, saved, &old, &new);
	if (old == NULL)
		return psprintf("it is at step \"%s\", which its own version does not have", label);
	if (new == NULL)
		return psprintf("it is at step \"%s\", and version %d has no step \"%s\"", label, move->version,
						respond_run_moved_name(move, label));
	if (old->action != new->action)
		return psprintf("it is at step \"%s\" of action %s, which is of action %s in version %d", label,
						old->action->name, new->action->name, move->version);
	return NULL;
}

const char *
respond_run_moved_step(const RunMove *move, Jsonb *saved)
{
	const FlowStep *old;
	const FlowStep *new;

	find_steps(move, saved, &old, &new);
	return respond_step_label(new);
}

/* A pause as run_save.c writes it, which ends at once, and says when that of the step is to end. */
static Jsonb *
make_pause(const FlowPause *before, int64 timer, TimestampTz due_at)
{
	JsonbParseState *state = NULL;

	/* texts are copied only when all is there, so each needs a place of its own */
	char		since[MAXDATELEN + 1];
	char		due[MAXDATELEN + 1];
	char		ends[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "for", PAUSE_RETRY);
	respond_jsonb_push_text(&state, "since", respond_event_time(before->since, since));
	respond_jsonb_push_text(&state, "due", respond_event_time(due_at, due));
	respond_jsonb_push_int64(&state, "timer", timer);
	if (before->place != NULL)
		respond_jsonb_push_jsonb(&state, "place", before->place);
	respond_jsonb_push_key(&state, "memo");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (before->due_at == DT_NOEND)
		respond_jsonb_push_text(&state, "ends", NULL);
	else
		respond_jsonb_push_text(&state, "ends", respond_event_time(before->due_at, ends));
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_run_moved(const RunMove *move, Jsonb *saved, int64 timer, TimestampTz due_at)
{
	FlowPause	pause;
	const FlowStep *old;
	const FlowStep *new;
	Jsonb	   *moved;

	find_steps(move, saved, &old, &new);
	respond_run_pause(saved, &pause);
	moved = respond_run_put_over(saved, move->to, &move->to->parts[find_part(saved)], new, move->version, move->steps);
	if (!respond_run_has_begun(move, saved))
		return respond_run_set_member(moved, "pause", NULL);
	return timer != 0 ? respond_run_set_member(moved, "pause", make_pause(&pause, timer, due_at)) : moved;
}

/* What the step waits for there; NULL: nothing of the kind. */
static const WaitAlternative *
find_alternative(const RunMove *move, const char *label, int alternative)
{
	const WaitCode *code = NULL;

	/* without a key it met what its own version said */
	if (alternative < 0)
		return NULL;
	if (strcmp(label, CANCEL_STEP) == 0)
		code = move->to->cancel != NULL ? move->to->cancel->code : NULL;
	for (int i = 0; i < FLOW_PARTS && code == NULL; i++)
	{
		const FlowStep *step = respond_run_find_step(&move->to->parts[i], label);

		if (step != NULL)
			code = respond_wait_code(step);
	}
	return code != NULL && alternative < code->count ? &code->alternatives[alternative] : NULL;
}

List *
respond_run_moved_waits(const RunMove *move, Jsonb *saved, List *waits)
{
	List	   *moved = NIL;
	ListCell   *cell;

	foreach(cell, waits)
	{
		Wait	   *wait = lfirst(cell);
		char	   *label = respond_run_moved_name(move, wait->step);
		const WaitAlternative *alternative = find_alternative(move, label, wait->alternative);
		WaitPattern pattern = {wait->rule, move->version, label, wait->alternative};

		if (alternative == NULL)
			continue;
		pattern.event_type = alternative->event_type;
		pattern.pattern = alternative->pattern;
		pattern.event_key = alternative->event_key;
		wait->step = label;
		wait->rule_version = move->version;
		wait->pattern = respond_wait_pattern(&pattern);
		wait->early = true;
		wait->due_at = DT_NOEND;
		moved = lappend(moved, wait);
	}
	return moved;
}
