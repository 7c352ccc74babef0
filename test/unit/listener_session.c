/*-------------------------------------------------------------------------
 * listener_session.c
 *	  The program that meets callers, in the process of a test: its sockets, its loop, and its time.
 *
 * test/unit/listener_session.c
 *-------------------------------------------------------------------------
 */
#include "listener_session.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "companion/frame.h"
#include "listener/caller_life.h"
#include "listener/deadline.h"
#include "listener/loop.h"
#include "listener/ticks.h"
#include "listener/worker.h"

#define TURNS	4				/* of the loop: what one leaves, the next takes up */

uint64_t listener_now = 1000000;

static struct sockaddr_un door_name = {.sun_family = AF_UNIX};

uint64_t
respond_ticks_now(void)
{
	return listener_now;
}

void
respond_ticks_read(void)
{
}

const char *
respond_ticks_date(void)
{
	return "Thu, 01 Jan 1970 00:00:00 GMT";
}

bool
listener_begin(void)
{
	int			door = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(door_name.sun_path + 1, sizeof(door_name.sun_path) - 1, "pg_respond.test.%d", (int) getpid());
	return bind(door, (struct sockaddr *) &door_name, sizeof(door_name)) == 0 && listen(door, 10) == 0 &&
		respond_loop_open() && respond_workers_open(door);
}

int
listener_caller(void)
{
	static const Peer peer = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};
	int			ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	respond_caller_open(ends[1], &peer, false);
	return ends[0];
}

int
listener_worker(void)
{
	int			fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *) &door_name, sizeof(door_name)) != 0)
	{
		close(fd);
		return -1;
	}
	return fd;
}

int
listener_greeted_worker(int lane)
{
	FrameBuffer frame = {0};
	int			fd = listener_worker();

	respond_frame_begin(&frame, FRAME_HELLO, 0);
	respond_frame_put_number(&frame, FRAME_PROTOCOL);
	respond_frame_put_string(&frame, RESPOND_VERSION);
	respond_frame_put_string(&frame, "d");
	respond_frame_put_number(&frame, lane);
	respond_frame_put_number(&frame, 1);
	respond_frame_put_string(&frame, "h");
	if (respond_frame_end(&frame))
		(void) !send(fd, frame.bytes, frame.end, MSG_NOSIGNAL);
	respond_frame_free(&frame);
	return fd;
}

void
listener_turn(void)
{
	for (int i = 0; i < TURNS; i++)
	{
		respond_loop_turn(0);
		respond_deadline_pass();
		(void) respond_callers_go_on();
		respond_workers_flush();
	}
}
