/*-------------------------------------------------------------------------
 * fuzz_listener.c
 *	  Nothing that callers and workers send, in whatever order they come and go, breaks the program between them.
 *
 * An input is a list of things that happen: bytes of a caller, frames of a
 * worker, good ones and others, connections that begin and end, time that
 * passes.  Checked besides memory: each request that a worker gets is one that a
 * worker takes, callers get nothing but answers, and when all have left, no
 * connection and no byte of the budget is kept.
 *
 * test/fuzz/fuzz_listener.c
 *-------------------------------------------------------------------------
 */
/* links: src/listener/answer_head.c src/listener/body_limits.c src/listener/budget.c src/listener/bytes.c src/listener/caller.c
   src/listener/caller_answer.c src/listener/caller_life.c src/listener/caller_out.c src/listener/caller_read.c
   src/listener/caller_request.c src/listener/deadline.c src/listener/exchange.c src/listener/frame_link.c
   src/listener/http_body.c src/listener/http_head.c src/listener/loop.c src/listener/net_stream.c src/listener/out_queue.c
   src/listener/peer.c src/listener/route.c src/listener/tls.c src/listener/worker.c src/common/arena.c src/companion/frame.c
   src/companion/frame_socket.c src/companion/json_text.c src/companion/problem.c src/companion/web_answer.c
   src/companion/web_request.c test/unit/listener_session.c */
/* libs: -lssl -lcrypto */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "companion/web_request.h"
#include "insist.h"
#include "listener/budget.h"
#include "listener/caller_life.h"
#include "listener/deadline.h"
#include "listener/loop.h"
#include "listener_session.h"

#define CALLERS		4
#define WORKERS		3
#define KNOWN		8			/* requests that workers remember */

static int	callers[CALLERS];
static size_t heard[CALLERS];	/* bytes that the caller got */
static int	workers[WORKERS];
static FrameBuffer inboxes[WORKERS];
static uint64_t known[KNOWN];
static int	next_known;

static void
begin_once(void)
{
	static bool has_begun;

	if (has_begun)
		return;
	has_begun = true;
	insist(listener_begin(), "the program starts");
	respond_caller_limits.in_all = CALLERS - 1;
	memset(callers, -1, sizeof(callers));
	memset(workers, -1, sizeof(workers));
}

