/*-------------------------------------------------------------------------
 * doors.c
 *	  The addresses that callers can come to.
 *
 * src/listener/doors.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE 1
#include "listener/doors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "companion/listen_address.h"
#include "companion/protocol.h"
#include "listener/caller_life.h"
#include "listener/deadline.h"
#include "listener/tls.h"

#define BACKLOG			1024

/* Callers that are met before others have their turn. */
#define FAIR_ACCEPTS	64

/* Unsent bytes that the system keeps of one connection before we wait. */
#define MOST_UNSENT		(128 * 1024)

/* Seconds of silence, and between questions, and questions, until a caller that does not answer is gone. */
#define SILENCE			30
#define BETWEEN			10
#define QUESTIONS		3

typedef struct Door
{
	LoopSource	source;			/* first: respond_loop_free() frees what begins with it */
	Deadline	pause;			/* the system has no more descriptors: until we try again */
	char	   *text;			/* as it was said */
	ListenAddress address;
	bool		is_tls;
	bool		is_wanted;
	char		fault[200];		/* why it is closed; empty: it is open */
	struct Door *next;
} Door;

static Door *doors;

/* The address for the system; its length. */
static socklen_t
socket_address(const ListenAddress *address, struct sockaddr_storage *storage)
{
	memset(storage, 0, sizeof(*storage));
	if (address->is_unix)
	{
		struct sockaddr_un *unix_address = (struct sockaddr_un *) storage;

		unix_address->sun_family = AF_UNIX;
		snprintf(unix_address->sun_path, sizeof(unix_address->sun_path), "%s", address->host);
		return sizeof(*unix_address);
	}
	if (strchr(address->host, ':') != NULL)
	{
		struct sockaddr_in6 *six = (struct sockaddr_in6 *) storage;

		six->sin6_family = AF_INET6;
		six->sin6_port = htons(address->port);
		inet_pton(AF_INET6, address->host, &six->sin6_addr);
		return sizeof(*six);
	}
	((struct sockaddr_in *) storage)->sin_family = AF_INET;
	((struct sockaddr_in *) storage)->sin_port = htons(address->port);
	inet_pton(AF_INET, address->host, &((struct sockaddr_in *) storage)->sin_addr);
	return sizeof(struct sockaddr_in);
}

static void
set_option(int fd, int level, int option, int value)
{
	(void) setsockopt(fd, level, option, &value, sizeof(value));
}

/* Connections that are accepted have these too. */
static void
set_options(int fd, const struct sockaddr_storage *storage)
{
	if (storage->ss_family == AF_UNIX)
		return;
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (storage->ss_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, MOST_UNSENT);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, SILENCE);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, BETWEEN);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, QUESTIONS);
}

/* A socket file that nobody listens to was left by a program that was killed. */
static void
remove_stale_file(const struct sockaddr_storage *storage, socklen_t length)
{
	const char *path = ((const struct sockaddr_un *) storage)->sun_path;
	struct stat file;
	int			probe;

	if (lstat(path, &file) != 0 || !S_ISSOCK(file.st_mode))
		return;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return;
	if (connect(probe, (const struct sockaddr *) storage, length) != 0 && errno == ECONNREFUSED)
		(void) unlink(path);
	close(probe);
}

static const char *
words_of(int error)
{
	if (error == EADDRINUSE)
		return "another program has it";
	if (error == EADDRNOTAVAIL)
		return "this machine does not have it";
	return strerror(error);
}

static void
fail(Door *door, const char *what, int error)
{
	snprintf(door->fault, sizeof(door->fault), "%s: %s", what, words_of(error));
}

static void
end_pause(Deadline *deadline, DeadlineKind kind)
{
	respond_loop_change(&((Door *) ((char *) deadline - offsetof(Door, pause)))->source, EPOLLIN);
}

/* The event that connections wait would come again at once. */
static void
pause_door(Door *door)
{
	respond_loop_change(&door->source, 0);
	respond_deadline_set(&door->pause, DEADLINE_PAUSE);
}

