/* links: src/listener/answer_head.c src/listener/body_limits.c src/listener/budget.c src/listener/bytes.c src/listener/caller.c
   src/listener/caller_answer.c src/listener/caller_life.c src/listener/caller_out.c src/listener/caller_read.c
   src/listener/caller_request.c src/listener/deadline.c src/listener/exchange.c src/listener/frame_link.c
   src/listener/http_body.c src/listener/http_head.c src/listener/loop.c src/listener/net_stream.c src/listener/out_queue.c
   src/listener/peer.c src/listener/route.c src/listener/tls.c src/listener/worker.c src/common/arena.c src/companion/frame.c
   src/companion/frame_socket.c src/companion/json_text.c src/companion/problem.c src/companion/web_answer.c
   src/companion/web_request.c test/unit/listener_session.c */
/* libs: -lssl -lcrypto */
/*-------------------------------------------------------------------------
 * test_listener_times.c
 *	  How long callers and workers may take for what they do.
 *
 * test/unit/test_listener_times.c
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "companion/frame.h"
#include "listener/caller_life.h"
#include "listener_session.h"

static int	worker;
static uint64_t last_request;	/* its number */
static int	last_flaw;

static void
check_int(int actual, int expected, const char *name)
{
	if (!check(actual == expected, "%s", name))
		printf("# %d, not %d\n", actual, expected);
}

static void
say(int fd, const char *text)
{
	(void) !send(fd, text, strlen(text), MSG_NOSIGNAL);
	listener_turn();
}

static void
wait_ms(int milliseconds)
{
	listener_now += milliseconds;
	listener_turn();
}

/* What has come since: the status of an answer, 0: nothing, -1: the end. */
static int
hear(int fd)
{
	static char bytes[1 << 20];
	ssize_t		length = recv(fd, bytes, sizeof(bytes) - 1, 0);

	if (length <= 0)
		return length < 0 && errno == EAGAIN ? 0 : -1;
	bytes[length] = '\0';
	return atoi(bytes + strlen("HTTP/1.1 "));
}

/* The kind of the next frame that the worker at fd gets; 0: none, -1: the end. */
static int
next_frame(int fd)
{
	static char bytes[1 << 16];
	static size_t start;
	static size_t end;
	Frame		frame;
	size_t		used;
	ssize_t		length;

	if (start == end)
	{
		length = recv(fd, bytes, sizeof(bytes), 0);
		if (length <= 0)
			return length < 0 && errno == EAGAIN ? 0 : -1;
		start = 0;
		end = length;
	}
	if (respond_frame_find(bytes + start, end - start, &frame, &used) != FRAME_WHOLE)
		return -1;
	start += used;
	if (frame.kind == FRAME_REQUEST)
	{
		last_request = frame.request;
		for (int i = 0; i < 2; i++)
			respond_frame_get_text(&frame);
		respond_frame_get_number(&frame);
		for (int i = 0; i < 3; i++)
			respond_frame_get_text(&frame);
		respond_frame_get_number(&frame);
		respond_frame_get_text(&frame);
		last_flaw = respond_frame_get_number(&frame);
	}
	return frame.kind;
}

static void
send_all(int fd, const FrameBuffer *frame)
{
	size_t		sent = 0;

	while (sent < frame->end)
	{
		ssize_t		part = send(fd, frame->bytes + sent, frame->end - sent, MSG_NOSIGNAL);

		sent += part > 0 ? part : 0;
		listener_turn();
	}
}

/* An answer with a body of so many bytes. */
static void
answer(int fd, int status, size_t length)
{
	static char body[1 << 20];
	FrameBuffer frame = {0};

	respond_frame_begin(&frame, FRAME_ANSWER, last_request);
	respond_frame_put_number(&frame, status);
	respond_frame_put_string(&frame, "");
	respond_frame_put_text(&frame, body, length);
	respond_frame_end(&frame);
	send_all(fd, &frame);
	respond_frame_free(&frame);
}

