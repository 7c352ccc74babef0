/*-------------------------------------------------------------------------
 * frame_socket.h
 *	  One end of a socket over which frames come and go, without ever waiting.
 *
 * Who owns it waits by other means until there is something to read or to
 * send.  It builds without a server.
 *
 * src/companion/frame_socket.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FRAME_SOCKET_H
#define RESPOND_FRAME_SOCKET_H

#include "companion/frame.h"

typedef struct FrameSocket
{
	int			fd;				/* below 0: none */
	char	   *bytes;			/* that came and were not looked at from start on; of malloc */
	size_t		start;
	size_t		end;
	size_t		capacity;
	FrameBuffer out;			/* frames that wait to be sent */
} FrameSocket;

typedef enum SocketVerdict
{
	SOCKET_FINE,
	SOCKET_CLOSED,				/* by the other side, or it is broken */
	SOCKET_RUBBISH				/* what came is no frame, or memory is lacking for it */
} SocketVerdict;

/* Takes over a connected stream socket, which will not block from now on; false: the system refuses that. */
extern bool respond_frame_socket_open(FrameSocket *socket, int fd);

/* Closes it and forgets what was under way; also one that is not open. */
extern void respond_frame_socket_close(FrameSocket *socket);

/*
 * Takes in what has come, some megabytes at most.  Frames that respond_frame_socket_next()
 * gave are no longer there after this.
 */
extern SocketVerdict respond_frame_socket_receive(FrameSocket *socket);

/* The next whole frame, FRAME_MORE when there is none. */
extern FrameVerdict respond_frame_socket_next(FrameSocket *socket, Frame *frame);

/* Sends what can be sent at once. */
extern SocketVerdict respond_frame_socket_send(FrameSocket *socket);

/* Bytes that wait to be sent. */
extern size_t respond_frame_socket_waiting(const FrameSocket *socket);

#endif							/* RESPOND_FRAME_SOCKET_H */
