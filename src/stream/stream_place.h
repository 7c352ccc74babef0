/*-------------------------------------------------------------------------
 * stream_place.h
 *	  A place in the order of the log, as text for those who follow a stream.
 *
 * A place says which transactions its reader has had the events of, as a
 * dispatcher's cursor does: transactions commit in another order than their
 * numbers and ids say.  Whoever follows keeps it, and nothing on the server; it
 * is good for another process, and after a restart.  The text is not secret,
 * and gives no right: a place that somebody made up leads to another part of
 * what he may read anyway.  It builds without a server.
 *
 * src/stream/stream_place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_PLACE_H
#define RESPOND_STREAM_PLACE_H

#include "dispatcher/cursor.h"

/* Bytes of the text at most; it has to fit into a header. */
#define STREAM_PLACE_MAX		4096

/* Transactions that a place can leave out; each costs whoever comes back with it a look into each partition. */
#define STREAM_PLACE_RUNNING	1000

typedef struct StreamPlace
{
	int64_t		incarnation;	/* of the database */
	uint32_t	timeline;		/* of the server, and where its WAL ended: all that is covered is before it */
	uint64_t	wal;
	int64_t		since;			/* what is not covered was recorded later; seconds since 1970 */
	const Cursor *cursor;
} StreamPlace;

/* The text, in the arena; NULL: it would be too long. */
extern char *respond_stream_place_write(Arena *arena, const StreamPlace *place);

/* Reads it; the cursor is in the arena.  False: nobody has written that. */
extern bool respond_stream_place_read(Arena *arena, const char *text, StreamPlace *place);

#endif							/* RESPOND_STREAM_PLACE_H */
