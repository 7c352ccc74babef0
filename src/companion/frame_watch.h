/*-------------------------------------------------------------------------
 * frame_watch.h
 *	  Stops work for a caller that has left.
 *
 * While a worker with one request in its hands runs SQL, it reads no frames.  The only
 * one that can come then is FRAME_GONE of that request, and the only other
 * thing is the end of the connection; either way nobody waits for the answer.
 *
 * src/companion/frame_watch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FRAME_WATCH_H
#define RESPOND_FRAME_WATCH_H

#include "companion/frame_socket.h"

/* The work that follows is for a request that came over this socket, and was the last frame of it; NULL: for none. */
extern void respond_frame_watch_socket(const FrameSocket *socket);

/*
 * From begin to end, the current statement is cancelled as soon as something
 * comes.  The end is to be reached however the work ends; a cancel does not outlast
 * it.  Returns whether the caller has left.
 */
extern void respond_frame_watch_begin(void);
extern bool respond_frame_watch_end(void);

#endif							/* RESPOND_FRAME_WATCH_H */
