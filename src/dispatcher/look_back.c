/*-------------------------------------------------------------------------
 * look_back.c
 *	  What a wait should have heard before it was armed.
 *
 * A run that another dispatcher began is armed by this one, which may have passed
 * events by then that came after the run's own; and a key may become known only
 * after a while.  The log is read once more from there.  What comes behind this
 * dispatcher's place is not looked at: it will hear that in its turn.  Both happen in
 * one transaction, so nothing can come between them.
 *
 * src/dispatcher/look_back.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/arena_server.h"
#include "dispatcher/look_back.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/run_wake.h"
#include "wait/wait_match.h"
#include "wait/wait_rows.h"

/* One look back. */
typedef struct LookBack
{
	int64		run_id;
	bool		contained;
	bool		at_pause;		/* only the step that the run stands at hears it */
} LookBack;

static void look(const LookBack *back, Jsonb *place);

/* The run's wait that hears the event; of steps ahead, too, if they were armed at that place. */
static bool
is_meant(const LookBack *back, const Wait *wait, const Event *event)
{
	if (wait->run_id != back->run_id || (back->at_pause && wait->early))
		return false;
	/* it may have been armed in time for one of several events */
	return !respond_wait_has_heard(wait, event->id);
}

/* True when the step that looks back has ended; what comes next looks back by itself. */
static bool
hear(const LookBack *back, Event *event)
{
	int64		last;
	List	   *hits = respond_waits_hit(event, back->run_id - 1, 1, &last);
	ListCell   *cell;

	foreach(cell, hits)
	{
		const Wait *wait = lfirst(cell);
		Awakening  *awakening;
		bool		went_on;

		if (!is_meant(back, wait, event))
			continue;
		awakening = respond_awakening_of_event(wait, event);
		went_on = respond_run_wake(awakening, back->contained);
		if (awakening->look_back != NULL)
		{
			LookBack	next = {back->run_id, back->contained, true};

			look(&next, awakening->look_back);
		}
		if (went_on && back->at_pause)
			return true;
	}
	return false;
}

static void
look(const LookBack *back, Jsonb *place)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Cursor	   *cursor = respond_place_restore(arena, place);
	const Cursor *here = respond_place_cursor(arena);
	Window	   *window;

	check_stack_depth();
	if (cursor == NULL)
		return;
	do
	{
		window = respond_window_collect(arena, cursor);
		for (int i = 0; i < window->count; i++)
		{
			const WindowEntry *entry = &window->entries[i];
			Event	   *event;

			CHECK_FOR_INTERRUPTS();
			if (!respond_cursor_passed(here, entry->xid, entry->id))
				continue;
			event = respond_reader_fetch(window, entry);
			if (event != NULL && event->data != NULL && hear(back, event))
				return;
		}
		cursor = respond_window_cursor(arena, window, window->count);
	} while (window->looked_at < window->snapshot->xmax || window->split);
}

void
respond_look_back(int64 run_id, Jsonb *place, bool contained)
{
	LookBack	back = {run_id, contained, true};

	look(&back, place);
}

void
respond_look_back_all(int64 run_id, Jsonb *place, bool contained)
{
	LookBack	back = {run_id, contained, false};

	look(&back, place);
}
