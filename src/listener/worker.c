/*-------------------------------------------------------------------------
 * worker.c
 *	  The workers of databases, which answer requests.
 *
 * src/listener/worker.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE 1
#include "listener/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "companion/protocol.h"
#include "listener/deadline.h"
#include "listener/frame_link.h"
#include "wire/ascii_case.h"

/* A worker that has so much to do gets no more until it answers. */
#define ZERO_REQUESTS	1024
#define ZERO_BYTES		((size_t) 4 * 1024 * 1024)

/* What waits for workers of one kind. */
#define MAX_WAITING		2000

/* A name of the server has no more bytes than that. */
#define MAX_NAME		255

/* "ffffffff" CR LF before the bytes of a chunk, CR LF behind them. */
#define CHUNK_HEAD		10
#define CHUNK_END		2

typedef struct Worker
{
	FrameLink	link;			/* first: frames name their worker by it */
	Deadline	deadline;		/* until HELLO came */
	Database   *database;		/* NULL: it has not said hello */
	LaneKind	lane;
	struct Worker *next;		/* of its database and lane */
	struct Worker *next_written;	/* of those that something was written to in this turn */
	bool		is_written;
	ExchangeList asked;
	int			busy_with;		/* requests that it has not answered, also those whose callers left */
	ExchangeList streams;
} Worker;

typedef struct Lane
{
	Worker	   *workers;
	ExchangeList waiting;
} Lane;

struct Database
{
	Database   *next;
	char	   *name;
	size_t		name_length;
	bool		is_listed;		/* it was named as one that there is */
	char	  **hosts;
	int			host_count;
	Lane		lanes[LANE_KINDS];
	BodyLimits	limits;
};

/* Those that are gone stay, as callers may point to them. */
static Database *databases;
static bool databases_are_known;
static Worker *written;
static Arena *arena;

static void
note_written(Worker *worker)
{
	if (worker->is_written)
		return;
	worker->is_written = true;
	worker->next_written = written;
	written = worker;
}

Database *
respond_database_named(const char *name, size_t length)
{
	Database   *database = databases;

	while (database != NULL && (database->name_length != length || memcmp(database->name, name, length) != 0))
		database = database->next;
	return database;
}

Database *
respond_database_of_host(const char *host, size_t length)
{
	for (Database *database = databases; database != NULL; database = database->next)
		for (int i = 0; i < database->host_count; i++)
			if (strlen(database->hosts[i]) == length && memcmp(database->hosts[i], host, length) == 0)
				return database;
	return NULL;
}

bool
respond_databases_are_known(void)
{
	return databases_are_known;
}

bool
respond_database_exists(const Database *database)
{
	return database->is_listed || respond_database_has_worker(database, LANE_ZERO) ||
		respond_database_has_worker(database, LANE_REST);
}

bool
respond_database_has_worker(const Database *database, LaneKind lane)
{
	return database->lanes[lane].workers != NULL;
}

Database *
respond_database_any(void)
{
	Database   *database = databases;

	while (database != NULL && !respond_database_has_worker(database, LANE_ZERO))
		database = database->next;
	return database;
}

const BodyLimits *
respond_database_limits(const Database *database)
{
	return &database->limits;
}

static bool
has_room(const Worker *worker)
{
	if (worker->lane == LANE_REST)
		return worker->busy_with == 0;
	return worker->busy_with < ZERO_REQUESTS && respond_frame_socket_waiting(&worker->link.socket) < ZERO_BYTES;
}

/* The worker that has least to do, or NULL. */
static Worker *
free_worker(const Lane *lane)
{
	Worker	   *best = NULL;

	for (Worker *worker = lane->workers; worker != NULL; worker = worker->next)
		if (has_room(worker) && (best == NULL || worker->busy_with < best->busy_with))
			best = worker;
	return best;
}

/* False: it cannot be written, and is not asked. */
static bool
write_to(Worker *worker, Exchange *exchange)
{
	if (!respond_exchange_number(exchange))
		return false;
	if (!exchange->kind->write(exchange, &worker->link.socket.out))
	{
		respond_exchange_forget(exchange);
		return false;
	}
	respond_exchange_append(&worker->asked, exchange, worker);
	worker->busy_with++;
	note_written(worker);
	return true;
}

