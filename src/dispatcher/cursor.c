/*-------------------------------------------------------------------------
 * cursor.c
 *	  Sets of transactions: what was handled.
 *
 * src/dispatcher/cursor.c
 *-------------------------------------------------------------------------
 */
#include "dispatcher/cursor.h"

#include <stdlib.h>
#include <string.h>

static int
compare_xids(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a;
	uint64_t	right = *(const uint64_t *) b;

	return left < right ? -1 : left > right;
}

static bool
contains(const uint64_t *xids, size_t count, uint64_t xid)
{
	return count > 0 && bsearch(&xid, xids, count, sizeof(uint64_t), compare_xids) != NULL;
}

static Cursor *
create_with_room(Arena *arena, size_t room)
{
	Cursor	   *cursor = respond_arena_alloc_zero(arena, sizeof(Cursor));

	if (room > 0)
		cursor->running = respond_arena_alloc(arena, room * sizeof(uint64_t));
	return cursor;
}

Cursor *
respond_cursor_create(Arena *arena)
{
	return create_with_room(arena, 0);
}

Cursor *
respond_cursor_copy(Arena *arena, const Cursor *cursor)
{
	Cursor	   *copy = create_with_room(arena, cursor->count);
	uint64_t   *running = copy->running;

	*copy = *cursor;
	copy->running = running;
	if (cursor->count > 0)
		memcpy(running, cursor->running, cursor->count * sizeof(uint64_t));
	return copy;
}

void
respond_cursor_normalize(Cursor *cursor)
{
	size_t		kept = 0;

	if (cursor->count == 0)
		return;
	qsort(cursor->running, cursor->count, sizeof(uint64_t), compare_xids);
	for (size_t i = 0; i < cursor->count; i++)
	{
		uint64_t	xid = cursor->running[i];

		if (xid < cursor->xmax && (kept == 0 || cursor->running[kept - 1] != xid))
			cursor->running[kept++] = xid;
	}
	cursor->count = kept;
}

bool
respond_cursor_covers(const Cursor *cursor, uint64_t xid)
{
	return xid < cursor->xmax && !contains(cursor->running, cursor->count, xid);
}

bool
respond_cursor_passed(const Cursor *cursor, uint64_t xid, int64_t id)
{
	if (cursor->split_xid != 0 && xid == cursor->split_xid)
		return id <= cursor->split_id;
	return respond_cursor_covers(cursor, xid);
}

bool
respond_cursor_contains(const Cursor *outer, const Cursor *inner)
{
	if (outer->xmax < inner->xmax)
		return false;
	for (size_t i = 0; i < outer->count && outer->running[i] < inner->xmax; i++)
		if (!contains(inner->running, inner->count, outer->running[i]))
			return false;
	return inner->split_xid == 0 || respond_cursor_passed(outer, inner->split_xid, inner->split_id);
}

Cursor *
respond_cursor_intersect(Arena *arena, const Cursor *a, const Cursor *b)
{
	Cursor	   *both = create_with_room(arena, a->count + b->count);

	both->xmax = a->xmax < b->xmax ? a->xmax : b->xmax;
	for (size_t i = 0; i < a->count; i++)
		both->running[both->count++] = a->running[i];
	for (size_t i = 0; i < b->count; i++)
		both->running[both->count++] = b->running[i];
	respond_cursor_normalize(both);
	return both;
}

Cursor *
respond_cursor_unite(Arena *arena, const Cursor *a, const Cursor *b)
{
	Cursor	   *either = create_with_room(arena, a->count + b->count);

	either->xmax = a->xmax > b->xmax ? a->xmax : b->xmax;
	for (size_t i = 0; i < a->count; i++)
	{
		if (!respond_cursor_covers(b, a->running[i]))
			either->running[either->count++] = a->running[i];
	}
	for (size_t i = 0; i < b->count; i++)
	{
		if (!respond_cursor_covers(a, b->running[i]))
			either->running[either->count++] = b->running[i];
	}
	respond_cursor_normalize(either);
	return either;
}

Cursor *
respond_cursor_without(Arena *arena, const Cursor *cursor, uint64_t xid)
{
	Cursor	   *without = create_with_room(arena, cursor->count + 1);

	without->xmax = cursor->xmax;
	for (size_t i = 0; i < cursor->count; i++)
		without->running[without->count++] = cursor->running[i];
	without->running[without->count++] = xid;
	respond_cursor_normalize(without);
	return without;
}

Cursor *
respond_cursor_advance(Arena *arena, const Cursor *base, const Cursor *snapshot,
					   uint64_t looked_at, const uint64_t *undone, size_t undone_count,
					   uint64_t last_done)
{
	Cursor	   *next = create_with_room(arena, base->count + snapshot->count + undone_count);

	next->xmax = looked_at;
	if (undone_count > 0)
	{
		next->xmax = last_done + 1;
		if (next->xmax < base->xmax)
			next->xmax = base->xmax;
		if (next->xmax > looked_at)
			next->xmax = looked_at;
	}
	for (size_t i = 0; i < base->count; i++)
	{
		if (!respond_cursor_covers(snapshot, base->running[i]))
			next->running[next->count++] = base->running[i];
	}
	for (size_t i = 0; i < snapshot->count; i++)
	{
		if (snapshot->running[i] >= base->xmax)
			next->running[next->count++] = snapshot->running[i];
	}
	for (size_t i = 0; i < undone_count; i++)
		next->running[next->count++] = undone[i];
	respond_cursor_normalize(next);
	return next;
}
