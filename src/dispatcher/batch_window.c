/*-------------------------------------------------------------------------
 * batch_window.c
 *	  The window that batches go through, and how far they are in it.
 *
 * src/dispatcher/batch_window.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/shmem.h"
#include "dispatcher/batch_window.h"

Arena *
respond_batch_arena(MemoryContext *context, const char *name)
{
	if (*context != NULL)
		MemoryContextDelete(*context);
	*context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond arena", ALLOCSET_SMALL_SIZES);
	MemoryContextSetIdentifier(*context, name);
	return respond_arena_create_in(*context);
}

void
respond_batch_collect(Dispatcher *dispatcher)
{
	Arena	   *arena;

	dispatcher->window = NULL;
	arena = respond_batch_arena(&dispatcher->window_context, "window");
	MemoryContextSetParent(dispatcher->window_context, TopMemoryContext);
	dispatcher->window = respond_window_collect(arena, respond_cursor_copy(arena, dispatcher->cursor));
	dispatcher->window_until = dispatcher->sees_until;
}

/* Whether all that the window's snapshot sees is in the window or was handled before. */
static bool
is_complete(const Window *window)
{
	return window->looked_at >= window->snapshot->xmax && window->deferred_count == 0 && !window->split;
}

void
respond_batch_note_heard(Dispatcher *dispatcher)
{
	const Window *window = dispatcher->window;

	if (window->next >= window->count && is_complete(window))
		dispatcher->heard_until = Max(dispatcher->heard_until, dispatcher->window_until);
}

void
respond_batch_publish(const Dispatcher *dispatcher, uint64 wakes)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	LaneStatus *status;

	if (database == NULL)
		return;
	status = &database->lanes[dispatcher->lane];
	pg_atomic_write_u64(&status->pending, dispatcher->window->count - dispatcher->window->next);
	pg_atomic_write_u64(&status->last_recorded_at, (uint64) dispatcher->last_recorded_at);
	pg_atomic_write_u64(&status->cursor_xmax, dispatcher->cursor->xmax);
	pg_atomic_write_u64(&status->cursor_at, (uint64) GetCurrentTimestamp());
	pg_atomic_write_u64(&status->seen_wakes, wakes);
}