AskVerdict
respond_worker_ask(Database *database, LaneKind kind, Exchange *exchange)
{
	Lane	   *lane = &database->lanes[kind];
	Worker	   *worker;

	exchange->is_stream = false;
	if (lane->workers == NULL)
		return ASK_NOBODY;
	worker = lane->waiting.count == 0 ? free_worker(lane) : NULL;
	if (worker != NULL)
		return write_to(worker, exchange) ? ASK_WRITTEN : ASK_FAILED;
	if (lane->waiting.count >= MAX_WAITING)
		return ASK_FULL;
	respond_exchange_append(&lane->waiting, exchange, lane);
	return ASK_WAITS;
}

/* Gives those that wait to workers that are free. */
static void
serve_waiting(Lane *lane)
{
	Worker	   *worker;

	while (lane->waiting.count > 0 && (worker = free_worker(lane)) != NULL)
	{
		Exchange   *exchange = lane->waiting.first;

		respond_exchange_remove(&lane->waiting, exchange);
		if (!write_to(worker, exchange))
			exchange->kind->lost(exchange);
	}
}

/* Takes it from the worker; a lane of REST is not free until it answers, even if the caller left. */
static void
take_back(Exchange *exchange, bool is_answered)
{
	Worker	   *worker = exchange->holder;

	if (exchange->is_stream)
		respond_exchange_remove(&worker->streams, exchange);
	else
	{
		respond_exchange_remove(&worker->asked, exchange);
		if (is_answered || worker->lane == LANE_ZERO)
			worker->busy_with--;
	}
	respond_exchange_forget(exchange);
}

static void
tell(Exchange *exchange, FrameKind kind)
{
	Worker	   *worker = exchange->holder;

	respond_frame_begin(&worker->link.socket.out, kind, exchange->id);
	(void) respond_frame_end(&worker->link.socket.out);
	note_written(worker);
}

void
respond_worker_leave(Exchange *exchange)
{
	if (exchange->holder == NULL)
		return;
	if (exchange->id == 0)
	{
		respond_exchange_remove(&((Lane *) exchange->holder)->waiting, exchange);
		return;
	}
	tell(exchange, FRAME_GONE);
	take_back(exchange, false);
}

void
respond_worker_tell_full(Exchange *exchange)
{
	tell(exchange, FRAME_STREAM_FULL);
	take_back(exchange, false);
}

/* All that is in the list is lost. */
static void
lose(ExchangeList *list)
{
	Exchange   *exchange;

	while ((exchange = list->first) != NULL)
	{
		respond_exchange_remove(list, exchange);
		respond_exchange_forget(exchange);
		exchange->kind->lost(exchange);
	}
}

static void
close_worker(Worker *worker)
{
	Lane	   *lane = worker->database != NULL ? &worker->database->lanes[worker->lane] : NULL;

	respond_deadline_clear(&worker->deadline);
	respond_frame_link_close(&worker->link);
	if (lane != NULL)
	{
		Worker	  **at = &lane->workers;

		while (*at != worker)
			at = &(*at)->next;
		*at = worker->next;
		lose(&worker->asked);
		lose(&worker->streams);
		if (lane->workers == NULL)
			lose(&lane->waiting);
	}
	for (Worker **at = &written; worker->is_written && *at != NULL; at = &(*at)->next_written)
		if (*at == worker)
		{
			*at = worker->next_written;
			break;
		}
	respond_loop_free(&worker->link.source);
}

static bool
refuse(Worker *worker, const char *why)
{
	respond_frame_begin(&worker->link.socket.out, FRAME_REFUSE, 0);
	respond_frame_put_string(&worker->link.socket.out, why);
	if (respond_frame_end(&worker->link.socket.out))
		(void) respond_frame_link_send(&worker->link);
	return false;
}

static Database *
add_database(FrameText name)
{
	Database   *database = calloc(1, sizeof(Database));

	if (database == NULL || (database->name = malloc(name.length)) == NULL)
	{
		free(database);
		return NULL;
	}
	memcpy(database->name, name.bytes, name.length);
	database->name_length = name.length;
	database->limits.others = BODY_LIMIT_DEFAULT;
	database->next = databases;
	databases = database;
	return database;
}

static Database *
find_or_add_database(FrameText name)
{
	Database   *database = respond_database_named(name.bytes, name.length);

	return database != NULL ? database : add_database(name);
}

