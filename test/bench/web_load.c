/*-------------------------------------------------------------------------
 * web_load.c
 *	  Callers of the gateway, or of another server: as many requests as it answers.
 *
 * usage: web_load PORT PATH CONNECTIONS SECONDS [SLOW=0] [SECRET] [FILE]
 *
 * Each connection POSTs a body of 1 kB to 127.0.0.1, waits for the answer, and
 * POSTs the next one, with an id of its own.  With a secret (base64 behind
 * "whsec_"), each is signed as Standard Webhooks says.  SLOW more connections
 * send a byte of a head now and then, and come again when they are cut off.
 *
 * With a file, the callers go on until standard input ends, whatever SECONDS
 * says, and wait for all answers.  The ids of what was answered 2xx are written to the file, one
 * a line, and how many requests were answered so, how many were refused with 429
 * or 503 and Retry-After, and how many otherwise or not at all, is printed.
 *
 * Without one, prints one line: requests a second, median and 99th percentile of the time
 * until the answer in milliseconds, and how many answers were not 2xx.  Ends
 * with 1 if there were any.
 *
 * build: cc -O2 web_load.c -lcrypto
 *
 * test/bench/web_load.c
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
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_LENGTH		1024
#define MOST_TIMES		20000000
#define SLOW_PAUSE		0.5		/* seconds between two bytes of a slow connection */

typedef struct Connection
{
	int			fd;
	bool		is_slow;
	bool		is_waiting;		/* for an answer */
	double		asked;
	unsigned long serial;
	int			slow_sent;
	size_t		read;
	char		answer[4096];
} Connection;

static struct sockaddr_in address = {.sin_family = AF_INET};
static const char *path;
static unsigned char secret[256];
static int	secret_length;
static char body[BODY_LENGTH + 1];
static int	set;
static float *times;
static long count;
static long failed;
static unsigned long serial;

/* Of a flood. */
static FILE *ids;
static bool is_ending;
static int	waiting;
static long refused;

static void
die(const char *message)
{
	fprintf(stderr, "web_load: %s: %s\n", message, strerror(errno));
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
sign(char *to, const char *id, long timestamp)
{
	char		text[BODY_LENGTH + 200];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length;
	int			size = snprintf(text, sizeof(text), "%s.%ld.%s", id, timestamp, body);

	HMAC(EVP_sha256(), secret, secret_length, (unsigned char *) text, size, digest, &length);
	EVP_EncodeBlock((unsigned char *) to, digest, length);
}

static void
write_id(char *id, size_t size, unsigned long number)
{
	snprintf(id, size, "msg_%d_%lu", (int) getpid(), number);
}

static void
ask(Connection *connection)
{
	char		request[BODY_LENGTH + 1024];
	char		id[64];
	char		signature[100] = "none";
	long		timestamp = time(NULL);
	int			length;

	write_id(id, sizeof(id), connection->serial = ++serial);
	if (secret_length > 0)
		sign(signature, id, timestamp);
	length = snprintf(request, sizeof(request),
					  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: web_load\r\nContent-Type: application/json\r\n"
					  "webhook-id: %s\r\nwebhook-timestamp: %ld\r\nwebhook-signature: v1,%s\r\n"
					  "Content-Length: %d\r\n\r\n%s", path, id, timestamp, signature, BODY_LENGTH, body);
	connection->asked = now();
	connection->read = 0;
	if (send(connection->fd, request, length, MSG_NOSIGNAL) != length && ids == NULL)
		die("send");
	connection->is_waiting = true;
	waiting++;
}

static void
open_connection(Connection *connection)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	int			one = 1;

	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		die("connect");
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	epoll_ctl(set, EPOLL_CTL_ADD, connection->fd, &event);
	connection->slow_sent = 0;
	if (!connection->is_slow)
		ask(connection);
}

/* Whether the answer is whole; its length is that of its head and of its body. */
static bool
is_whole(Connection *connection)
{
	char	   *end;
	char	   *length;

	connection->answer[connection->read] = '\0';
	end = strstr(connection->answer, "\r\n\r\n");
	if (end == NULL)
		return false;
	length = strcasestr(connection->answer, "\r\ncontent-length:");
	return connection->read >= (size_t) (end + 4 - connection->answer) + (length != NULL && length < end ? atol(length + 17) : 0);
}

/* What became of a request of a flood. */
static void
note_answer(const Connection *connection)
{
	bool		is_refusal = strncmp(connection->answer + 9, "429", 3) == 0 || strncmp(connection->answer + 9, "503", 3) == 0;
	char		id[64];

	if (connection->answer[9] == '2')
	{
		write_id(id, sizeof(id), connection->serial);
		fprintf(ids, "%s\n", id);
		count++;
	}
	else if (is_refusal && strcasestr(connection->answer, "\r\nretry-after:") != NULL)
		refused++;
	else
		failed++;
}

