/*-------------------------------------------------------------------------
 * progress.h
 *	  Keeping cursors in the database, and lanes apart from each other.
 *
 * A lane is one dispatcher's share of the events: those whose subject hashes
 * to it.  The number of lanes can change while events wait, so an event is
 * handled when the cursor of its lane says so in any division that ever was.
 *
 * src/dispatcher/progress.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROGRESS_H
#define RESPOND_PROGRESS_H

#include "common/shape.h"
#include "dispatcher/cursor.h"
#include "event/event.h"

extern const Shape respond_shape_progress_0;
extern const Shape respond_shape_progress_1;

typedef struct LaneProgress
{
	int			lanes;
	int			lane;
	int64		seq;
	Cursor	   *cursor;
} LaneProgress;

typedef struct Progress
{
	int			count;
	LaneProgress *entries;		/* the latest of each (lanes, lane) */
	int64		last_seq;		/* over all, 0 when there is none */
	int			last_lanes;		/* division of the entry with last_seq */
} Progress;

/*
 * Keeps the clock from emptying a side until the transaction ends.  For who must
 * not miss a row: called before the snapshot is taken, because a snapshot older
 * than the emptying sees nothing on that side.
 */
extern void respond_progress_lock(void);

/*
 * Reads the rows of one incarnation on both sides of the progress tables, with
 * the active snapshot.
 */
extern Progress *respond_progress_load(Arena *arena, int64 incarnation);

/* Appends one row to the side that is in use. */
extern void respond_progress_append(int64 seq, int lanes, int lane, const Cursor *cursor);

/*
 * What all lanes of a division have handled; NULL when one of them never wrote a
 * row, so that nothing is known.
 */
extern Cursor *respond_progress_handled(Arena *arena, const Progress *progress, int lanes);

/* Where a dispatcher of this lane begins. */
extern Cursor *respond_progress_start(Arena *arena, const Progress *progress, int lanes, int lane);

/* The lane of an event. */
extern int	respond_progress_lane(const char *subject, int64 id, int lanes);

/* Whether the event was handled in a division other than lanes (0: in any). */
extern bool respond_progress_passed(const Progress *progress, int lanes,
									uint64 xid, int64 id, const char *subject);

/* Whether runs that wait heard of the event in a division other than lanes. */
extern bool respond_progress_heard(const Progress *progress, int lanes, uint64 xid, int64 id);

/* The active snapshot as a cursor: what a dispatcher can see. */
extern Cursor *respond_progress_snapshot(Arena *arena);

/* A cursor as pg_snapshot, palloc'd, and the way back; splits are left out. */
extern Datum respond_progress_datum(const Cursor *cursor);
extern Cursor *respond_progress_cursor(Arena *arena, Datum snapshot);

#endif							/* RESPOND_PROGRESS_H */