bool
respond_databases_take(Frame *frame)
{
	uint64_t	are_known = respond_frame_get_number(frame);
	uint64_t	count = respond_frame_get_number(frame);

	if (are_known > 1 || count > PROTOCOL_MAX_DATABASES)
		return false;
	for (Database *database = databases; database != NULL; database = database->next)
		database->is_listed = false;
	databases_are_known = are_known;
	for (uint64_t i = 0; i < count && !frame->broken; i++)
	{
		FrameText	name = respond_frame_get_text(frame);
		Database   *database = frame->broken || name.length == 0 || name.length > MAX_NAME ? NULL :
			find_or_add_database(name);

		if (database != NULL)
			database->is_listed = true;
		else
			databases_are_known = false;
	}
	return respond_frame_is_done(frame);
}

/* The host names that mean the database; false: the frame is broken. */
static bool
read_hosts(Database *database, Frame *frame)
{
	uint64_t	count = respond_frame_get_number(frame);

	if (count > PROTOCOL_MAX_HOSTS)
		return false;
	for (int i = 0; i < database->host_count; i++)
		free(database->hosts[i]);
	free(database->hosts);
	database->host_count = 0;
	database->hosts = calloc(count + 1, sizeof(char *));
	for (uint64_t i = 0; i < count && database->hosts != NULL && !frame->broken; i++)
	{
		FrameText	host = respond_frame_get_text(frame);
		char	   *copy = strndup(host.bytes, host.length);

		if (copy == NULL)
			return false;
		for (char *at = copy; *at != '\0'; at++)
			*at = respond_ascii_lower(*at);
		database->hosts[database->host_count++] = copy;
	}
	return database->hosts != NULL && respond_frame_is_done(frame);
}

static bool
take_hello(Worker *worker, Frame *frame)
{
	uint64_t	protocol = respond_frame_get_number(frame);
	FrameText	version = respond_frame_get_text(frame);
	FrameText	name = respond_frame_get_text(frame);
	uint64_t	lane = respond_frame_get_number(frame);
	Database   *database;

	if (protocol != FRAME_PROTOCOL || version.length != strlen(RESPOND_VERSION) ||
		memcmp(version.bytes, RESPOND_VERSION, version.length) != 0)
		return refuse(worker, PROTOCOL_PROGRAM " is of version " RESPOND_VERSION ", the worker is of another one");
	if (frame->broken || name.length == 0 || name.length > MAX_NAME)
		return refuse(worker, "HELLO was not understood");
	database = find_or_add_database(name);
	if (database == NULL || !read_hosts(database, frame))
		return refuse(worker, "HELLO was not understood");
	respond_deadline_clear(&worker->deadline);
	worker->database = database;
	worker->lane = lane == 0 ? LANE_ZERO : LANE_REST;
	worker->next = database->lanes[worker->lane].workers;
	database->lanes[worker->lane].workers = worker;
	respond_frame_begin(&worker->link.socket.out, FRAME_WELCOME, 0);
	respond_frame_put_string(&worker->link.socket.out, RESPOND_VERSION);
	note_written(worker);
	return respond_frame_end(&worker->link.socket.out);
}

/* ANSWER and STREAM_BEGIN, checked; one that cannot be understood costs its request alone. */
static bool
take_answer(Worker *worker, Frame *frame)
{
	Exchange   *exchange = respond_exchange_find(frame->request);
	WebAnswer  *answer;

	if (exchange == NULL || exchange->holder != worker || exchange->is_stream)
	{
		/* Its caller left.  On lane 0, that was told to the worker and is not waited for. */
		if (worker->lane == LANE_REST && worker->busy_with > worker->asked.count)
			worker->busy_with--;
		return true;
	}
	respond_arena_reset(arena);
	answer = respond_web_answer_read(arena, frame);
	if (answer != NULL && frame->kind == FRAME_STREAM_BEGIN)
	{
		respond_exchange_remove(&worker->asked, exchange);
		worker->busy_with--;
		exchange->is_stream = true;
		respond_exchange_append(&worker->streams, exchange, worker);
		exchange->kind->stream(exchange, answer);
		return true;
	}
	take_back(exchange, true);
	if (answer != NULL)
		exchange->kind->answer(exchange, answer);
	else
		exchange->kind->lost(exchange);
	return true;
}

