/* links: src/dispatcher/cursor.c src/common/arena.c */
/*-------------------------------------------------------------------------
 * test_cursor.c
 *	  Cursors compared with plain sets of transactions.
 *
 * test/unit/test_cursor.c
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "dispatcher/cursor.h"

#define XIDS		48
#define ROUNDS		20000

static uint32_t seed = 20260101;

static uint32_t
draw(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

static Cursor *
draw_cursor(Arena *arena)
{
	Cursor	   *cursor = respond_cursor_create(arena);

	cursor->xmax = draw(XIDS);
	cursor->running = respond_arena_alloc(arena, sizeof(uint64_t) * XIDS);
	for (int i = 0; i < XIDS; i++)
	{
		if (draw(4) == 0)
			cursor->running[cursor->count++] = draw(XIDS);
		if (cursor->count == XIDS)
			break;
	}
	respond_cursor_normalize(cursor);
	return cursor;
}

static bool
is_normal(const Cursor *cursor)
{
	for (size_t i = 0; i < cursor->count; i++)
	{
		if (cursor->running[i] >= cursor->xmax || (i > 0 && cursor->running[i - 1] >= cursor->running[i]))
			return false;
	}
	return true;
}

static void
check_algebra(Arena *arena)
{
	bool		intersect = true;
	bool		unite = true;
	bool		contain = true;
	bool		normal = true;

	for (int round = 0; round < ROUNDS; round++)
	{
		Cursor	   *a;
		Cursor	   *b;
		Cursor	   *both;
		Cursor	   *either;
		bool		within = true;

		respond_arena_reset(arena);
		a = draw_cursor(arena);
		b = draw_cursor(arena);
		both = respond_cursor_intersect(arena, a, b);
		either = respond_cursor_unite(arena, a, b);
		normal = normal && is_normal(both) && is_normal(either);
		for (uint64_t xid = 0; xid < XIDS + 2; xid++)
		{
			bool		in_a = respond_cursor_covers(a, xid);
			bool		in_b = respond_cursor_covers(b, xid);

			intersect = intersect && respond_cursor_covers(both, xid) == (in_a && in_b);
			unite = unite && respond_cursor_covers(either, xid) == (in_a || in_b);
			within = within && (in_a || !in_b);
		}
		contain = contain && respond_cursor_contains(a, b) == (within && a->xmax >= b->xmax) &&
			respond_cursor_contains(a, both) && respond_cursor_contains(either, a);
		b->split_xid = draw(XIDS);
		b->split_id = 5;
		contain = contain && respond_cursor_contains(a, b) ==
			(within && a->xmax >= b->xmax && (b->split_xid == 0 || respond_cursor_passed(a, b->split_xid, 5)));
	}
	check(intersect, "the intersection covers what both cover");
	check(unite, "the union covers what either covers");
	check(contain, "a cursor contains what covers nothing that it does not");
	check(normal, "results are sorted, without duplicates, below xmax");
}

/*
 * A history: transactions start in order, end in any order, and a reader
 * handles some of what ended, in the order of their ends.  Each must be handled
 * exactly once, whatever the sizes of the batches.
 */
static void
check_history(Arena *arena)
{
	bool		once = true;
	bool		all = true;
	bool		honest = true;

	for (int round = 0; round < ROUNDS / 20; round++)
	{
		int			handled[XIDS] = {0};
		bool		ended[XIDS + 1] = {false};
		uint64_t	order[XIDS];
		int			end_count = 0;
		uint64_t	next_xid = 3;
		Cursor	   *cursor;

		respond_arena_reset(arena);
		cursor = respond_cursor_create(arena);
		while (end_count < XIDS - 3)
		{
			Cursor	   *snapshot = respond_cursor_create(arena);
			uint64_t	undone[XIDS];
			size_t		undone_count = 0;
			uint64_t	last_done = 0;
			int			budget = (int) draw(6);

			/* let some begin, and some of those that began end */
			for (uint32_t n = draw(6); n > 0 && next_xid < XIDS; n--)
				next_xid++;
			for (uint32_t n = draw(8); n > 0; n--)
			{
				uint64_t	xid = 3 + draw(XIDS - 3);

				if (xid < next_xid && !ended[xid])
				{
					ended[xid] = true;
					order[end_count++] = xid;
				}
			}
			snapshot->xmax = next_xid;
			snapshot->running = respond_arena_alloc(arena, sizeof(uint64_t) * XIDS);
			for (uint64_t xid = 3; xid < next_xid; xid++)
			{
				if (!ended[xid])
					snapshot->running[snapshot->count++] = xid;
			}
			for (int i = 0; i < end_count; i++)
			{
				if (respond_cursor_covers(cursor, order[i]))
					continue;
				if (budget-- > 0)
				{
					handled[order[i]]++;
					if (order[i] > last_done)
						last_done = order[i];
				}
				else
					undone[undone_count++] = order[i];
			}
			cursor = respond_cursor_advance(arena, cursor, snapshot, snapshot->xmax,
											undone, undone_count, last_done);
			for (uint64_t xid = 3; xid < XIDS; xid++)
				honest = honest && (respond_cursor_covers(cursor, xid) == (handled[xid] > 0));
			if (next_xid == XIDS && undone_count == 0 && snapshot->count == 0)
				break;
		}
		for (int xid = 3; xid < XIDS; xid++)
		{
			once = once && handled[xid] <= 1;
			all = all && (handled[xid] == 1 || !ended[xid] || !respond_cursor_covers(cursor, xid));
		}
	}
	check(once, "no transaction is handled twice");
	check(all, "none is passed without being handled");
	check(honest, "the cursor covers exactly what was handled");
}

static void
check_split(Arena *arena)
{
	Cursor	   *cursor = respond_cursor_create(arena);
	uint64_t	running[] = {7, 9, 7, 30};

	cursor->xmax = 20;
	cursor->running = running;
	cursor->count = 4;
	respond_cursor_normalize(cursor);
	check(cursor->count == 2 && running[0] == 7 && running[1] == 9,
		  "normalizing sorts, drops duplicates and what is not below xmax");
	cursor->split_xid = 9;
	cursor->split_id = 100;
	check(!respond_cursor_covers(cursor, 9), "a split transaction is not covered");
	check(respond_cursor_passed(cursor, 9, 100), "its events up to the split are passed");
	check(!respond_cursor_passed(cursor, 9, 101), "those behind it are not");
	check(respond_cursor_passed(cursor, 8, 5000), "events of covered transactions are passed");
	check(!respond_cursor_passed(cursor, 20, 1), "xmax itself is not covered");
	check(!respond_cursor_covers(respond_cursor_without(arena, cursor, 8), 8) &&
		  respond_cursor_covers(respond_cursor_without(arena, cursor, 8), 6),
		  "one transaction can be left out");
	check(!respond_cursor_covers(respond_cursor_create(arena), 3), "a new cursor covers nothing");
}

int
main(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);

	check_algebra(arena);
	check_history(arena);
	check_split(arena);
	respond_arena_destroy(arena);
	return check_done();
}