/* A frame of the stream that was asked for last. */
static void
write_stream(FrameKind kind, const char *bytes, size_t length)
{
	FrameBuffer frame = {0};

	respond_frame_begin(&frame, kind, last_request);
	respond_frame_put_number(&frame, kind == FRAME_STREAM_BEGIN ? 200 : 1);
	if (kind != FRAME_STREAM_BEGIN)
		respond_frame_put_number(&frame, last_request);
	respond_frame_put_text(&frame, bytes, length);
	respond_frame_end(&frame);
	send_all(worker, &frame);
	respond_frame_free(&frame);
}

static void
end(int fd)
{
	close(fd);
	listener_turn();
}

static void
test_head(void)
{
	int			fd = listener_caller();

	wait_ms(9999);
	check_int(hear(fd), 0, "who says nothing has ten seconds");
	wait_ms(1);
	check_int(hear(fd), -1, "and is left without a word");
	end(fd);
	fd = listener_caller();
	for (int i = 0; i < 9; i++)
	{
		say(fd, i == 0 ? "GET /d/" : "x");
		wait_ms(1100);
	}
	check_int(hear(fd), 0, "a head has ten seconds");
	wait_ms(100);
	check_int(hear(fd), 408, "in all, however often some of it comes");
	check_int(hear(fd), -1, "and then the connection ends");
	end(fd);
}

