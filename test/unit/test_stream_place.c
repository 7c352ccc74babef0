/* links: src/stream/stream_place.c src/dispatcher/cursor.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_stream_place.c
 *	  Places of streams: what is written is read, and nothing else.
 *
 * test/unit/test_stream_place.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "stream/stream_place.h"

static Arena *arena;

static bool
is_same(const StreamPlace *a, const StreamPlace *b)
{
	return a->incarnation == b->incarnation && a->timeline == b->timeline && a->wal == b->wal && a->since == b->since &&
		a->cursor->xmax == b->cursor->xmax && a->cursor->split_xid == b->cursor->split_xid &&
		a->cursor->split_id == b->cursor->split_id && a->cursor->count == b->cursor->count &&
		(a->cursor->count == 0 ||
		 memcmp(a->cursor->running, b->cursor->running, sizeof(uint64_t) * a->cursor->count) == 0);
}

static void
check_round_trip(const char *what, const StreamPlace *place, size_t longest)
{
	char	   *text = respond_stream_place_write(arena, place);
	StreamPlace read;

	if (!check(text != NULL && strlen(text) <= longest, "%s is written, in %zu bytes", what,
			   text != NULL ? strlen(text) : 0))
		return;
	check(respond_stream_place_read(arena, text, &read) && is_same(place, &read), "%s is read again", what);
}

static Cursor *
make_cursor(uint64_t xmax, size_t count, uint64_t step)
{
	Cursor	   *cursor = respond_cursor_create(arena);

	cursor->xmax = xmax;
	cursor->count = count;
	cursor->running = respond_arena_alloc(arena, sizeof(uint64_t) * (count + 1));
	for (size_t i = 0; i < count; i++)
		cursor->running[i] = xmax - (count - i) * step;
	return cursor;
}

static void
check_places(void)
{
	StreamPlace place = {-7, 1, 0x123456789abcdef0, 1796000000, NULL};
	Cursor	   *cursor;

	place.cursor = make_cursor(740, 0, 1);
	check_round_trip("a quiet place", &place, 60);
	place.cursor = make_cursor(UINT64_C(5000000000), 50, 3);
	check_round_trip("one with fifty running", &place, 130);
	place.cursor = cursor = make_cursor(100000000, 100, 1);
	cursor->split_xid = 99999990;
	cursor->split_id = INT64_MAX;
	check_round_trip("one within a transaction", &place, 250);
	place.cursor = make_cursor(UINT64_MAX, STREAM_PLACE_RUNNING, 100000);
	check_round_trip("the largest one", &place, STREAM_PLACE_MAX);
	place.cursor = make_cursor(UINT64_MAX, STREAM_PLACE_RUNNING, UINT64_C(1) << 50);
	check(respond_stream_place_write(arena, &place) == NULL, "one that would be too long is not written");
	place.cursor = make_cursor(1000000, STREAM_PLACE_RUNNING + 1, 1);
	check(respond_stream_place_write(arena, &place) == NULL, "nor one with too many running");
	place = (StreamPlace) {INT64_MIN, UINT32_MAX, UINT64_MAX, INT64_MAX, make_cursor(UINT64_MAX, 0, 1)};
	check_round_trip("one of the largest numbers", &place, 100);
	place = (StreamPlace) {0, 0, 0, 0, make_cursor(0, 0, 1)};
	check_round_trip("one of the smallest", &place, 20);
}

/* Whatever single character is changed, added or taken away, the text is not a place any more. */
static void
check_damage(void)
{
	StreamPlace place = {99, 1, 4711, 1796000000, make_cursor(100000, 10, 2)};
	char	   *text = respond_stream_place_write(arena, &place);
	size_t		length = strlen(text);
	char		other[STREAM_PLACE_MAX + 8];
	StreamPlace read;
	int			taken = 0;

	for (size_t at = 0; at < length; at++)
	{
		for (int byte = 1; byte < 256; byte++)
		{
			strcpy(other, text);
			if (other[at] == (char) byte)
				continue;
			other[at] = (char) byte;
			taken += respond_stream_place_read(arena, other, &read);
		}
		memcpy(other, text, at);
		strcpy(other + at, text + at + 1);
		taken += respond_stream_place_read(arena, other, &read);
	}
	check(taken == 0, "a damaged place is none");
	check(!respond_stream_place_read(arena, "", &read), "nor is nothing");
	check(!respond_stream_place_read(arena, "17", &read), "nor a number");
	memset(other, 'A', STREAM_PLACE_MAX + 4);
	other[STREAM_PLACE_MAX + 4] = '\0';
	check(!respond_stream_place_read(arena, other, &read), "nor what is too long");
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_places();
	check_damage();
	respond_arena_destroy(arena);
	return check_done();
}
