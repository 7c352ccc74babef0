/*-------------------------------------------------------------------------
 * socket_set.c
 *	  What the epoll descriptor of the transport knows of sockets.
 *
 * Between two requests libcurl takes the socket of a connection out of the set
 * and puts it in again: two system calls for each request.  So the sockets of
 * connections stay in it until they are closed, or until one that nobody waits
 * for has something to say: its peer has closed it, or says why it is about to,
 * and what it says must not be taken for the answer to the next request.  So such
 * a connection is shut down, which libcurl sees before it would use it again.
 * HTTP/2 has words that may be said at any time; there only the end counts.
 *
 * src/transport/socket_set.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "transport/socket_set.h"

typedef struct SocketState
{
	uint32		wanted;			/* events */
	uint32		known;			/* what the descriptor waits for; 0: it is not in there */
	bool		kept;
	bool		may_speak;		/* unasked, and yet go on */
} SocketState;

static SocketState *sockets = NULL; /* by descriptor */
static int	socket_count = 0;

/* NULL when memory is short. */
static SocketState *
find(int socket)
{
	if (socket >= socket_count)
	{
		int			count = Max(socket + 1, Max(64, socket_count * 2));
		SocketState *grown = realloc(sockets, sizeof(SocketState) * count);

		if (grown == NULL)
			return NULL;
		memset(grown + socket_count, 0, sizeof(SocketState) * (count - socket_count));
		sockets = grown;
		socket_count = count;
	}
	return &sockets[socket];
}

static void
leave(int epoll_fd, int socket, SocketState *state)
{
	struct epoll_event event = {0};

	/* it may be closed already, then it left by itself */
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, socket, &event);
	state->known = 0;
}

bool
respond_socket_set_wait(int epoll_fd, int socket, uint32 events)
{
	SocketState *state = find(socket);
	struct epoll_event event = {.events = events,.data.fd = socket};

	if (state == NULL)
		return false;
	state->wanted = events;
	if (events == 0)
	{
		if (!state->kept && state->known != 0)
			leave(epoll_fd, socket, state);
		return true;
	}
	if (state->known == events)
		return true;
	/* what was closed without a word is unknown to it, and its number may be another one's now */
	if (state->known != 0 && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, socket, &event) == 0)
		state->known = events;
	else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, socket, &event) == 0 ||
			 (errno == EEXIST && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, socket, &event) == 0))
		state->known = events;
	else
		return false;
	return true;
}

static bool
has_ended(int socket)
{
	struct pollfd look = {.fd = socket,.events = POLLRDHUP};

	return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool
respond_socket_set_is_awaited(int epoll_fd, int socket)
{
	SocketState *state = find(socket);

	if (state == NULL || state->wanted != 0)
		return true;
	leave(epoll_fd, socket, state);
	if (state->kept && (!state->may_speak || has_ended(socket)))
		shutdown(socket, SHUT_RDWR);
	return false;
}

void
respond_socket_set_keep(int socket)
{
	SocketState *state = find(socket);

	if (state == NULL)
		return;
	memset(state, 0, sizeof(*state));
	state->kept = true;
}

void
respond_socket_set_let_speak(int socket)
{
	SocketState *state = find(socket);

	if (state != NULL)
		state->may_speak = true;
}

void
respond_socket_set_forget(int socket)
{
	if (socket < socket_count)
		memset(&sockets[socket], 0, sizeof(SocketState));
}
