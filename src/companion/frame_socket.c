/*-------------------------------------------------------------------------
 * frame_socket.c
 *	  One end of a socket over which frames come and go, without ever waiting.
 *
 * src/companion/frame_socket.c
 *-------------------------------------------------------------------------
 */
#include "companion/frame_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* At once; what is more waits in the system, which makes the sender wait. */
#define PORTION			((size_t) 256 * 1024)
#define MOST_AT_ONCE	((size_t) 4 * 1024 * 1024)

/* Buffers that one large frame made larger than this are given back. */
#define KEPT_CAPACITY	((size_t) 1024 * 1024)

bool
respond_frame_socket_open(FrameSocket *socket, int fd)
{
	int			flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return false;
	memset(socket, 0, sizeof(*socket));
	socket->fd = fd;
	return true;
}

void
respond_frame_socket_close(FrameSocket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	free(socket->bytes);
	respond_frame_free(&socket->out);
	memset(socket, 0, sizeof(*socket));
	socket->fd = -1;
}

/* Room for a portion behind what there is; false: memory is lacking. */
static bool
make_room(FrameSocket *socket)
{
	size_t		kept = socket->end - socket->start;
	size_t		capacity = socket->capacity;
	char	   *bytes;

	if (socket->start > 0)
	{
		memmove(socket->bytes, socket->bytes + socket->start, kept);
		socket->start = 0;
		socket->end = kept;
	}
	if (kept == 0 && capacity > KEPT_CAPACITY)
	{
		free(socket->bytes);
		socket->bytes = NULL;
		capacity = socket->capacity = 0;
	}
	if (kept + PORTION <= capacity)
		return true;
	capacity = capacity * 2 > kept + PORTION ? capacity * 2 : kept + PORTION;
	bytes = realloc(socket->bytes, capacity);
	if (bytes == NULL)
		return false;
	socket->bytes = bytes;
	socket->capacity = capacity;
	return true;
}

SocketVerdict
respond_frame_socket_receive(FrameSocket *socket)
{
	for (size_t taken = 0; taken < MOST_AT_ONCE;)
	{
		ssize_t		count;

		if (!make_room(socket))
			return SOCKET_RUBBISH;
		count = recv(socket->fd, socket->bytes + socket->end, socket->capacity - socket->end, MSG_DONTWAIT);
		if (count == 0)
			return SOCKET_CLOSED;
		if (count < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? SOCKET_FINE : SOCKET_CLOSED;
		socket->end += count;
		taken += count;
		if (socket->end < socket->capacity)
			return SOCKET_FINE;
	}
	return SOCKET_FINE;
}

FrameVerdict
respond_frame_socket_next(FrameSocket *socket, Frame *frame)
{
	size_t		used;
	FrameVerdict verdict = respond_frame_find(socket->bytes + socket->start, socket->end - socket->start, frame, &used);

	if (verdict == FRAME_WHOLE)
		socket->start += used;
	return verdict;
}

SocketVerdict
respond_frame_socket_send(FrameSocket *socket)
{
	while (respond_frame_socket_waiting(socket) > 0)
	{
		ssize_t		count = send(socket->fd, socket->out.bytes + socket->out.start,
								 respond_frame_socket_waiting(socket), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? SOCKET_FINE : SOCKET_CLOSED;
		respond_frame_sent(&socket->out, count);
	}
	if (socket->out.capacity > KEPT_CAPACITY)
		respond_frame_free(&socket->out);
	return SOCKET_FINE;
}

size_t
respond_frame_socket_waiting(const FrameSocket *socket)
{
	return socket->out.end - socket->out.start;
}
