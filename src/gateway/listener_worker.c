/*-------------------------------------------------------------------------
 * listener_worker.c
 *	  The listener: one worker for the cluster, which keeps the program that meets callers.
 *
 * It tells the program what to listen to, and writes into shared memory what the
 * program tells of itself.  It is in no database and takes no part in requests:
 * the gateways of the databases speak with the program themselves.
 *
 * A program that does not answer, or not in frames, is ended and started anew.
 * Whether it is still awake is asked by sending it once more what it knows.
 *
 * src/gateway/listener_worker.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/latch.h"
#include "common/shmem.h"
#include "companion/frame_wait.h"
#include "companion/listen_address.h"
#include "companion/program.h"
#include "companion/protocol.h"
#include "gateway/gateway_socket.h"
#include "gateway/listener_worker.h"
#include "gateway/program_state.h"
#include "gateway/tls_files.h"
#include "worker/worker.h"

/* A program that owes an answer for so long is stuck. */
#define ANSWER_LIMIT_MS		10000

#define OTHER_VERSION \
	"It is of another version than the library that the server has in memory; restart the server."

/* So long after its last word it is asked whether it is awake. */
#define ASK_AFTER_MS		30000

typedef enum Greeting
{
	GREETING_NONE,				/* the program does not run */
	GREETING_SENT,				/* it did not say who it is */
	GREETING_DONE
} Greeting;

typedef struct Listener
{
	Program		program;
	FrameWait	wait;
	Greeting	greeting;
	TlsFiles	files;
	TimestampTz settings_of;	/* PgReloadTime of the settings that were read last */
	TimestampTz asked_at;		/* when the oldest question without answer was put; 0: none */
	TimestampTz heard_at;		/* when the program last spoke */
	KnownDatabases databases;	/* as the program was told */
	char	   *unix_sockets;	/* those it was started with, as in pg_respond.gateway_listen */
} Listener;

static void
put_hello(FrameBuffer *out)
{
	respond_frame_begin(out, FRAME_HELLO, 0);
	respond_frame_put_number(out, FRAME_PROTOCOL);
	respond_frame_put_string(out, RESPOND_VERSION);
	respond_frame_put_string(out, "");
	respond_frame_put_number(out, 0);
	respond_frame_put_number(out, 0);
	(void) respond_frame_end(out);
}

static int
count_addresses(void)
{
	const char *at = respond_gateway_listen;
	const char *item;
	size_t		length;
	int			count = 0;

	while (respond_listen_address_next(&at, &item, &length))
		count++;
	return count;
}

static void
put_config(FrameBuffer *out, const TlsFiles *files)
{
	const char *at = respond_gateway_listen;
	const char *item;
	size_t		length;

	respond_frame_begin(out, FRAME_CONFIG, 0);
	respond_frame_put_number(out, respond_gateway_max_connections);
	respond_frame_put_number(out, respond_gateway_max_connections_per_address);
	respond_frame_put_string(out, files->certificate == NULL ? "" : files->certificate);
	respond_frame_put_string(out, files->key == NULL ? "" : files->key);
	respond_frame_put_number(out, count_addresses());
	while (respond_listen_address_next(&at, &item, &length))
		respond_frame_put_text(out, item, length);
	(void) respond_frame_end(out);
}

/* Tells the program which databases there are, unless it knows. */
static void
tell_databases(Listener *listener, bool is_new)
{
	FrameBuffer *out = &listener->program.control.out;
	KnownDatabases *told = &listener->databases;
	bool		is_told;

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	is_told = !is_new && memcmp(told, &respond_shared->known, sizeof(*told)) == 0;
	memcpy(told, &respond_shared->known, sizeof(*told));
	LWLockRelease(respond_shared->lock);
	if (is_told)
		return;
	respond_frame_begin(out, FRAME_DATABASES, 0);
	respond_frame_put_number(out, told->is_complete);
	respond_frame_put_number(out, told->count);
	for (int i = 0; i < told->count; i++)
		respond_frame_put_string(out, NameStr(told->names[i]));
	(void) respond_frame_end(out);
}

