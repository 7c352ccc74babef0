/*-------------------------------------------------------------------------
 * stream_feed.h
 *	  What was read of the log, sent to the streams that it is for.
 *
 * src/stream/stream_feed.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_FEED_H
#define RESPOND_STREAM_FEED_H

#include "companion/frame.h"
#include "stream/stream_list.h"

/* Bytes that wait to be sent, from which on nothing is added. */
#define STREAM_MOST_UNSENT		((size_t) 16 * 1024 * 1024)

/* Milliseconds after which callers that lost their stream come back. */
#define STREAM_RETRY			"2000"

/*
 * Reads on, up to so many bytes and some number of events, and writes frames for the streams that are live, or
 * for those that are late.  Returns how many bytes each may have got.  In a transaction, in a
 * memory context that the caller resets.
 */
extern size_t respond_stream_feed(StreamReader *reader, StreamLate *late, size_t most, FrameBuffer *out);

/* Writes the first bytes of streams that have had none: where they begin, and what they have missed. */
extern void respond_stream_greet(StreamReader *live, FrameBuffer *out);

/* Writes that nothing happened; live NULL: not where the log is. */
extern void respond_stream_beat(StreamReader *live, FrameBuffer *out);

/* Ends a stream, which is gone then. */
extern void respond_stream_end(Stream *stream, FrameBuffer *out);

#endif							/* RESPOND_STREAM_FEED_H */
