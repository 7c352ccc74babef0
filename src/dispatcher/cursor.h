/*-------------------------------------------------------------------------
 * cursor.h
 *	  What a dispatcher has handled: a set of transactions.
 *
 * Transactions commit in another order than their numbers say, so a number is
 * no cursor.  This one is a snapshot, as in PgQ: all transactions below xmax
 * are handled, but for those in running.  It builds without a server.
 *
 * src/dispatcher/cursor.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CURSOR_H
#define RESPOND_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

typedef struct Cursor
{
	uint64_t	xmax;			/* no transaction from here on is handled */
	size_t		count;
	uint64_t   *running;		/* below xmax and not handled; ascending, no duplicates */

	/*
	 * A transaction too large for one batch, 0 if none: it counts as not
	 * handled, but its events up to split_id are.
	 */
	uint64_t	split_xid;
	int64_t		split_id;
} Cursor;

/* Nothing handled. */
extern Cursor *respond_cursor_create(Arena *arena);
extern Cursor *respond_cursor_copy(Arena *arena, const Cursor *cursor);

/* Sorts running and drops duplicates and what is not below xmax. */
extern void respond_cursor_normalize(Cursor *cursor);

/* Whether the whole transaction is handled. */
extern bool respond_cursor_covers(const Cursor *cursor, uint64_t xid);

/* Whether this event is handled. */
extern bool respond_cursor_passed(const Cursor *cursor, uint64_t xid, int64_t id);

/* Whether all that is handled in inner is handled in outer. */
extern bool respond_cursor_contains(const Cursor *outer, const Cursor *inner);

/* Transactions handled in both; splits are left out. */
extern Cursor *respond_cursor_intersect(Arena *arena, const Cursor *a, const Cursor *b);

/* Transactions handled in either; splits are left out. */
extern Cursor *respond_cursor_unite(Arena *arena, const Cursor *a, const Cursor *b);

/* The same, but for one transaction; splits are left out. */
extern Cursor *respond_cursor_without(Arena *arena, const Cursor *cursor, uint64_t xid);

/*
 * The cursor after some of the transactions that finished between base and
 * snapshot were handled.  looked_at: events of transactions below it, and of
 * base's running ones, were looked for; undone: those that were found and are
 * not handled yet; last_done: the largest handled one, 0 if none.  While some
 * are undone the cursor moves no further than just behind last_done, because
 * all the undone ones above it would have to be listed.
 */
extern Cursor *respond_cursor_advance(Arena *arena, const Cursor *base,
									  const Cursor *snapshot, uint64_t looked_at,
									  const uint64_t *undone, size_t undone_count,
									  uint64_t last_done);

#endif							/* RESPOND_CURSOR_H */
