/*-------------------------------------------------------------------------
 * frame_wait.h
 *	  A worker's sleep until frames come, frames can go, its latch is set or time is over.
 *
 * src/companion/frame_wait.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FRAME_WAIT_H
#define RESPOND_FRAME_WAIT_H

#include "companion/frame_socket.h"
#include "worker/wait_event.h"

/* Of one socket after the other; all zero at first. */
typedef struct FrameWait
{
	struct WaitEventSet *set;	/* NULL: to be made */
	int			fd;				/* the socket in it; below 0: none */
	int			position;
	uint32		events;
} FrameWait;

/*
 * Sleeps; a socket that is not open, or NULL, is not waited for.  receive: whether
 * frames that come end it; those that wait to be sent do so when they can.  Then the
 * worker does what it does after each sleep (worker/worker.h): it may end there.
 */
extern void respond_frame_wait(FrameWait *wait, const FrameSocket *socket, bool receive, long milliseconds,
							   Sleep sleep);

/* The socket was closed; another one may have its number. */
extern void respond_frame_wait_forget(FrameWait *wait);

#endif							/* RESPOND_FRAME_WAIT_H */