/* What the caller got; the first bytes say what it is. */
static void
hear(int i)
{
	char		bytes[65536];
	ssize_t		length;

	while (callers[i] >= 0 && (length = recv(callers[i], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
	{
		insist(heard[i] > 0 || (length >= 9 && memcmp(bytes, "HTTP/1.1 ", 9) == 0), "a caller gets answers");
		heard[i] += length;
	}
}

static void
take_frame(int i, Frame *frame)
{
	static Arena *arena;

	if (frame->kind != FRAME_REQUEST)
		return;
	if (arena == NULL)
		arena = respond_arena_create(&respond_arena_malloc_source);
	respond_arena_reset(arena);
	known[next_known++ % KNOWN] = frame->request;
	insist(respond_web_request_read(arena, frame) != NULL, "a worker takes each request");
}

static void
receive(int i)
{
	char		bytes[65536];
	ssize_t		length;
	Frame		frame;
	size_t		used;

	while (workers[i] >= 0 && (length = recv(workers[i], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
	{
		FrameBuffer *inbox = &inboxes[i];
		FrameVerdict verdict;

		/* Bytes of frames, in a buffer for frames: as one that is never ended. */
		inbox->bytes = realloc(inbox->bytes, inbox->end + length);
		memcpy(inbox->bytes + inbox->end, bytes, length);
		inbox->end += length;
		while ((verdict = respond_frame_find(inbox->bytes + inbox->start, inbox->end - inbox->start, &frame, &used)) == FRAME_WHOLE)
		{
			inbox->start += used;
			take_frame(i, &frame);
		}
		insist(verdict == FRAME_MORE, "a worker gets frames");
	}
}

static void
turn(void)
{
	listener_turn();
	for (int i = 0; i < CALLERS; i++)
		hear(i);
	for (int i = 0; i < WORKERS; i++)
		receive(i);
}

static void
close_caller(int i)
{
	if (callers[i] >= 0)
		close(callers[i]);
	callers[i] = -1;
	heard[i] = 0;
}

static void
open_caller(int i)
{
	close_caller(i);
	callers[i] = listener_caller();
	insist(callers[i] >= 0, "sockets");
}

static void
close_worker(int i)
{
	if (workers[i] >= 0)
		close(workers[i]);
	workers[i] = -1;
	respond_frame_free(&inboxes[i]);
}

static void
send_bytes(int fd, const void *bytes, size_t length)
{
	if (fd >= 0)
		(void) !send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
send_frame(int i, FrameBuffer *frame)
{
	if (respond_frame_end(frame))
		send_bytes(workers[i], frame->bytes, frame->end);
	respond_frame_free(frame);
}

static void
open_worker(int i, int lane)
{
	close_worker(i);
	workers[i] = listener_greeted_worker(lane);
	insist(workers[i] >= 0, "a worker connects");
}

/* A frame that is good as such; how it is filled is the input's. */
static void
send_filled(int i, FrameKind kind, const uint8_t *data, size_t size)
{
	FrameBuffer frame = {0};
	uint64_t	request = size > 0 ? known[data[0] % KNOWN] : 0;
	size_t		half = size / 2;

	respond_frame_begin(&frame, kind, request);
	if (kind == FRAME_ANSWER || kind == FRAME_STREAM_BEGIN)
	{
		respond_frame_put_number(&frame, size > 1 && data[1] < 50 ? 200 + data[1] * 8 : 200);
		respond_frame_put_string(&frame, size > 2 && data[2] < 128 ? "Content-Type: text/plain\r\nX: y\r\n" : "");
		if (kind == FRAME_ANSWER)
			respond_frame_put_text(&frame, (const char *) data + half, size - half);
	}
	else if (kind == FRAME_LIMITS)
	{
		respond_frame_put_number(&frame, size > 1 ? data[1] : 100);
		respond_frame_put_number(&frame, 1);
		respond_frame_put_text(&frame, (const char *) data, half);
		respond_frame_put_number(&frame, size > 2 ? data[2] : 10);
	}
	else
	{
		respond_frame_put_number(&frame, 2);
		respond_frame_put_number(&frame, request);
		respond_frame_put_number(&frame, size > 1 ? known[data[1] % KNOWN] : 0);
		respond_frame_put_text(&frame, (const char *) data, size);
	}
	send_frame(i, &frame);
}

/* Much for a stream, so that one who does not read is cut off; or time is over for who reads too little of it. */
static void
flood(int i, bool is_late)
{
	static char bytes[60000];

	for (int n = 0; n < (is_late ? 5 : 12); n++)
	{
		FrameBuffer frame = {0};

		respond_frame_begin(&frame, FRAME_STREAM_DATA, 0);
		respond_frame_put_number(&frame, KNOWN);
		for (int k = 0; k < KNOWN; k++)
			respond_frame_put_number(&frame, known[k]);
		respond_frame_put_text(&frame, bytes, sizeof(bytes));
		send_frame(i, &frame);
		respond_loop_turn(0);
		(void) respond_callers_go_on();
	}
	if (is_late)
		listener_now += 31000;
	respond_deadline_pass();
}

/* One thing happens to a caller or worker, with some bytes of the input. */
static void
happen(int what, int whom, const uint8_t *data, size_t size)
{
	int			caller = whom % CALLERS;
	int			worker = whom % WORKERS;

	switch (what % 13)
	{
		case 0:
		case 1:
			send_bytes(callers[caller], data, size);
			break;
		case 2:
			send_bytes(workers[worker], data, size);
			break;
		case 3:
			send_filled(worker, FRAME_ANSWER, data, size);
			break;
		case 4:
			send_filled(worker, FRAME_STREAM_BEGIN, data, size);
			break;
		case 5:
			send_filled(worker, FRAME_STREAM_DATA, data, size);
			break;
		case 6:
			send_filled(worker, FRAME_STREAM_END, data, size);
			break;
		case 7:
			send_filled(worker, FRAME_LIMITS, data, size);
			break;
		case 8:
			open_caller(caller);
			break;
		case 9:
			if (whom & 128)
				close_caller(caller);
			else if (callers[caller] >= 0)
				shutdown(callers[caller], SHUT_WR);
			break;
		case 10:
			open_worker(worker, whom / WORKERS % 2);
			break;
		case 11:
			if (whom & 128)
				flood(worker, whom & 64);
			else
				close_worker(worker);
			break;
		case 12:
			listener_now += whom * 500;
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin_once();
	open_worker(0, 0);
	open_caller(0);
	turn();
	while (size >= 3)
	{
		size_t		length = data[2] < size - 3 ? data[2] : size - 3;

		happen(data[0], data[1], data + 3, length);
		turn();
		data += 3 + length;
		size -= 3 + length;
	}
	for (int i = 0; i < CALLERS; i++)
		close_caller(i);
	for (int i = 0; i < WORKERS; i++)
		close_worker(i);
	turn();
	listener_now += 400000;
	turn();
	insist(respond_caller_counts.connections == 0 && respond_caller_counts.turned_away == 0, "no connection is kept");
	insist(respond_budget_taken() == 0, "no memory of the budget is kept");
	return 0;
}
