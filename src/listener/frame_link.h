/*-------------------------------------------------------------------------
 * frame_link.h
 *	  A connection in the loop, on which frames are sent and received.
 *
 * src/listener/frame_link.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FRAME_LINK_H
#define RESPOND_FRAME_LINK_H

#include "companion/frame_socket.h"
#include "listener/loop.h"

typedef struct FrameLink
{
	LoopSource	source;			/* first: respond_loop_free() frees what begins with it */
	FrameSocket socket;
	bool		is_stuck;		/* waits until the socket takes more */
} FrameLink;

/* Called for each frame; false: the connection is to be closed. */
typedef bool (*FrameTaker) (FrameLink *link, Frame *frame);

/* Puts a connected socket into the loop; false: it cannot be, and is still the caller's. */
extern bool respond_frame_link_open(FrameLink *link, int fd, void (*ready) (LoopSource *source, uint32_t events));

/* Sends and reads what can be; false: the connection is to be closed. */
extern bool respond_frame_link_move(FrameLink *link, uint32_t events, FrameTaker take);

/* Sends what is written; false: the connection is lost. */
extern bool respond_frame_link_send(FrameLink *link);

/* Closes it, and frees all but the link itself. */
extern void respond_frame_link_close(FrameLink *link);

#endif							/* RESPOND_FRAME_LINK_H */
