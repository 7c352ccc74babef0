/*-------------------------------------------------------------------------
 * program_link.c
 *	  A gateway's connection to the program that brings its requests.
 *
 * While the program is started anew, connections wait in the queue of the
 * listener's socket; while there is no listener, nobody listens, and the gateway
 * tries again after a pause, or when the listener wakes it.
 *
 * src/gateway/program_link.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/latch.h"
#include "common/shmem.h"
#include "companion/protocol.h"
#include "gateway/gateway_socket.h"
#include "gateway/host_map.h"
#include "gateway/program_link.h"
#include "worker/back_off.h"
#include "worker/worker.h"

#define FIRST_PAUSE_MS		50
#define LONGEST_PAUSE_MS	2000

void
respond_program_link_initialize(ProgramLink *link, const char *database, int lane)
{
	memset(link, 0, sizeof(*link));
	link->socket.fd = -1;
	link->database = database;
	link->lane = lane;
}

static void
disconnect(ProgramLink *link)
{
	respond_frame_wait_forget(&link->wait);
	respond_frame_socket_close(&link->socket);
	link->state = LINK_NONE;
	link->try_after = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												  respond_back_off(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, link->failures));
	link->failures++;
}

void
respond_program_link_accuse(ProgramLink *link)
{
	int			listener = -1;

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	pg_atomic_write_u32(&respond_shared->accused_program, (uint32) respond_shared->gateway.program_pid);
	for (int i = 0; i < respond_shared->slot_count; i++)
		if (respond_shared->slots[i].state == WORKER_RUNNING && respond_shared->slots[i].kind == WORKER_LISTENER)
			listener = respond_shared->slots[i].procno;
	LWLockRelease(respond_shared->lock);
	respond_latch_set(listener);
	disconnect(link);
}

/* The hosts of this database: how many; each is put into the frame unless there is none. */
static int
go_through_hosts(const ProgramLink *link, FrameBuffer *out)
{
	const char *at = link->hosts;
	HostItem	item;
	int			count = 0;

	while (respond_host_map_next(&at, &item))
	{
		if (strcmp(item.database, link->database) != 0)
			continue;
		count++;
		if (out != NULL)
			respond_frame_put_string(out, item.host);
	}
	return count;
}

static void
put_hello(ProgramLink *link)
{
	FrameBuffer *out = &link->socket.out;

	respond_frame_begin(out, FRAME_HELLO, 0);
	respond_frame_put_number(out, FRAME_PROTOCOL);
	respond_frame_put_string(out, RESPOND_VERSION);
	respond_frame_put_string(out, link->database);
	respond_frame_put_number(out, link->lane);
	respond_frame_put_number(out, go_through_hosts(link, NULL));
	(void) go_through_hosts(link, out);
	(void) respond_frame_end(out);
}

static void
connect_to_program(ProgramLink *link)
{
	int			fd = respond_gateway_socket_connect();

	/* with what was written behind the end of the one before */
	respond_frame_socket_close(&link->socket);
	if (fd < 0 || !respond_frame_socket_open(&link->socket, fd))
	{
		disconnect(link);
		return;
	}
	link->state = LINK_GREETED;
	put_hello(link);
	(void) respond_program_link_send(link);
}

void
respond_program_link_keep(ProgramLink *link)
{
	if (link->hosts == NULL || strcmp(link->hosts, respond_gateway_database) != 0)
	{
		if (link->hosts != NULL)
			pfree(link->hosts);
		link->hosts = MemoryContextStrdup(TopMemoryContext, respond_gateway_database);
		if (link->state != LINK_NONE)
			disconnect(link);
		link->try_after = 0;
	}
	if (link->state == LINK_NONE && GetCurrentTimestamp() >= link->try_after)
		connect_to_program(link);
}

bool
respond_program_link_is_new(ProgramLink *link)
{
	bool		is_new = link->is_new && link->state == LINK_OPEN;

	link->is_new = false;
	return is_new;
}

bool
respond_program_link_receive(ProgramLink *link)
{
	if (link->state == LINK_NONE)
		return false;
	switch (respond_frame_socket_receive(&link->socket))
	{
		case SOCKET_FINE:
			return true;
		case SOCKET_CLOSED:
			disconnect(link);
			return false;
		case SOCKET_RUBBISH:
			break;
	}
	respond_program_link_accuse(link);
	return false;
}

/* The first frame: whether the program welcomes this worker. */
static void
take_greeting(ProgramLink *link, Frame *frame)
{
	(void) respond_frame_get_text(frame);
	if (frame->kind == FRAME_REFUSE)
	{
		/* of another version; the listener was told the same, and says so */
		disconnect(link);
		return;
	}
	if (frame->kind != FRAME_WELCOME || !respond_frame_is_done(frame))
	{
		respond_program_link_accuse(link);
		return;
	}
	link->state = LINK_OPEN;
	link->is_new = true;
	link->failures = 0;
}

bool
respond_program_link_next(ProgramLink *link, Frame *frame)
{
	while (link->state != LINK_NONE)
	{
		switch (respond_frame_socket_next(&link->socket, frame))
		{
			case FRAME_MORE:
				return false;
			case FRAME_BROKEN:
				respond_program_link_accuse(link);
				return false;
			case FRAME_WHOLE:
				break;
		}
		if (link->state == LINK_OPEN)
			return true;
		take_greeting(link, frame);
	}
	return false;
}

bool
respond_program_link_send(ProgramLink *link)
{
	if (link->state == LINK_NONE)
		return false;
	if (respond_frame_socket_send(&link->socket) == SOCKET_FINE)
		return true;
	disconnect(link);
	return false;
}

void
respond_program_link_wait(ProgramLink *link, bool receive, long milliseconds)
{
	long		pause = milliseconds;

	if (link->state == LINK_NONE)
	{
		pause = Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), link->try_after));
		if (milliseconds >= 0)
			pause = Min(pause, milliseconds);
	}
	respond_frame_wait(&link->wait, &link->socket, receive, pause, respond_worker_sleep());
}