static void
accept_callers(LoopSource *source, uint32_t events)
{
	Door	   *door = (Door *) source;

	for (int i = 0; i < FAIR_ACCEPTS; i++)
	{
		struct sockaddr_storage storage = {0};
		socklen_t	length = sizeof(storage);
		Peer		peer;
		int			fd = accept4(source->fd, (struct sockaddr *) &storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		{
			if (!respond_caller_close_idle())
				pause_door(door);
			return;
		}
		if (fd < 0)
			return;
		peer = respond_peer_of(&storage);
		respond_caller_open(fd, &peer, door->is_tls);
	}
}

static void
open_door(Door *door)
{
	struct sockaddr_storage storage;
	socklen_t	length = socket_address(&door->address, &storage);
	int			fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t		mask;
	int			bound;

	if (fd < 0)
	{
		fail(door, "no socket can be had", errno);
		return;
	}
	set_options(fd, &storage);
	if (door->address.is_unix)
		remove_stale_file(&storage, length);

	/* As on an address of this machine, everybody here may call. */
	mask = umask(0111);
	bound = bind(fd, (struct sockaddr *) &storage, length);
	umask(mask);
	door->source.fd = fd;
	door->source.ready = accept_callers;
	if (bound != 0 || listen(fd, BACKLOG) != 0)
		fail(door, "cannot listen", errno);
	else if (!respond_loop_add(&door->source, EPOLLIN))
		fail(door, "cannot accept callers", errno);
	else
	{
		door->fault[0] = '\0';
		return;
	}
	respond_loop_close(&door->source);
}

/* Opens it, or says why not. */
static void
try_door(Door *door)
{
	if (door->source.fd >= 0)
		return;
	if (door->is_tls && !respond_tls_is_ready())
		snprintf(door->fault, sizeof(door->fault), "%s", door->address.is_loopback ?
				 "it needs TLS, and there is no certificate" :
				 "other machines can reach it, so it needs TLS, and there is no certificate");
	else
		open_door(door);
}

static Door *
find_door(FrameText text)
{
	Door	   *door = doors;

	while (door != NULL && (strlen(door->text) != text.length || memcmp(door->text, text.bytes, text.length) != 0))
		door = door->next;
	return door;
}

static Door *
add_door(FrameText text)
{
	Door	   *door = calloc(1, sizeof(Door));
	Door	  **at = &doors;
	char		fault[sizeof(door->fault)];

	if (door == NULL || (door->text = strndup(text.bytes, text.length)) == NULL)
	{
		free(door);
		return NULL;
	}
	door->source.fd = -1;
	door->pause.passed = end_pause;
	if (!respond_listen_address_read(text.bytes, text.length, &door->address, fault, sizeof(fault)))
	{
		free(door->text);
		free(door);
		return NULL;
	}
	door->is_tls = door->address.is_tls || !door->address.is_loopback;
	while (*at != NULL)
		at = &(*at)->next;
	*at = door;
	return door;
}

static void
remove_unwanted(void)
{
	Door	  **at = &doors;

	while (*at != NULL)
	{
		Door	   *door = *at;

		if (door->is_wanted)
		{
			at = &door->next;
			continue;
		}
		*at = door->next;
		respond_deadline_clear(&door->pause);
		respond_loop_close(&door->source);
		free(door->text);
		respond_loop_free(&door->source);
	}
}

bool
respond_doors_take(Frame *frame)
{
	uint64_t	count = respond_frame_get_number(frame);

	if (count > PROTOCOL_MAX_ADDRESSES)
		return false;
	for (Door *door = doors; door != NULL; door = door->next)
		door->is_wanted = false;
	for (uint64_t i = 0; i < count; i++)
	{
		FrameText	text = respond_frame_get_text(frame);
		Door	   *door = find_door(text);

		if (door == NULL)
			door = add_door(text);
		if (door == NULL)
			return false;
		door->is_wanted = true;
	}
	if (!respond_frame_is_done(frame))
		return false;
	remove_unwanted();
	(void) respond_doors_retry();
	return true;
}

bool
respond_doors_retry(void)
{
	bool		changed = false;

	for (Door *door = doors; door != NULL; door = door->next)
	{
		bool		was_closed = door->source.fd < 0;

		try_door(door);
		changed |= was_closed && door->source.fd >= 0;
	}
	return changed;
}

void
respond_doors_write(FrameBuffer *buffer)
{
	uint64_t	count = 0;

	for (Door *door = doors; door != NULL; door = door->next)
		count++;
	respond_frame_put_number(buffer, count);
	for (Door *door = doors; door != NULL; door = door->next)
	{
		respond_frame_put_string(buffer, door->text);
		respond_frame_put_string(buffer, door->fault);
	}
}

void
respond_doors_each_file(void (*note) (const char *path))
{
	for (Door *door = doors; door != NULL; door = door->next)
		if (door->address.is_unix && door->source.fd >= 0)
			note(door->address.host);
}
