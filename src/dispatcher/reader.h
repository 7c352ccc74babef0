/*-------------------------------------------------------------------------
 * reader.h
 *	  Reading the event log in commit order.
 *
 * A window is what committed between the cursor and a snapshot: the places of
 * its events, in the order in which their transactions committed.  Collecting
 * it reads only the indexes; events are fetched when their turn comes.
 *
 * src/dispatcher/reader.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_READER_H
#define RESPOND_READER_H

#include "storage/itemptr.h"

#include "dispatcher/cursor.h"
#include "event/event.h"

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
} Window;

/* Entries that a window holds at most, but for the rest of one transaction. */
#define RESPOND_WINDOW_SIZE		32768

/*
 * Collects what is there between cursor and the active snapshot.  The window
 * and all in it live in the arena, and so must the cursor.
 */
extern Window *respond_reader_collect(Arena *arena, Cursor *cursor);

/* The cursor when entries before next are handled. */
extern Cursor *respond_reader_cursor(Arena *arena, const Window *window, int next);

/*
 * Fetches the event of an entry into the current memory context; NULL when it
 * is nowhere: its subtransaction was rolled back, or its partition dropped.
 * Relations stay open between calls, until respond_reader_release.
 */
extern Event *respond_reader_fetch(const Window *window, const WindowEntry *entry);

/* The event with this id, NULL when it is not there. */
extern Event *respond_reader_fetch_id(int64 id);

/* Closes what fetch opened; before the transaction ends. */
extern void respond_reader_release(void);

/* Forgets it without closing; after a rollback. */
extern void respond_reader_forget(void);

#endif							/* RESPOND_READER_H */
