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

static void
hear(int64 run_id, Event *event, bool contained)
{
	List	   *hits = respond_waits_hit(event);
	ListCell   *cell;

	foreach(cell, hits)
	{
		const Wait *wait = lfirst(cell);
		Awakening  *awakening;

		if (wait->run_id != run_id)
			continue;
		awakening = respond_awakening_of_event(wait, event);
		(void) respond_run_wake(awakening, contained);
		if (awakening->look_back != NULL)
			respond_look_back(run_id, awakening->look_back, contained);
	}
}

void
respond_look_back(int64 run_id, Jsonb *place, bool contained)
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
			if (event != NULL && event->data != NULL)
				hear(run_id, event, contained);
		}
		cursor = respond_window_cursor(arena, window, window->count);
	} while (window->looked_at < window->snapshot->xmax || window->split);
}
