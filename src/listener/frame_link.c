/*-------------------------------------------------------------------------
 * frame_link.c
 *	  A connection in the loop, on which frames are sent and received.
 *
 * src/listener/frame_link.c
 *-------------------------------------------------------------------------
 */
#include "listener/frame_link.h"

bool
respond_frame_link_open(FrameLink *link, int fd, void (*ready) (LoopSource *source, uint32_t events))
{
	link->source.fd = fd;
	link->source.ready = ready;
	link->is_stuck = false;
	return respond_frame_socket_open(&link->socket, fd) && respond_loop_add(&link->source, EPOLLIN);
}

bool
respond_frame_link_send(FrameLink *link)
{
	bool		is_stuck;

	if (respond_frame_socket_send(&link->socket) != SOCKET_FINE)
		return false;
	is_stuck = respond_frame_socket_waiting(&link->socket) > 0;
	if (is_stuck != link->is_stuck)
		respond_loop_change(&link->source, is_stuck ? EPOLLIN | EPOLLOUT : EPOLLIN);
	link->is_stuck = is_stuck;
	return true;
}

bool
respond_frame_link_move(FrameLink *link, uint32_t events, FrameTaker take)
{
	SocketVerdict verdict;
	FrameVerdict found;
	Frame		frame;

	if ((events & EPOLLOUT) && !respond_frame_link_send(link))
		return false;
	if ((events & ~EPOLLOUT) == 0)
		return true;
	verdict = respond_frame_socket_receive(&link->socket);
	while ((found = respond_frame_socket_next(&link->socket, &frame)) == FRAME_WHOLE)
		if (!take(link, &frame))
			return false;
	return verdict == SOCKET_FINE && found == FRAME_MORE;
}

void
respond_frame_link_close(FrameLink *link)
{
	link->source.fd = -1;
	respond_frame_socket_close(&link->socket);
}
