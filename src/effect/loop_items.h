/*-------------------------------------------------------------------------
 * loop_items.h
 *	  What a run has still to go through, kept in pieces beside it.
 *
 * A run that goes through many items is laid down again and again.  What does not
 * change meanwhile is not written again: the items lie in a table, a piece of them in
 * each row, and a row is deleted when its items are done.
 *
 * src/effect/loop_items.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_ITEMS_H
#define RESPOND_LOOP_ITEMS_H

#include "utils/jsonb.h"

#include "common/shape.h"

extern const Shape respond_shape_loop_items;

/* A piece: an array of items, of which the first has this number.  loop: how many loops are around it. */
extern void respond_loop_items_put(int64 run_id, Oid owner, int64 loop, int64 first, Jsonb *items);

/* The piece with the item of this number, palloc'd, and the number of its first one; those before it go. */
extern Jsonb *respond_loop_items_get(int64 run_id, int64 loop, int64 number, int64 *first);

/* All pieces of one loop, or of all loops of the run (-1), go. */
extern void respond_loop_items_forget(int64 run_id, int64 loop);

#endif							/* RESPOND_LOOP_ITEMS_H */
