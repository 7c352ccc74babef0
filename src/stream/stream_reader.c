/*-------------------------------------------------------------------------
 * stream_reader.c
 *	  The log from one place on, for streams.
 *
 * A place must be good after a crash of the server too.  Transactions that
 * committed and were not flushed are gone then, and their ids may be given out
 * again, to others that a place must not cover.  Ids below that of a transaction
 * whose commit is flushed are not: the WAL has a higher one.  So the place
 * behind an event covers nothing behind the highest transaction that was read,
 * whose commit is flushed before the event is sent.
 *
 * src/stream/stream_reader.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/arena_server.h"
#include "dispatcher/progress.h"
#include "dispatcher/reader.h"
#include "stream/stream_reader.h"
#include "stream/stream_resume.h"

static uint64 current_turn = 0;

void
respond_stream_reader_begin_turn(void)
{
	current_turn++;
}

static MemoryContext
make_context(void)
{
	return AllocSetContextCreate(TopMemoryContext, "pg_respond stream reader", ALLOCSET_SMALL_SIZES);
}

void
respond_stream_reader_open(StreamReader *reader, const Cursor *cursor, int64 since)
{
	memset(reader, 0, sizeof(StreamReader));
	reader->context = make_context();
	reader->arena = respond_arena_create_in(reader->context);
	reader->cursor = cursor != NULL ? respond_cursor_copy(reader->arena, cursor) :
		respond_progress_snapshot(reader->arena);
	reader->since = since;
	reader->durable = reader->cursor->xmax;
	reader->wal = respond_stream_resume_wal();
	if (cursor == NULL)
		XLogFlush(reader->wal);
}

void
respond_stream_reader_close(StreamReader *reader)
{
	if (reader->context != NULL)
		MemoryContextDelete(reader->context);
	memset(reader, 0, sizeof(StreamReader));
}

static bool
has_read(const StreamReader *reader)
{
	return reader->window == NULL || reader->window->next >= reader->window->count;
}

bool
respond_stream_reader_has_caught_up(const StreamReader *reader)
{
	const Window *window = reader->window;

	return window != NULL && has_read(reader) && window->looked_at >= window->snapshot->xmax &&
		window->deferred_count == 0 && !window->split;
}

bool
respond_stream_reader_is_done(const StreamReader *reader)
{
	return reader->turn == current_turn && respond_stream_reader_has_caught_up(reader);
}

/* Makes what was read the beginning; the window is over. */
static void
move_on(StreamReader *reader)
{
	MemoryContext context;
	Arena	   *arena;

	if (reader->window == NULL)
		return;
	context = make_context();
	arena = respond_arena_create_in(context);
	if (respond_stream_reader_has_caught_up(reader))
		reader->since = reader->window_since;
	reader->cursor = respond_cursor_copy(arena,
										 respond_window_cursor(reader->arena, reader->window, reader->window->next));
	if (reader->window->next > 0)
		reader->durable = Max(reader->durable, reader->window->highest[reader->window->next - 1] + 1);
	MemoryContextDelete(reader->context);
	reader->context = context;
	reader->arena = arena;
	reader->window = NULL;
}

static void
collect(StreamReader *reader, int64 since)
{
	move_on(reader);
	reader->turn = current_turn;
	reader->window_since = since;
	reader->window_wal = respond_stream_resume_wal();
	reader->window = reader->by_xid ? respond_window_collect_by_xid(reader->arena, reader->cursor) :
		respond_window_collect(reader->arena, reader->cursor);
}

void
respond_stream_reader_look(StreamReader *reader, int64 since)
{
	if (!has_read(reader))
		return;
	/* what came up to now has been put in order, or there was nothing to be put */
	if (respond_stream_reader_has_caught_up(reader))
		reader->by_xid = false;
	collect(reader, since);
}

Event *
respond_stream_reader_next(StreamReader *reader)
{
	Window	   *window = reader->window;

	while (window->next < window->count)
	{
		const WindowEntry *entry = &window->entries[window->next++];
		Event	   *event = respond_reader_fetch(window, entry);
		XLogRecPtr	wal = respond_window_wal(entry);

		reader->wal = Max(reader->wal, wal != InvalidXLogRecPtr ? wal : reader->window_wal);
		if (event != NULL)
			return event;
	}
	return NULL;
}

/* The same without what is behind: those transactions are not covered. */
static Cursor *
cut(Cursor *cursor, uint64 xmax)
{
	if (cursor->xmax > xmax)
	{
		cursor->xmax = xmax;
		respond_cursor_normalize(cursor);
	}
	return cursor;
}

char *
respond_stream_reader_place(StreamReader *reader, Arena *arena)
{
	const Window *window = reader->window;
	Cursor	   *cursor = window != NULL ? respond_window_cursor(arena, window, window->next) :
		respond_cursor_copy(arena, reader->cursor);
	uint64		durable = reader->durable;
	StreamPlace place;

	if (window != NULL && window->next > 0)
		durable = Max(durable, window->highest[window->next - 1] + 1);
	respond_stream_resume_mark(&place);
	place.wal = reader->wal;
	place.since = respond_stream_reader_has_caught_up(reader) ? reader->window_since : reader->since;
	place.cursor = cut(cursor, durable);
	return respond_stream_place_write(arena, &place);
}

void
respond_stream_reader_reorder(StreamReader *reader)
{
	reader->by_xid = true;
	collect(reader, reader->window_since);
}

void
respond_stream_reader_back(StreamReader *reader)
{
	reader->window->next--;
}

void
respond_stream_reader_back_to(StreamReader *reader, int next)
{
	reader->window->next = next;
}

void
respond_stream_reader_settle(StreamReader *reader)
{
	XLogRecPtr	wal = respond_stream_resume_wal();

	move_on(reader);
	XLogFlush(wal);
	reader->wal = wal;
	reader->durable = reader->cursor->xmax;
}
