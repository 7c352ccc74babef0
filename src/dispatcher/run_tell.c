/*-------------------------------------------------------------------------
 * run_tell.c
 *	  A run is told what happened.
 *
 * Whatever comes first ends the pause.  What was on its way already says for which
 * pause it is.
 *
 * src/dispatcher/run_tell.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/snapmgr.h"

#include "dispatcher/approval_care.h"
#include "dispatcher/passage.h"
#include "dispatcher/place.h"
#include "dispatcher/run_awaited.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_go_on.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/run_kept.h"
#include "dispatcher/run_place.h"
#include "dispatcher/run_target.h"
#include "dispatcher/run_tell.h"
#include "effect/effects.h"
#include "effect/run_change.h"
#include "effect/run_write.h"
#include "event/event_context.h"
#include "flow/cancel_code.h"
#include "flow/place_code.h"
#include "flow/run_restore.h"
#include "rule/rule_version_cache.h"
#include "wait/wait_match.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"

/* A run that was cancelled is not in the pause any more that it was laid down in. */
static void
read_pause(Passage *passage)
{
	respond_run_check(passage->row->saved, passage->row->waits_for != NULL, &passage->pause);
	if (passage->row->cancelled)
		passage->pause.waits_for = NULL;
}

/* It is asked for once more what was kept for it; false when it goes on waiting. */
static bool
resume(Passage *passage)
{
	const RunUnderWay *row = passage->row;
	Awakening  *kept;

	if (!respond_run_is_marked(row, passage->awakening->data))
		return false;
	kept = respond_run_kept(row);
	if (kept == NULL)
	{
		respond_run_unpause(row, false);
		return false;
	}
	respond_run_tell_again(row);
	passage->awakening = kept;
	return true;
}

/* Whether the run, which may have yet to begin, has its place; if not, what becomes of it is put down. */
static bool
has_place(Passage *passage)
{
	RunUnderWay *row = passage->row;
	const Awakening *awakening = passage->awakening;
	Rule	   *rule;
	FlowRun		run;
	PlaceAnswer answer;

	if (row->cancelled ||
		!(respond_awakening_is_note(awakening, NOTE_CONTINUE) || respond_awakening_is_note(awakening, NOTE_RETRY) ||
		  respond_awakening_is_note(awakening, NOTE_PLACE)))
		return true;
	rule = respond_rule_version_get(row->rule, row->rule_version);
	if (respond_run_fault(rule, row) != NULL ||
		!(respond_place_is_needed(rule->flow) || respond_awakening_is_note(awakening, NOTE_PLACE)))
		return true;
	respond_run_fill(&run, passage, rule);
	answer = respond_run_place_ask(rule->flow, &run, row, awakening->event);
	passage->went_on = answer == PLACE_LAID_DOWN;
	return answer == PLACE_TAKEN;
}

/* The run waits for this. */
static void
be_awaited(Passage *passage)
{
	bool		is_paused = passage->row->paused_at != 0 && !passage->resumed;

	if (respond_awakening_is_note(passage->awakening, NOTE_CONTINUE))
		respond_place_go_back(passage->awakening->data);
	/* a run that is paused has its turn for a place all the same */
	if ((!is_paused || respond_awakening_is_note(passage->awakening, NOTE_PLACE)) && !has_place(passage))
		return;
	if (is_paused)
	{
		if (respond_run_is_in_time(passage))
			respond_run_keep(passage->row, passage->awakening);
		return;
	}
	respond_run_go_on(passage);
	passage->went_on = true;
}

/* Whether the event is one that cancels runs of the rule. */
static bool
is_cancelling(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && strcmp(awakening->wait->step, CANCEL_STEP) == 0;
}

/* On behalf of the rule, so that what is recorded has the event as its cause. */
static void
cancel(const Passage *passage)
{
	const Event *event = passage->awakening->event;
	RunUnderWay *row;
	EventContext context = {.run_id = passage->row->id,.event_id = event->id,.depth = event->depth};
	EventContext before;

	/* a request or a run that it began in this batch is cancelled, too */
	respond_effects_flush();
	row = respond_run_hand_take(passage->row->id, "cancel_on");
	if (row == NULL || row->cancelled || !respond_run_is_under_way(row))
		return;
	context.rule = row->rule;
	before = respond_event_context_set(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetLatestSnapshot());
		respond_run_cancel(row, psprintf("cancelled by event " INT64_FORMAT " of type %s", event->id, event->type));
		PopActiveSnapshot();
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
}

/* Reminds of the approval that the run waits for, or escalates it. */
static void
care_for_approval(const Passage *passage)
{
	const RunUnderWay *row = passage->row;
	FlowRun		run;

	if (passage->pause.waits_for == NULL || strcmp(passage->pause.waits_for, PAUSE_APPROVAL) != 0)
		return;
	respond_run_fill(&run, passage, respond_rule_version_get(row->rule, row->rule_version));
	respond_approval_care(&run, &passage->pause, passage->awakening);
}

/* Lets the run go on if it waits for this. */
static void
tell(Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (is_cancelling(passage))
		cancel(passage);
	else if (respond_run_only_hears(passage))
	{
		respond_run_lock(passage->row->id, &passage->row->place);
		respond_wait_hear(awakening->wait, awakening->event);
	}
	else if (awakening->kind == AWAKEN_APPROVAL)
		care_for_approval(passage);
	else if (respond_run_is_awaited(passage) && !respond_run_was_decided(passage))
		be_awaited(passage);
	else if (passage->resumed)
		respond_run_unpause(passage->row, false);
}

/* Whether the run has gone over to another version of its rule since the event met its wait. */
static bool
has_moved(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && awakening->wait->rule_version != passage->row->rule_version;
}

/* Whether the event is to be told by what is armed now: others may have had the run in hand meanwhile. */
static bool
was_put_off(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	return awakening->kind == AWAKEN_EVENT && !passage->resumed && (awakening->number != 0 || has_moved(passage));
}

/* The wait that the event met hears it, or those of the version that the run went over to. */
static void
tell_again(Passage *passage)
{
	const Awakening *first = passage->awakening;
	bool		moved = has_moved(passage);
	List	   *waits;
	ListCell   *cell;
	int64		last;

	if (moved)
		respond_wait_patterns_reload();
	waits = respond_waits_hit(first->event, first->run_id - 1, 1, &last);
	foreach(cell, waits)
	{
		const Wait *wait = lfirst(cell);

		if (passage->went_on || wait->run_id != first->run_id ||
			(!moved && strcmp(wait->step, first->wait->step) != 0))
			continue;
		/* several waits that it met before went over together */
		if (moved && respond_wait_has_heard(wait, first->event->id))
			continue;
		passage->awakening = respond_awakening_of_event(wait, first->event);
		tell(passage);
	}
}

void
respond_run_tell(void *argument)
{
	Passage    *passage = argument;
	const Awakening *awakening = passage->awakening;

	passage->went_on = false;
	if (respond_effects_run_is_buffered(awakening->run_id))
		respond_effects_flush();
	passage->row = respond_run_target(awakening);
	if (passage->row == NULL)
		return;
	read_pause(passage);
	passage->resumed = respond_awakening_is_note(awakening, NOTE_RESUME);
	if (passage->resumed && !resume(passage))
		return;
	if (was_put_off(passage))
		tell_again(passage);
	else
		tell(passage);
}