/* Tells the program what it shall do, and so asks whether it is awake. */
static void
configure(Listener *listener)
{
	TimestampTz now = GetCurrentTimestamp();

	put_config(&listener->program.control.out, &listener->files);
	if (listener->asked_at == 0)
		listener->asked_at = now;
	listener->heard_at = now;
}

/* Nothing is said to it any more, and nothing heard. */
static void
forget_program(Listener *listener)
{
	respond_frame_wait_forget(&listener->wait);
	listener->greeting = GREETING_NONE;
	listener->asked_at = 0;
}

static void
give_up(Listener *listener, const char *why)
{
	respond_program_give_up(&listener->program, why);
	forget_program(listener);
	respond_program_state_gone(why);
}

/* Workers that wait for the program try at once. */
static void
wake_gateways(void)
{
	LWLockAcquire(respond_shared->lock, LW_SHARED);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state == WORKER_RUNNING && slot->kind == WORKER_GATEWAY)
			respond_latch_set(slot->procno);
	}
	LWLockRelease(respond_shared->lock);
}

static void
greet(Listener *listener)
{
	respond_frame_wait_forget(&listener->wait);
	respond_program_state_started(listener->program.pid);
	listener->greeting = GREETING_SENT;
	listener->asked_at = listener->heard_at = GetCurrentTimestamp();
	put_hello(&listener->program.control.out);
	tell_databases(listener, true);
	/* it is always the first word of a program; what comes behind it is read when it is welcome */
	configure(listener);
	wake_gateways();
}

static void
take_welcome(Listener *listener, Frame *frame)
{
	FrameText	version = respond_frame_get_text(frame);

	if (!respond_frame_is_done(frame) || listener->greeting != GREETING_SENT)
		give_up(listener, "It sent a frame that it may not send.");
	else if (version.length != strlen(RESPOND_VERSION) || memcmp(version.bytes, RESPOND_VERSION, version.length) != 0)
		give_up(listener, OTHER_VERSION);
	else
		listener->greeting = GREETING_DONE;
}

static void
take_state(Listener *listener, Frame *frame)
{
	if (listener->greeting != GREETING_DONE || !respond_program_state_take(frame, listener->files.fault))
	{
		give_up(listener, "It sent a frame that it may not send.");
		return;
	}
	listener->asked_at = 0;
}

static void
take_frame(Listener *listener, Frame *frame)
{
	listener->heard_at = GetCurrentTimestamp();
	if (frame->kind == FRAME_WELCOME)
		take_welcome(listener, frame);
	else if (frame->kind == FRAME_STATE)
		take_state(listener, frame);
	else if (frame->kind == FRAME_REFUSE)
		give_up(listener, OTHER_VERSION);
	else
		give_up(listener, "It sent a frame that it may not send.");
}

/* Reads and writes; the end of the program itself is seen by respond_program_keep(). */
static void
speak(Listener *listener)
{
	FrameSocket *control = &listener->program.control;
	SocketVerdict received;
	FrameVerdict verdict = FRAME_MORE;
	Frame		frame;

	if (listener->greeting == GREETING_NONE)
		return;
	received = respond_frame_socket_receive(control);
	if (received == SOCKET_RUBBISH)
		give_up(listener, "It sent more than a worker takes.");
	while (listener->greeting != GREETING_NONE &&
		   (verdict = respond_frame_socket_next(control, &frame)) == FRAME_WHOLE)
		take_frame(listener, &frame);
	if (listener->greeting == GREETING_NONE)
		return;
	if (verdict == FRAME_BROKEN)
		give_up(listener, "It sent what is no frame.");
	else if (received == SOCKET_CLOSED || respond_frame_socket_send(control) != SOCKET_FINE)
	{
		/* it is about to end; how, is known when it has */
		respond_program_closed(&listener->program);
		forget_program(listener);
	}
}

/* A worker of a database was sent what is no frame by this program. */
static void
hear_accusations(Listener *listener)
{
	uint32		accused = pg_atomic_exchange_u32(&respond_shared->accused_program, 0);

	if (accused != 0 && (int) accused == listener->program.pid)
		give_up(listener, "It sent a worker what is no frame, or a frame that it may not send.");
}

