/*-------------------------------------------------------------------------
 * run_awaited.c
 *	  Whether a run waits for what happened.
 *
 * src/dispatcher/run_awaited.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "dispatcher/approval_care.h"
#include "dispatcher/run_awaited.h"
#include "flow/run_peek.h"
#include "wait/wait_rows.h"

bool
respond_awakening_is_note(const Awakening *awakening, const char *note)
{
	return awakening->kind == AWAKEN_NOTE && strcmp(awakening->note, note) == 0;
}

/* What a note says ended the pause; false when it is none that can. */
static bool
note_ends(const Passage *passage)
{
	static const struct
	{
		const char *note;
		const char *waits_for;
	}			pairs[] = {
		{NOTE_ANSWER, PAUSE_ANSWER},
		/* one that comes before the answer is found when that comes */
		{NOTE_CALLBACK, PAUSE_CALLBACK},
		{NOTE_DECISION, PAUSE_APPROVAL},
		{NOTE_ENDED, PAUSE_RUN},
		{NOTE_ENDED, PAUSE_TURN},
		{NOTE_TURN, PAUSE_TURN},
		{NOTE_PLACE, PAUSE_PLACE},
		{NOTE_SIGNAL, PAUSE_EVENT},
		{NOTE_SIGNAL, PAUSE_TIME},
	};
	const Awakening *awakening = passage->awakening;

	for (int i = 0; i < lengthof(pairs); i++)
		if (strcmp(awakening->note, pairs[i].note) == 0 &&
			strcmp(passage->pause.waits_for, pairs[i].waits_for) == 0)
			return awakening->pause < 0 || awakening->pause == passage->pause.number;
	return false;
}

/* The wait may have been disarmed, or armed for something else, since the event was found to meet it. */
static bool
event_ends(const Passage *passage)
{
	const Wait *wait = passage->awakening->wait;

	return strcmp(passage->pause.waits_for, PAUSE_EVENT) == 0 && !wait->early &&
		passage->awakening->event->recorded_at <= passage->pause.due_at &&
		passage->row->step != NULL && strcmp(wait->step, passage->row->step) == 0;
}

bool
respond_run_is_awaited(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (passage->row->cancelled || respond_awakening_is_note(awakening, NOTE_CANCELLED))
		return passage->row->cancelled && respond_awakening_is_note(awakening, NOTE_CANCELLED);
	if (respond_awakening_is_note(awakening, NOTE_CONTINUE) || respond_awakening_is_note(awakening, NOTE_RETRY))
		return passage->pause.waits_for == NULL;
	if (passage->pause.waits_for == NULL)
		return false;
	switch (awakening->kind)
	{
		case AWAKEN_EVENT:
			return event_ends(passage);
		case AWAKEN_TIMER:
			return passage->pause.timer == awakening->timer;
		case AWAKEN_NOTE:
			return note_ends(passage);
		case AWAKEN_APPROVAL:
			break;
	}
	return false;
}

bool
respond_run_was_decided(const Passage *passage)
{
	return passage->awakening->kind == AWAKEN_TIMER && passage->pause.waits_for != NULL &&
		strcmp(passage->pause.waits_for, PAUSE_APPROVAL) == 0 && !respond_approval_expire(&passage->pause);
}

bool
respond_run_only_hears(const Passage *passage)
{
	const Awakening *awakening = passage->awakening;

	if (awakening->kind != AWAKEN_EVENT || passage->row->cancelled)
		return false;
	return awakening->wait->early ||
		respond_wait_heard_count(awakening->wait) + 1 < respond_pause_collects(&passage->pause);
}

bool
respond_run_is_in_time(const Passage *passage)
{
	return passage->awakening->kind != AWAKEN_NOTE || passage->pause.waits_for == NULL ||
		passage->awakening->at <= passage->pause.due_at;
}
