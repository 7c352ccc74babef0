/*-------------------------------------------------------------------------
 * gateway_worker.c
 *	  The gateways of a database: workers that answer requests from the network.
 *
 * The one of lane 0 takes webhooks, streams and metrics: never anything that
 * waits for somebody else's lock.  The others take requests of the REST
 * interface, one at a time each.
 *
 * A turn takes in what has come, up to a limit, answers it, and sends the
 * answers.  A program that does not take answers gets no more of them: nothing
 * is taken in while much waits to be sent.
 *
 * src/gateway/gateway_worker.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/shmem.h"
#include "companion/frame_watch.h"
#include "companion/problem.h"
#include "gateway/gateway_answer.h"
#include "gateway/gateway_limits.h"
#include "gateway/gateway_worker.h"
#include "gateway/program_link.h"
#include "stream/stream.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* Of one turn. */
#define MOST_REQUESTS		256
#define MOST_BYTES			((size_t) 16 * 1024 * 1024)

/* With so much unsent, nothing is taken in. */
#define MOST_UNSENT			((size_t) 32 * 1024 * 1024)

/* Memory that stays with the process after a turn, for the next one; a block that is larger goes back at once. */
#define KEPT_BYTES			(16 * 1024 * 1024)
#define KEPT_BLOCK			(2 * 1024 * 1024)

typedef struct Gateway
{
	WorkerSlot *slot;
	ProgramLink link;
	MemoryContext turn_context;
	Arena	   *arena;			/* of the turn */
	const WebRequest *requests[MOST_REQUESTS];
	int			count;
	size_t		bytes;			/* of their bodies */
} Gateway;

/* Who asked has left; what was not begun need not be.  On a lane of REST, an answer says that the lane is free. */
static void
forget_request(Gateway *gateway, uint64 request)
{
	for (int i = 0; i < gateway->count; i++)
	{
		if (gateway->requests[i]->id != request)
			continue;
		gateway->requests[i] = gateway->requests[--gateway->count];
		if (gateway->slot->lane > 0)
			(void) respond_web_answer_write(&gateway->link.socket.out, request,
											respond_problem(gateway->arena, 503, NULL));
		return;
	}
}

static void
take_request(Gateway *gateway, Frame *frame)
{
	const WebRequest *request = respond_web_request_read(gateway->arena, frame);

	if (request == NULL)
	{
		respond_program_link_accuse(&gateway->link);
		return;
	}
	gateway->requests[gateway->count++] = request;
	gateway->bytes += request->body_length;
}

static void
take_frame(Gateway *gateway, Frame *frame)
{
	switch (frame->kind)
	{
		case FRAME_REQUEST:
			take_request(gateway, frame);
			break;
		case FRAME_GONE:
			forget_request(gateway, frame->request);
			respond_stream_gone(frame->request);
			break;
		case FRAME_STREAM_FULL:
			respond_stream_cut(frame->request);
			break;
		default:
			respond_program_link_accuse(&gateway->link);
	}
}

/* Takes in what has come; true: there may be more at once. */
static bool
take_in(Gateway *gateway)
{
	Frame		frame;

	gateway->count = 0;
	gateway->bytes = 0;
	while (gateway->count < MOST_REQUESTS && gateway->bytes < MOST_BYTES)
	{
		if (!respond_program_link_next(&gateway->link, &frame))
			return false;
		take_frame(gateway, &frame);
	}
	return true;
}

static bool
may_receive(const Gateway *gateway)
{
	return respond_frame_socket_waiting(&gateway->link.socket) < MOST_UNSENT;
}

static void
answer(Gateway *gateway)
{
	WorkerSlot *slot = gateway->slot;

	pg_atomic_write_u32(&slot->busy, 1);
	respond_frame_watch_socket(slot->lane > 0 ? &gateway->link.socket : NULL);
	respond_gateway_answer(gateway->arena, gateway->requests, gateway->count, &gateway->link.socket.out);
	respond_frame_watch_socket(NULL);
	(void) respond_program_link_send(&gateway->link);
	pg_atomic_fetch_add_u64(&slot->batches, 1);
	pg_atomic_write_u64(&slot->active_at, (uint64) GetCurrentTimestamp());
	pg_atomic_write_u32(&slot->busy, 0);
}

static bool
feed_streams(Gateway *gateway)
{
	bool		more = respond_stream_turn(&gateway->link.socket.out);

	(void) respond_program_link_send(&gateway->link);
	return more;
}

/* True: there may be more to do at once. */
static bool
turn(Gateway *gateway)
{
	bool		more = false;

	respond_program_link_keep(&gateway->link);
	/* with the connection to the program its streams are gone */
	if (gateway->link.state != LINK_OPEN)
		respond_stream_gone_all();
	if (!respond_program_link_send(&gateway->link) || !may_receive(gateway) ||
		!respond_program_link_receive(&gateway->link))
		return false;
	MemoryContextSwitchTo(gateway->turn_context);
	gateway->arena = respond_arena_create_in(gateway->turn_context);
	more = take_in(gateway);
	/* a program that lied has lost the connection, and nobody waits for answers */
	if (gateway->count > 0 && gateway->link.state == LINK_OPEN)
		answer(gateway);
	if (gateway->slot->lane == 0 && gateway->link.state == LINK_OPEN)
		respond_gateway_limits_tell(&gateway->link.socket.out, respond_program_link_is_new(&gateway->link));
	if (respond_stream_is_open() && gateway->link.state == LINK_OPEN)
		more |= feed_streams(gateway);
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(gateway->turn_context);
	return more;
}

/*
 * The C library gives memory back to the system at the end of each turn, and
 * gets it again, page by page, in the next one.
 */
static void
keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK);
	mallopt(M_TOP_PAD, KEPT_BLOCK / 4);
#endif
}

static char *
name_of_database(void)
{
	char	   *name;

	respond_worker_begin();
	name = MemoryContextStrdup(TopMemoryContext, get_database_name(MyDatabaseId));
	respond_worker_commit();
	pgstat_report_activity(STATE_IDLE, NULL);
	return name;
}

void
respond_gateway_main(Datum main_arg)
{
	static Gateway gateway;

	gateway.slot = respond_worker_start(main_arg, WORKER_GATEWAY);
	keep_memory();
	MemoryContextSwitchTo(TopMemoryContext);
	gateway.turn_context = AllocSetContextCreate(TopMemoryContext, "pg_respond gateway turn", ALLOCSET_DEFAULT_SIZES);
	respond_program_link_initialize(&gateway.link, name_of_database(), gateway.slot->lane);
	for (;;)
	{
		bool		more = turn(&gateway);
		long		due;

		/* a commit from here on sets the latch; one before is seen */
		pg_atomic_write_u32(&gateway.slot->sleeping, 1);
		pg_memory_barrier();
		due = more ? 0 : respond_stream_due(&gateway.link.socket.out);
		respond_program_link_wait(&gateway.link, may_receive(&gateway), due);
	}
}
