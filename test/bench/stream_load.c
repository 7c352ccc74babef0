/*-------------------------------------------------------------------------
 * stream_load.c
 *	  Followers of a stream: when each event came, and as many more as wanted.
 *
 * usage: stream_load PORT TARGET TOKEN STREAMS [OTHER]
 *        stream_load floor STREAMS BYTES
 *
 * Follows so many streams of 127.0.0.1 until standard input ends, and reads what
 * comes on each.  Prints "ready" when all have begun, and then, for each event on
 * the first one, its id and the time in seconds since 1970; and "all" with the
 * time whenever all have had as many events.  With OTHER all but the first one
 * follow that, in which %d is the number of the stream.
 *
 * floor prints how many ms it takes to send so many bytes to each of so many
 * connections of 127.0.0.1, whose other side reads as it does here.
 *
 * Each piece of the body holds whole messages, as our gateway sends them while
 * the reader keeps up.
 *
 * build: cc -O2 stream_load.c
 *
 * test/bench/stream_load.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENT_PREFIX	"data: {\"specversion\":\"1.0\",\"id\":\""
#define MOST_AT_ONCE	128		/* streams that have not begun */

typedef struct Follower
{
	int			fd;
	bool		has_begun;
} Follower;

static int	set;
static int	begun;
static int	count;				/* of streams */
static long	heard;				/* events on all of them */
static char bytes[1024 * 1024 + 1];

static void
die(const char *message)
{
	fprintf(stderr, "stream_load: %s: %s\n", message, strerror(errno));
	exit(1);
}

static void
follow(Follower *follower, int port, const char *request)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_port = htons(port),.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN,.data.ptr = follower};

	follower->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (follower->fd < 0 || connect(follower->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		die("connect");
	if (send(follower->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t) strlen(request))
		die("send");
	epoll_ctl(set, EPOLL_CTL_ADD, follower->fd, &event);
}

static void
note_events(bool is_first)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	for (char *at = bytes; (at = strstr(at, EVENT_PREFIX)) != NULL;)
	{
		at += strlen(EVENT_PREFIX);
		if (is_first)
			printf("%.*s %lld.%09ld\n", (int) strcspn(at, "\""), at, (long long) time.tv_sec, time.tv_nsec);
		if (++heard % count == 0)
			printf("all %lld.%09ld\n", (long long) time.tv_sec, time.tv_nsec);
	}
	fflush(stdout);
}

static void
hear(Follower *follower, bool is_first)
{
	ssize_t		length = recv(follower->fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0)
		die("a stream ended");
	bytes[length] = '\0';
	if (!follower->has_begun && strstr(bytes, "\nretry:") != NULL)
	{
		follower->has_begun = true;
		begun++;
	}
	else if (!follower->has_begun && strncmp(bytes, "HTTP/1.1 200", 12) != 0)
		die("a stream was refused");
	note_events(is_first);
}

/* Returns whether standard input goes on. */
static bool
hear_all(Follower *followers)
{
	struct epoll_event events[256];
	int			found = epoll_wait(set, events, 256, -1);

	for (int i = 0; i < found; i++)
	{
		if (events[i].data.ptr == NULL)
			return false;
		hear(events[i].data.ptr, events[i].data.ptr == followers);
	}
	return true;
}

static void
raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The other side of the floor: so many connections, which read so many bytes in all; a byte tells of it. */
static void
read_all(const struct sockaddr_in *address, int number, size_t left, int done)
{
	set = epoll_create1(0);
	for (int i = 0; i < number; i++)
	{
		struct epoll_event event = {.events = EPOLLIN};

		event.data.fd = socket(AF_INET, SOCK_STREAM, 0);
		if (event.data.fd < 0 || connect(event.data.fd, (const struct sockaddr *) address, sizeof(*address)) != 0)
			die("connect");
		epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
	}
	while (left > 0)
	{
		struct epoll_event events[256];
		int			found = epoll_wait(set, events, 256, -1);

		for (int i = 0; i < found; i++)
			left -= recv(events[i].data.fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
	}
	_exit(write(done, "", 1) == 1 ? 0 : 1);
}

static int
measure_floor(int number, size_t length)
{
	int		   *ours = calloc(number, sizeof(int));
	int			listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	size = sizeof(address);
	struct timespec start;
	struct timespec end;
	int			done[2];

	if (bind(listener, (struct sockaddr *) &address, size) != 0 || listen(listener, 128) != 0 ||
		getsockname(listener, (struct sockaddr *) &address, &size) != 0 || pipe(done) != 0)
		die("listen");
	if (fork() == 0)
		read_all(&address, number, number * length, done[1]);
	for (int i = 0; i < number; i++)
		if ((ours[i] = accept(listener, NULL, NULL)) < 0)
			die("accept");
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < number; i++)
		if (send(ours[i], bytes, length, MSG_NOSIGNAL) != (ssize_t) length)
			die("send");
	if (read(done[0], bytes, 1) != 1)
		die("read");
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.1f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
	return 0;
}

static void
write_request(char *request, size_t room, const char *target, int number, const char *token)
{
	char		numbered[1024];
	const char *place = strstr(target, "%d");

	if (place != NULL)
	{
		snprintf(numbered, sizeof(numbered), "%.*s%d%s", (int) (place - target), target, number, place + 2);
		target = numbered;
	}
	snprintf(request, room, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", target, token);
}

int
main(int argc, char **argv)
{
	int			number = argc > 4 ? atoi(argv[4]) : 0;
	Follower   *followers = calloc(number + 1, sizeof(Follower));
	struct epoll_event end = {.events = EPOLLIN | EPOLLHUP,.data.ptr = NULL};
	char		request[2048];

	raise_limit();
	if (argc == 4 && strcmp(argv[1], "floor") == 0)
		return measure_floor(atoi(argv[2]), atoi(argv[3]));
	if (number < 1)
	{
		fprintf(stderr, "usage: stream_load PORT TARGET TOKEN STREAMS [OTHER]\n       stream_load floor STREAMS BYTES\n");
		return 2;
	}
	count = number;
	set = epoll_create1(0);
	epoll_ctl(set, EPOLL_CTL_ADD, STDIN_FILENO, &end);
	for (int opened = 0; begun < number;)
	{
		while (opened < number && opened - begun < MOST_AT_ONCE)
		{
			write_request(request, sizeof(request), argc > 5 && opened > 0 ? argv[5] : argv[2], opened, argv[3]);
			follow(&followers[opened++], atoi(argv[1]), request);
		}
		if (!hear_all(followers))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (hear_all(followers))
		;
	return 0;
}