static void
test_body(void)
{
	int			fd = listener_caller();

	say(fd, "POST /d/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
	for (int i = 0; i < 29; i++)
	{
		say(fd, "x");
		wait_ms(1000);
	}
	check_int(next_frame(worker), 0, "a body has thirty seconds");
	wait_ms(1000);
	check_int(next_frame(worker), FRAME_REQUEST, "then the worker is asked");
	check_int(last_flaw, 2, "how to say that it was too slow");
	answer(worker, 408, 0);
	check_int(hear(fd), 408, "which it does");
	check_int(hear(fd), -1, "and then the connection ends");
	end(fd);
}

static void
test_idle(void)
{
	int			fd = listener_caller();

	say(fd, "GET /d/ HTTP/1.1\r\nHost: h\r\n\r\n");
	check_int(next_frame(worker), FRAME_REQUEST, "a request");
	wait_ms(9000);
	answer(worker, 200, 0);
	check_int(hear(fd), 200, "is answered");
	wait_ms(29999);
	check_int(hear(fd), 0, "the next one has thirty seconds to come");
	say(fd, "GET");
	wait_ms(9999);
	check_int(hear(fd), 0, "and then ten for its head");
	wait_ms(1);
	check_int(hear(fd), 408, "as the first one");
	end(fd);
	fd = listener_caller();
	say(fd, "GET /d/ HTTP/1.1\r\nHost: h\r\n\r\n");
	next_frame(worker);
	answer(worker, 200, 0);
	hear(fd);
	wait_ms(30000);
	check_int(hear(fd), -1, "a connection without one is closed");
	end(fd);
}

static void
test_worker(void)
{
	int			fd = listener_caller();
	int			other;
	int			rest;

	say(fd, "GET /d/ HTTP/1.1\r\nHost: h\r\n\r\n");
	next_frame(worker);
	wait_ms(299999);
	check_int(hear(fd), 0, "a worker has five minutes to answer");
	wait_ms(1);
	check_int(hear(fd), 504, "then the caller is told");
	check_int(next_frame(worker), FRAME_GONE, "and the worker too");
	answer(worker, 200, 0);
	check_int(hear(fd), 0, "whose late answer is for nobody");
	end(fd);
	rest = listener_greeted_worker(1);
	listener_turn();
	check_int(next_frame(rest), FRAME_WELCOME, "a worker of REST");
	fd = listener_caller();
	other = listener_caller();
	say(fd, "GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n");
	say(other, "GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n");
	check_int(next_frame(rest), FRAME_REQUEST, "has one request");
	wait_ms(9999);
	check_int(hear(other), 0, "another one has ten seconds for its turn");
	wait_ms(1);
	check_int(hear(other), 503, "then its caller may come again");
	check_int(hear(fd), 0, "the first one is still worked for");
	end(fd);
	end(other);
	end(rest);
	rest = listener_worker();
	listener_turn();
	wait_ms(9999);
	check_int(next_frame(rest), 0, "a worker has ten seconds to say who it is");
	wait_ms(1);
	check_int(next_frame(rest), -1, "and is left then");
	end(rest);
}

static void
test_slow_reader(void)
{
	static char bytes[200000];
	int			fd = listener_caller();
	size_t		taken = 0;

	say(fd, "GET /d/ HTTP/1.1\r\nHost: h\r\n\r\n");
	check_int(next_frame(worker), FRAME_REQUEST, "a request for much");
	answer(worker, 200, 1 << 20);
	for (int i = 0; i < 20 && taken < 1 << 20; i++)
	{
		ssize_t		length;

		wait_ms(29000);
		length = recv(fd, bytes, sizeof(bytes), 0);
		taken += length > 0 ? length : 0;
		listener_turn();
	}
	check(taken > 1 << 20, "who takes some of an answer now and then gets it");
	say(fd, "GET /d/ HTTP/1.1\r\nHost: h\r\n\r\n");
	check_int(next_frame(worker), FRAME_REQUEST, "and may ask again");
	answer(worker, 200, 1 << 20);
	wait_ms(29999);
	check_int(respond_caller_counts.connections, 1, "who takes nothing has thirty seconds");
	wait_ms(1);
	check_int(respond_caller_counts.connections, 0, "and is cut off");
	end(fd);
}

/* A stream of HTTP/1.minor whose caller does not read at all. */
static void
test_slow_listener(int minor)
{
	static char bytes[300000];
	char		request[100];
	int			fd = listener_caller();

	snprintf(request, sizeof(request), "GET /d/ HTTP/1.%d\r\nHost: h\r\n\r\n", minor);
	say(fd, request);
	check_int(next_frame(worker), FRAME_REQUEST, "a request for a stream");
	write_stream(FRAME_STREAM_BEGIN, "", 0);
	write_stream(FRAME_STREAM_DATA, bytes, sizeof(bytes));
	check_int(next_frame(worker), 0, "some of it waits");
	wait_ms(30000);
	check_int(next_frame(worker), FRAME_STREAM_FULL, "after thirty seconds the worker hears of it");
	check_int(respond_caller_counts.connections, 1, "the event that is partly sent has its time");
	wait_ms(29999);
	check_int(respond_caller_counts.connections, 1, "which is as long");
	wait_ms(1);
	check_int(respond_caller_counts.connections, 0, "and then it is over");
	end(fd);
}

static void
test_linger(void)
{
	int			fd = listener_caller();

	say(fd, "nonsense\r\n\r\n");
	check_int(hear(fd), 400, "a refusal");
	check_int(hear(fd), -1, "is the last word");
	wait_ms(1999);
	say(fd, "more");
	wait_ms(1999);
	check_int(respond_caller_counts.connections, 1, "what the caller sends then is read away for a while");
	wait_ms(1);
	check_int(respond_caller_counts.connections, 0, "and then nobody hears it");
	end(fd);
}

int
main(void)
{
	check(listener_begin(), "the program starts");
	worker = listener_greeted_worker(0);
	listener_turn();
	check_int(next_frame(worker), FRAME_WELCOME, "a worker is greeted");
	test_head();
	test_body();
	test_idle();
	test_worker();
	test_slow_reader();
	test_slow_listener(1);
	test_slow_listener(0);
	test_linger();
	check_int(respond_caller_counts.connections, 0, "nobody is left");
	return check_done();
}