static void
look_at_time(Listener *listener)
{
	TimestampTz now = GetCurrentTimestamp();

	if (listener->greeting == GREETING_NONE)
		return;
	if (listener->asked_at != 0 && TimestampDifferenceExceeds(listener->asked_at, now, ANSWER_LIMIT_MS))
		give_up(listener, "It did not answer its worker for 10 seconds.");
	else if (listener->asked_at == 0 && TimestampDifferenceExceeds(listener->heard_at, now, ASK_AFTER_MS))
		configure(listener);
}

static long
rest_milliseconds(const Listener *listener)
{
	TimestampTz due = listener->asked_at != 0 ? TimestampTzPlusMilliseconds(listener->asked_at, ANSWER_LIMIT_MS) :
		TimestampTzPlusMilliseconds(listener->heard_at, ASK_AFTER_MS);

	if (listener->greeting == GREETING_NONE)
		return respond_program_next_due(&listener->program);
	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due) + 1;
}

/* The Unix sockets among the addresses: the program can open them only when it starts. */
static char *
name_unix_sockets(void)
{
	StringInfoData names;
	const char *at = respond_gateway_listen;
	const char *item;
	size_t		length;

	initStringInfo(&names);
	while (respond_listen_address_next(&at, &item, &length))
	{
		ListenAddress address;
		char		error[256];

		if (respond_listen_address_read(item, length, &address, error, sizeof(error)) && address.is_unix)
			appendStringInfo(&names, "%.*s,", (int) length, item);
	}
	return names.data;
}

/* What cannot be used does not take the place of what can. */
static void
read_files(Listener *listener)
{
	TlsFiles   *files = &listener->files;
	TlsFiles	news;

	respond_tls_files_read(&news);
	if (news.fault[0] == '\0')
	{
		respond_tls_files_free(files);
		*files = news;
		return;
	}
	strlcpy(files->fault, news.fault, sizeof(files->fault));
	ereport(LOG,
			(errmsg("pg_respond cannot use the certificate of its gateway: %s", files->fault),
			 files->certificate != NULL ? errdetail("What was in use before stays in use.") :
			 errdetail("Addresses that need one are not listened to.")));
}

static void
follow_settings(Listener *listener)
{
	char	   *unix_sockets;
	bool		other_sockets;

	if (listener->unix_sockets != NULL && listener->settings_of == PgReloadTime)
		return;
	listener->settings_of = PgReloadTime;
	read_files(listener);
	unix_sockets = name_unix_sockets();
	other_sockets = listener->unix_sockets != NULL && strcmp(unix_sockets, listener->unix_sockets) != 0;
	if (listener->unix_sockets != NULL)
		pfree(listener->unix_sockets);
	listener->unix_sockets = unix_sockets;
	if (listener->greeting == GREETING_NONE)
		return;
	if (other_sockets)
	{
		listener->program.failures = 0;
		give_up(listener, "Its Unix sockets changed, which it can open only when it starts.");
	}
	else
		configure(listener);
}

static void
keep_program(Listener *listener)
{
	int			before = listener->program.pid;
	bool		started = respond_program_keep(&listener->program);

	if (before != 0 && listener->program.pid != before)
	{
		forget_program(listener);
		respond_program_state_gone(listener->program.end);
	}
	if (started)
		greet(listener);
}

static void
leave(int code, Datum argument)
{
	respond_program_state_gone("");
}

void
respond_listener_main(Datum main_arg)
{
	WorkerSlot *slot = respond_worker_start(main_arg, WORKER_LISTENER);
	static Listener listener;

	before_shmem_exit(leave, (Datum) 0);
	respond_program_initialize(&listener.program, PROTOCOL_PROGRAM, respond_gateway_socket_listen());
	MemoryContextSwitchTo(TopMemoryContext);
	for (;;)
	{
		follow_settings(&listener);
		keep_program(&listener);
		hear_accusations(&listener);
		if (listener.greeting != GREETING_NONE)
			tell_databases(&listener, false);
		speak(&listener);
		look_at_time(&listener);
		pg_atomic_write_u32(&slot->sleeping, 1);
		respond_frame_wait(&listener.wait, &listener.program.control, listener.greeting != GREETING_NONE,
						   rest_milliseconds(&listener), SLEEP_LISTENER);
	}
}
