/*-------------------------------------------------------------------------
 * run_kept.c
 *	  What comes for a run that is paused by hand.
 *
 * src/dispatcher/run_kept.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/clock.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "dispatcher/run_kept.h"
#include "effect/run_change.h"
#include "flow/pause_arm.h"
#include "flow/run_edit.h"
#include "flow/run_peek.h"
#include "wait/wait_rows.h"

#define KEPT	"kept"
/* What came behind it: ends of runs, of which a loop waits for many. */
#define ENDED	"ended"

static void
change_saved(const RunUnderWay *run, Jsonb *saved)
{
	RunChange	change = {0};

	respond_run_change_saved(&change, saved, run->owner);
	respond_run_change(run->id, run->started_at, &run->place, &change);
}

static bool
is_end(const Awakening *awakening)
{
	return awakening->kind == AWAKEN_NOTE && strcmp(awakening->note, NOTE_ENDED) == 0 && awakening->data != NULL;
}

static Jsonb *
with_end(const RunUnderWay *run, Jsonb *end)
{
	Jsonb	   *before = respond_jsonb_find_member(&run->saved->root, ENDED);
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; before != NULL && i < JB_ROOT_COUNT(before); i++)
		pushJsonbValue(&state, WJB_ELEM, getIthJsonbValueFromContainer(&before->root, i));
	respond_jsonb_push_element(&state, end);
	return respond_run_set_member(run->saved, ENDED, JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}

void
respond_run_keep(const RunUnderWay *run, const Awakening *awakening)
{
	FlowPause	pause;

	if (awakening->kind == AWAKEN_TIMER)
		return;
	respond_run_pause(run->saved, &pause);
	if (respond_jsonb_find_member(&run->saved->root, KEPT) == NULL)
		change_saved(run, respond_run_set_member(run->saved, KEPT, respond_awakening_save(awakening)));
	else if (is_end(awakening))
		change_saved(run, with_end(run, awakening->data));
	else if (awakening->kind == AWAKEN_EVENT && respond_pause_collects(&pause) == 1)
		/* the wait may be reached again: it hears from the event on that it took */
		respond_wait_hear(awakening->wait, awakening->event);
}

void
respond_run_tell_again(const RunUnderWay *run)
{
	Jsonb	   *ends = respond_jsonb_find_member(&run->saved->root, ENDED);
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_ENDED,.pause = -1};

	for (uint32 i = 0; ends != NULL && i < JB_ROOT_COUNT(ends); i++)
	{
		note.data = JsonbValueToJsonb(getIthJsonbValueFromContainer(&ends->root, i));
		respond_run_inbox_write(&note, 1);
	}
}

Awakening *
respond_run_kept(const RunUnderWay *run)
{
	Timer		timer = {.run_id = run->id,.run_started_at = run->started_at};

	timer.data = respond_jsonb_find_member(&run->saved->root, KEPT);
	return timer.data != NULL ? respond_awakening_restore(&timer) : NULL;
}

static bool
is_overdue(const FlowPause *pause)
{
	return pause->waits_for != NULL && pause->timer != 0 && pause->due_at <= respond_clock_now();
}

bool
respond_run_needs_resume(const RunUnderWay *run)
{
	FlowPause	pause;

	respond_run_pause(run->saved, &pause);
	return respond_jsonb_find_member(&run->saved->root, KEPT) != NULL || is_overdue(&pause);
}

void
respond_run_unpause(const RunUnderWay *run, bool held)
{
	RunChange	change = {.held = held};
	FlowPause	pause;
	Timer		timer = {.reader = TIMER_FLOW,.kind = TIMER_DEADLINE,.run_id = run->id};

	respond_run_pause(run->saved, &pause);
	if (is_overdue(&pause))
	{
		timer.id = pause.timer;
		timer.due_at = pause.due_at;
		timer.run_started_at = run->started_at;
		/* it may be there yet */
		respond_timer_disarm(TIMER_FLOW, pause.due_at, pause.timer);
		(void) respond_timer_arm(&timer);
	}
	respond_run_change_time(&change, RUN_PAUSED_AT, DT_NOEND);
	if (respond_jsonb_find_member(&run->saved->root, KEPT) != NULL)
		respond_run_change_saved(&change, respond_run_set_member(run->saved, KEPT, NULL), run->owner);
	respond_run_change(run->id, run->started_at, &run->place, &change);
}

Jsonb *
respond_run_paused_mark(const RunUnderWay *run)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "paused_at", run->paused_at);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

bool
respond_run_is_marked(const RunUnderWay *run, Jsonb *mark)
{
	Jsonb	   *own = respond_run_paused_mark(run);

	return run->paused_at != 0 && mark != NULL && compareJsonbContainers(&own->root, &mark->root) == 0;
}