static void
answered(Connection *connection)
{
	connection->is_waiting = false;
	waiting--;
	if (ids != NULL)
	{
		note_answer(connection);
		return;
	}
	failed += connection->answer[9] != '2';
	if (count < MOST_TIMES)
		times[count] = (now() - connection->asked) * 1000;
	count++;
}

static void
hear(Connection *connection)
{
	ssize_t		length = recv(connection->fd, connection->answer + connection->read,
							  sizeof(connection->answer) - 1 - connection->read, MSG_DONTWAIT);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0)
	{
		failed += connection->is_waiting;
		waiting -= connection->is_waiting;
		connection->is_waiting = false;
		close(connection->fd);
		if (is_ending)
			return;
		open_connection(connection);
		return;
	}
	if (connection->is_slow)
		return;
	connection->read += length;
	if (!is_whole(connection))
		return;
	answered(connection);
	if (!is_ending)
		ask(connection);
}

static void
send_slowly(Connection *connections, int number)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";

	for (int i = 0; i < number; i++)
		if (connections[i].is_slow)
			(void) send(connections[i].fd, bytes + connections[i].slow_sent++ % (sizeof(bytes) - 1), 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As many at once as the system lets us. */
static void
raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
hear_all(int timeout)
{
	struct epoll_event events[256];
	int			found = epoll_wait(set, events, 256, timeout);

	for (int i = 0; i < found; i++)
		if (events[i].data.ptr != NULL)
			hear(events[i].data.ptr);
		else
		{
			is_ending = true;
			epoll_ctl(set, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
		}
}

/* Until standard input ends, and all are answered. */
static int
flood(void)
{
	while (!is_ending || waiting > 0)
		hear_all(-1);
	if (fclose(ids) != 0)
		die("the file of ids");
	printf("%ld %ld %ld\n", count, refused, failed);
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	return (*(const float *) a > *(const float *) b) - (*(const float *) a < *(const float *) b);
}

int
main(int argc, char **argv)
{
	int			quick = argc > 3 ? atoi(argv[3]) : 0;
	double		seconds = argc > 4 ? atof(argv[4]) : 0;
	int			slow = argc > 5 ? atoi(argv[5]) : 0;
	Connection *connections = calloc(quick + slow, sizeof(Connection));
	struct epoll_event end = {.events = EPOLLIN | EPOLLHUP,.data.ptr = NULL};
	double		begin;
	double		next_byte;
	long		kept;

	if (argc < 5)
	{
		fprintf(stderr, "usage: web_load PORT PATH CONNECTIONS SECONDS [SLOW] [SECRET] [FILE]\n");
		return 2;
	}
	address.sin_port = htons(atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	path = argv[2];
	if (argc > 6)
	{
		const char *key = strncmp(argv[6], "whsec_", 6) == 0 ? argv[6] + 6 : argv[6];

		secret_length = EVP_DecodeBlock(secret, (const unsigned char *) key, strlen(key));
		while (secret_length > 0 && *key != '\0' && key[strlen(key) - 1] == '=')
			secret_length--, key = strndup(key, strlen(key) - 1);
	}
	snprintf(body, sizeof(body), "{\"type\": \"order.created\", \"data\": {\"id\": 1, \"note\": \"");
	memset(body + strlen(body), 'x', BODY_LENGTH - strlen(body) - 3);
	memcpy(body + BODY_LENGTH - 3, "\"}}", 3);
	times = malloc(sizeof(float) * MOST_TIMES);
	set = epoll_create1(0);
	raise_limit();
	if (argc > 7)
	{
		ids = fopen(argv[7], "w");
		if (ids == NULL || epoll_ctl(set, EPOLL_CTL_ADD, STDIN_FILENO, &end) != 0)
			die(argv[7]);
	}
	for (int i = 0; i < quick + slow; i++)
	{
		connections[i].is_slow = i < slow;
		open_connection(&connections[i]);
	}
	if (ids != NULL)
		return flood();
	begin = next_byte = now();
	while (now() < begin + seconds)
	{
		hear_all(10);
		if (slow > 0 && now() > next_byte)
		{
			send_slowly(connections, quick + slow);
			next_byte = now() + SLOW_PAUSE;
		}
	}
	seconds = now() - begin;
	kept = count < MOST_TIMES ? count : MOST_TIMES;
	if (kept == 0)
		die("no answer came");
	qsort(times, kept, sizeof(float), by_size);
	printf("%.0f %.3f %.3f %ld\n", count / seconds, times[kept / 2], times[kept * 99 / 100], failed);
	return failed > 0;
}