/* One copy of the bytes for all streams, framed as a chunk. */
static SharedBytes *
make_chunk(FrameText bytes)
{
	SharedBytes *shared = respond_shared_bytes(CHUNK_HEAD + bytes.length + CHUNK_END);
	char		size[CHUNK_HEAD + 1];

	if (shared == NULL)
		return NULL;
	snprintf(size, sizeof(size), "%08x\r\n", (unsigned int) bytes.length);
	memcpy(shared->bytes, size, CHUNK_HEAD);
	memcpy(shared->bytes + CHUNK_HEAD, bytes.bytes, bytes.length);
	memcpy(shared->bytes + CHUNK_HEAD + bytes.length, "\r\n", CHUNK_END);
	return shared;
}

/* STREAM_DATA and STREAM_END. */
static bool
take_stream(Worker *worker, Frame *frame)
{
	uint64_t	count = respond_frame_get_number(frame);
	Frame		ids = *frame;
	FrameText	bytes;
	SharedBytes *chunk = NULL;

	if (frame->broken || count > PROTOCOL_MAX_STREAMS || count * sizeof(uint64_t) > frame->left)
		return false;
	frame->bytes += count * sizeof(uint64_t);
	frame->left -= count * sizeof(uint64_t);
	bytes = respond_frame_get_text(frame);
	if (!respond_frame_is_done(frame))
		return false;
	if (bytes.length > 0)
		chunk = make_chunk(bytes);
	for (uint64_t i = 0; i < count; i++)
	{
		Exchange   *exchange = respond_exchange_find(respond_frame_get_number(&ids));

		if (exchange == NULL || exchange->holder != worker || !exchange->is_stream)
			continue;
		if (bytes.length > 0)
			exchange->kind->data(exchange, chunk, CHUNK_HEAD, CHUNK_HEAD + bytes.length);
		if (frame->kind == FRAME_STREAM_END && exchange->holder == worker)
		{
			take_back(exchange, true);
			exchange->kind->end(exchange);
		}
	}
	if (chunk != NULL)
		respond_shared_bytes_drop(chunk);
	return true;
}

static bool
take_frame(FrameLink *link, Frame *frame)
{
	Worker	   *worker = (Worker *) link;

	if (worker->database == NULL)
		return frame->kind == FRAME_HELLO && take_hello(worker, frame);
	switch (frame->kind)
	{
		case FRAME_LIMITS:
			return respond_body_limits_read(&worker->database->limits, frame);
		case FRAME_ANSWER:
		case FRAME_STREAM_BEGIN:
			return take_answer(worker, frame);
		case FRAME_STREAM_DATA:
		case FRAME_STREAM_END:
			return take_stream(worker, frame);
		default:
			return false;
	}
}

static void
worker_ready(LoopSource *source, uint32_t events)
{
	Worker	   *worker = (Worker *) source;

	if (!respond_frame_link_move(&worker->link, events, take_frame))
		close_worker(worker);
	else if (worker->database != NULL)
		serve_waiting(&worker->database->lanes[worker->lane]);
}

static void
no_hello(Deadline *deadline, DeadlineKind kind)
{
	close_worker((Worker *) ((char *) deadline - offsetof(Worker, deadline)));
}

/* The socket lies in a folder that only the server's user may enter; this says the same once more. */
static bool
is_own_user(int fd)
{
	struct ucred peer;
	socklen_t	length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid();
}

static void
accept_worker(LoopSource *source, uint32_t events)
{
	int			fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	Worker	   *worker;

	if (fd < 0)
		return;
	worker = is_own_user(fd) ? calloc(1, sizeof(Worker)) : NULL;
	if (worker == NULL)
	{
		close(fd);
		return;
	}
	worker->deadline.passed = no_hello;
	if (!respond_frame_link_open(&worker->link, fd, worker_ready))
	{
		close(fd);
		free(worker);
		return;
	}
	respond_deadline_set(&worker->deadline, DEADLINE_HELLO);
}

bool
respond_workers_open(int fd)
{
	static LoopSource door;

	arena = respond_arena_create(&respond_arena_malloc_source);
	door.fd = fd;
	door.ready = accept_worker;
	return respond_loop_add(&door, EPOLLIN);
}

void
respond_workers_flush(void)
{
	while (written != NULL)
	{
		Worker	   *worker = written;

		written = worker->next_written;
		worker->is_written = false;
		if (!worker->link.is_stuck && !respond_frame_link_send(&worker->link))
			close_worker(worker);
	}
}
