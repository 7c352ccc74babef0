/*-------------------------------------------------------------------------
 * gateway_socket.c
 *	  The Unix socket at which the gateway's program meets the workers.
 *
 * The listener has it open as long as it lives, so that workers that come while
 * the program is started anew wait in its queue.  Nobody but the server's user
 * can reach it: it lies in the data directory.
 *
 * src/gateway/gateway_socket.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "companion/protocol.h"
#include "gateway/gateway_socket.h"

/* All workers of a cluster may come at the same time. */
#define QUEUE_LENGTH	1024

static struct sockaddr_un
socket_address(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strlcpy(address.sun_path, PROTOCOL_SOCKET, sizeof(address.sun_path));
	return address;
}

int
respond_gateway_socket_listen(void)
{
	struct sockaddr_un address = socket_address();
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void) unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, QUEUE_LENGTH) < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("pg_respond could not listen to Unix socket \"%s\": %m", address.sun_path)));
	return fd;
}

int
respond_gateway_socket_connect(void)
{
	struct sockaddr_un address = socket_address();
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
	{
		close(fd);
		return -1;
	}
	return fd;
}
