/*-------------------------------------------------------------------------
 * stream.h
 *	  Events as they come, for those who follow them over HTTP.
 *
 * src/stream/stream.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_H
#define RESPOND_STREAM_H

#include "companion/web_answer.h"

/*
 * A request for /v1/stream.  True: the stream is open, and answer has the head
 * with which it begins; false: answer refuses.  Has its own transaction.
 */
extern bool respond_stream_begin(Arena *arena, const WebRequest *request, WebAnswer **answer);

/* Whoever followed has left, or was cut off because he read too slowly. */
extern void respond_stream_gone(uint64_t request);
extern void respond_stream_cut(uint64_t request);

/* The program is gone, and all streams with it. */
extern void respond_stream_gone_all(void);

/*
 * Writes frames of what the log has.  Called when woken, and when it is due;
 * costs next to nothing when there is nothing to do.  True: there is more at
 * once.  Has its own transaction, and raises nothing.
 */
extern bool respond_stream_turn(FrameBuffer *out);

/*
 * Milliseconds until a turn is due although nobody wakes us; below 0: no stream is
 * open.  0 when events have been recorded since the last turn: asked once more
 * before a sleep, behind a memory barrier.
 */
extern long respond_stream_due(const FrameBuffer *out);

/* Whether there are streams, so that commits have to wake this process. */
extern bool respond_stream_is_open(void);

#endif							/* RESPOND_STREAM_H */
