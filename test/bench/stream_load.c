/*-------------------------------------------------------------------------
 * stream_load.c
 *	  Followers of a stream: when each event came, and as many more as wanted.
 *
 * usage: stream_load PORT TARGET TOKEN STREAMS
 *
 * Follows so many streams of 127.0.0.1 until standard input ends, and reads what
 * comes on each.  Prints "ready" when all have begun, and then, for each event on
 * the first one, its id and the time in seconds since 1970.
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
print_events(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	for (char *at = bytes; (at = strstr(at, EVENT_PREFIX)) != NULL;)
	{
		at += strlen(EVENT_PREFIX);
		printf("%.*s %lld.%09ld\n", (int) strcspn(at, "\""), at, (long long) time.tv_sec, time.tv_nsec);
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
	if (is_first)
		print_events();
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

int
main(int argc, char **argv)
{
	int			number = argc > 4 ? atoi(argv[4]) : 0;
	Follower   *followers = calloc(number + 1, sizeof(Follower));
	struct epoll_event end = {.events = EPOLLIN | EPOLLHUP,.data.ptr = NULL};
	struct rlimit limit;
	char		request[2048];

	if (number < 1)
	{
		fprintf(stderr, "usage: stream_load PORT TARGET TOKEN STREAMS\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
			 argv[2], argv[3]);
	set = epoll_create1(0);
	epoll_ctl(set, EPOLL_CTL_ADD, STDIN_FILENO, &end);
	for (int opened = 0; begun < number;)
	{
		while (opened < number && opened - begun < MOST_AT_ONCE)
			follow(&followers[opened++], atoi(argv[1]), request);
		if (!hear_all(followers))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (hear_all(followers))
		;
	return 0;
}
