/*-------------------------------------------------------------------------
 * stream_reader.h
 *	  The log from one place on, for streams.
 *
 * A reader goes through windows as a dispatcher does (dispatcher/window.h) and
 * gives for each event the place behind it.
 *
 * src/stream/stream_reader.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_READER_H
#define RESPOND_STREAM_READER_H

#include "access/xlogdefs.h"

#include "dispatcher/window.h"
#include "event/event.h"
#include "stream/stream_place.h"

typedef struct StreamReader
{
	MemoryContext context;		/* of cursor and window; NULL: the reader is closed */
	Arena	   *arena;
	Cursor	   *cursor;			/* before the window */
	int64		since;			/* what the cursor does not cover was recorded later, see StreamPlace */
	uint64		durable;		/* transactions below it cannot be given out again after a crash */
	XLogRecPtr	wal;			/* to be flushed before what was read is sent */

	Window	   *window;			/* NULL: to be collected */
	uint64		turn;			/* in which it was */
	bool		by_xid;			/* in that order: otherwise places are too long */
	int64		window_since;	/* the same of the window's snapshot */
	XLogRecPtr	window_wal;		/* where the WAL was when it was collected */
	bool		held;			/* a standby has not confirmed what comes next */
} StreamReader;

/* A transaction has begun: what was seen before was seen by another snapshot. */
extern void respond_stream_reader_begin_turn(void);

/* Opens it behind a cursor, which is copied, or with NULL behind all that the active snapshot sees. */
extern void respond_stream_reader_open(StreamReader *reader, const Cursor *cursor, int64 since);
extern void respond_stream_reader_close(StreamReader *reader);

/*
 * Looks what there is, if all that was found before was read.  In a transaction with an active
 * snapshot; since: respond_stream_resume_since() from before that snapshot.
 */
extern void respond_stream_reader_look(StreamReader *reader, int64 since);

/* The next event, in the current memory context; NULL: all that was found was read. */
extern Event *respond_stream_reader_next(StreamReader *reader);

/* Takes the last event back, or all behind the first so many of the window. */
extern void respond_stream_reader_back(StreamReader *reader);
extern void respond_stream_reader_back_to(StreamReader *reader, int next);

/* Whether all was read that was there when the reader looked last. */
extern bool respond_stream_reader_has_caught_up(const StreamReader *reader);

/* Whether all was read that the snapshot of this turn sees. */
extern bool respond_stream_reader_is_done(const StreamReader *reader);

/*
 * The place behind the last event, in the arena; NULL: it would be too long.
 * Then what is left can be read in an order in which places are short, unless it is
 * already, and more than a thousand transactions are open.
 */
extern char *respond_stream_reader_place(StreamReader *reader, Arena *arena);
extern void respond_stream_reader_reorder(StreamReader *reader);

/*
 * When all was read: flushes the WAL up to here, so that the place may cover all
 * that the snapshot sees, and not just what was read.
 */
extern void respond_stream_reader_settle(StreamReader *reader);

#endif							/* RESPOND_STREAM_READER_H */
