/*-------------------------------------------------------------------------
 * gateway_answer.c
 *	  Answers to the requests of one turn, each by its room.
 *
 * src/gateway/gateway_answer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "common/error_class.h"
#include "common/guc.h"
#include "companion/problem.h"
#include "gateway/gateway_answer.h"
#include "gateway/gateway_route.h"
#include "gateway/host_map.h"
#include "inbound/inbound_take.h"
#include "metrics/metrics_answer.h"
#include "rest/rest_answer.h"
#include "stream/stream.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* Seconds after which a caller may try again. */
#define RETRY_AFTER		"5"
#define RETRY_HELD		"30"

/* Not now; callers try again. */
static WebAnswer *
refuse_for_now(Arena *arena, const char *why, const char *seconds)
{
	WebAnswer  *answer = respond_problem(arena, 503, why);

	respond_web_answer_field(arena, answer, "Retry-After", seconds);
	return answer;
}

/* What a room raised, as an answer; the log has the rest. */
static WebAnswer *
answer_error(Arena *arena, MemoryContext context)
{
	int			code = geterrcode();

	MemoryContextSwitchTo(context);
	HOLD_INTERRUPTS();
	respond_worker_failed(code);
	pg_atomic_fetch_add_u64(&respond_worker_slot->errors, 1);
	EmitErrorReport();
	FlushErrorState();
	AbortOutOfAnyTransaction();
	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_IDLE, NULL);
	RESUME_INTERRUPTS();
	if (respond_error_is_transient(code))
		return refuse_for_now(arena, "The server cannot do this now.", RETRY_AFTER);
	return respond_problem(arena, 500, "The server failed; its log says how.");
}

static void
put_answer(Arena *arena, const WebRequest *request, const WebAnswer *answer, FrameBuffer *out)
{
	if (!respond_web_answer_write(out, request->id, answer))
		(void) respond_web_answer_write(out, request->id,
										respond_problem(arena, 500, "The answer is too large to be sent."));
	pg_atomic_fetch_add_u64(&respond_worker_slot->events, 1);
}

/* Whether the path has no database before it, and the host stands for none. */
static bool
is_of_cluster(const WebRequest *request)
{
	const char *list = respond_gateway_database;
	size_t		length = strcspn(request->target, "?");
	HostItem	item;

	if (length != strlen(request->path) || strncmp(request->target, request->path, length) != 0)
		return false;
	while (respond_host_map_next(&list, &item))
	{
		size_t		host = strlen(item.host);

		if (strncmp(request->host, item.host, host) == 0 && (request->host[host] == '\0' || request->host[host] == ':'))
			return false;
	}
	return true;
}

/* begins: the answer is the beginning of a stream. */
static WebAnswer *
answer_one(Arena *arena, const WebRequest *request, volatile bool *begins)
{
	Route		route = respond_gateway_route(request->path);
	WebAnswer  *answer;

	if (route == ROUTE_METRICS)
		return respond_metrics_answer(arena, request, is_of_cluster(request));
	if (respond_worker_on_hold())
		return refuse_for_now(arena, "This database is on hold.", RETRY_HELD);
	if (route == ROUTE_REST)
		return respond_rest_answer(arena, request);
	if (route == ROUTE_STREAM)
	{
		*begins = respond_stream_begin(arena, request, &answer);
		return answer;
	}
	return respond_problem(arena, 404, NULL);
}

/* Requests that have an effect of their own, one after the other. */
static void
answer_guarded(Arena *arena, const WebRequest *request, FrameBuffer *out)
{
	MemoryContext context = CurrentMemoryContext;
	WebAnswer  *volatile answer = NULL;
	volatile bool begins = false;

	PG_TRY();
	{
		answer = answer_one(arena, request, &begins);
	}
	PG_CATCH();
	{
		respond_stream_gone(request->id);
		answer = answer_error(arena, context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	if (begins && !respond_web_answer_write_begin(out, request->id, answer))
	{
		respond_stream_gone(request->id);
		begins = false;
		answer = respond_problem(arena, 500, "The answer cannot be sent.");
	}
	if (!begins)
		put_answer(arena, request, answer, out);
}

/* Webhooks: all of the turn are one transaction. */
static void
answer_inbound(Arena *arena, const WebRequest **requests, int count, FrameBuffer *out)
{
	WebAnswer **answers = palloc(sizeof(WebAnswer *) * count);

	respond_inbound_take(arena, requests, count, answers);
	for (int i = 0; i < count; i++)
		put_answer(arena, requests[i], answers[i], out);
	pgstat_report_activity(STATE_IDLE, NULL);
}

void
respond_gateway_answer(Arena *arena, const WebRequest **requests, int count, FrameBuffer *out)
{
	const WebRequest **inbound = palloc(sizeof(WebRequest *) * (count + 1));
	int			inbound_count = 0;

	for (int i = 0; i < count; i++)
		if (respond_gateway_route(requests[i]->path) == ROUTE_INBOUND)
			inbound[inbound_count++] = requests[i];
	if (inbound_count > 0)
		answer_inbound(arena, inbound, inbound_count, out);
	for (int i = 0; i < count; i++)
		if (respond_gateway_route(requests[i]->path) != ROUTE_INBOUND)
			answer_guarded(arena, requests[i], out);
}
