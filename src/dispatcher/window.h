/*-------------------------------------------------------------------------
 * window.h
 *	  What committed between the cursor and a snapshot, in commit order.
 *
 * A window holds the places of events, in the order in which their transactions
 * committed.  Collecting it reads only the indexes; reader.h fetches the events
 * when their turn comes.
 *
 * src/dispatcher/window.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WINDOW_H
#define RESPOND_WINDOW_H

#include "access/xlogdefs.h"
#include "storage/itemptr.h"

#include "dispatcher/cursor.h"

typedef struct WindowEntry
{
	uint64		position;		/* when the transaction committed, to sort by; 0 if not known */
	uint64		xid;
	int64		id;
	Oid			partition;
	ItemPointerData place;
} WindowEntry;

typedef struct Window
{
	int64		incarnation;	/* of the database that recorded the events */
	Cursor	   *base;			/* the cursor that it begins at */
	Cursor	   *snapshot;		/* what could be seen */
	uint64		changes;		/* as respond_log_changes() counted them before it was collected */
	uint64		looked_at;		/* events of transactions below it were looked for */
	bool		split;			/* one transaction, not to its end */
	uint64		deferred_count;
	uint64	   *deferred;		/* transactions that are left to the next window */
	int			count;
	int			next;			/* entries before it are handled */
	WindowEntry *entries;
	uint64	   *highest;		/* for each entry: xid of those up to it */
	uint64	   *lowest;			/* and of those from it on */
} Window;

/* Entries that a window holds at most, but for the rest of one transaction. */
#define RESPOND_WINDOW_SIZE		32768

/*
 * Collects what is there between cursor and the active snapshot.  The window
 * and all in it live in the arena, and so must the cursor.
 */
extern Window *respond_window_collect(Arena *arena, Cursor *cursor);

/*
 * The same of events that were handled by the database with this mark, of which
 * this one is a copy.  Nothing tells in which order their transactions committed:
 * they are taken by xid.
 */
extern Window *respond_window_collect_of(Arena *arena, Cursor *cursor, int64 incarnation);

/*
 * The same of this database's own, for readers whose cursors must be short: by
 * xid, no transaction has to wait for others, and next to none is passed over.
 */
extern Window *respond_window_collect_by_xid(Arena *arena, Cursor *cursor);

/* Where the WAL of the entry's commit ends; InvalidXLogRecPtr: that is not known. */
extern XLogRecPtr respond_window_wal(const WindowEntry *entry);

/* The cursor when entries before next are handled. */
extern Cursor *respond_window_cursor(Arena *arena, const Window *window, int next);


#endif							/* RESPOND_WINDOW_H */
