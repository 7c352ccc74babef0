/*-------------------------------------------------------------------------
 * caller_request.c
 *	  The request of a caller, on its way to a worker.
 *
 * src/listener/caller_request.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller_request.h"

#include <string.h>

#include "companion/web_request.h"
#include "listener/budget.h"
#include "listener/caller_answer.h"
#include "wire/ascii_case.h"

#define MAX_HOST	255

/* What is asked just now; NULL: what is asked has waited, and lies with its caller. */
static const RequestBytes *at_hand;

HttpText
respond_caller_host(const HttpHead *head)
{
	static char lower[MAX_HOST];
	size_t		length = head->host.length < MAX_HOST ? head->host.length : MAX_HOST;

	for (size_t i = 0; i < length; i++)
		lower[i] = respond_ascii_lower(head->host.bytes[i]);
	return (HttpText) {lower, length};
}

static const char *
copy(Arena *arena, HttpText text)
{
	return respond_arena_copy(arena, text.bytes, text.length);
}

static void
copy_fields(Arena *arena, const HttpHead *head, WebRequest *web)
{
	web->fields = respond_arena_alloc(arena, sizeof(WebField) * (head->field_count + 1));
	web->field_count = head->field_count;
	for (int i = 0; i < head->field_count; i++)
	{
		char	   *name = respond_arena_copy(arena, head->fields[i].name.bytes, head->fields[i].name.length);

		for (char *at = name; *at != '\0'; at++)
			*at = respond_ascii_lower(*at);
		web->fields[i].name = name;
		web->fields[i].value = copy(arena, head->fields[i].value);
	}
}

static bool
write_bytes(Caller *caller, const RequestBytes *request, FrameBuffer *buffer)
{
	Arena	   *arena = respond_caller_arena();
	const HttpHead *head = request->head;
	WebRequest	web = {.id = caller->exchange.id};
	char		peer[PEER_TEXT];

	respond_peer_text(&caller->peer, peer);
	web.method = copy(arena, head->method);
	web.path = copy(arena, caller->route.path);
	web.query = head->query.bytes != NULL ? copy(arena, head->query) : NULL;
	web.target = copy(arena, head->target);
	web.host = copy(arena, respond_caller_host(head));
	web.secure = caller->stream.tls != NULL;
	web.peer = peer;
	web.flaw = caller->flaw;
	copy_fields(arena, head, &web);
	web.body = request->body.bytes;
	web.body_length = request->body.length;
	return respond_web_request_write(buffer, &web);
}

/* Reads the head once more: what waits is kept as it came. */
static bool
write_kept(Caller *caller, FrameBuffer *buffer)
{
	static HttpHead head;
	HttpHeadScan scan = {0, 0};
	HttpRefusal refusal;
	RequestBytes request = {&head, {caller->body.bytes, caller->body.length}, {NULL, 0}};
	size_t		used;

	if (respond_http_head_read(&scan, caller->head.bytes, caller->head.length, &head, &used, &refusal) != HTTP_WHOLE ||
		respond_route(&head, respond_caller_host(&head), &caller->route) != 0)
		return false;
	return write_bytes(caller, &request, buffer);
}

/*
 * Whoever has closed his side may still read, or have left: the system tells the two
 * apart only when something is sent.  Work for REST that takes longer is not
 * done for nobody; a webhook is worth recording in any case.
 */
static void
wait_for_worker(Caller *caller, DeadlineKind kind)
{
	bool		may_leave = caller->will_end && caller->route.lane == LANE_REST;

	respond_deadline_set(&caller->deadline, may_leave ? DEADLINE_LEAVE : kind);
}

void
respond_caller_note_end(Caller *caller)
{
	if (caller->state == CALLER_ASKED && caller->deadline.kind != DEADLINE_LEAVE)
		wait_for_worker(caller, caller->deadline.kind);
}

static bool
write_request(Exchange *exchange, FrameBuffer *buffer)
{
	Caller	   *caller = (Caller *) ((char *) exchange - offsetof(Caller, exchange));

	if (at_hand != NULL)
		return write_bytes(caller, at_hand, buffer);
	if (!write_kept(caller, buffer))
		return false;
	respond_caller_forget_request(caller);
	wait_for_worker(caller, DEADLINE_ANSWER);
	return true;
}

static const ExchangeKind callers = {
	.write = write_request,
	.answer = respond_caller_hear,
	.lost = respond_caller_hear_loss,
	.stream = respond_caller_hear_stream,
	.data = respond_caller_hear_data,
	.end = respond_caller_hear_end,
};

/* Keeps what lies in memory of the moment. */
static bool
keep(Caller *caller, const RequestBytes *request)
{
	const HttpText *head = &request->head_bytes;
	const HttpText *body = &request->body;

	return (caller->head.length > 0 || respond_bytes_add(&caller->head, head->bytes, head->length)) &&
		(caller->body.length > 0 || respond_bytes_add(&caller->body, body->bytes, body->length));
}

void
respond_caller_ask(Caller *caller, const RequestBytes *request)
{
	AskVerdict	verdict;

	caller->exchange.kind = &callers;
	caller->state = CALLER_ASKED;
	at_hand = request;
	verdict = respond_worker_ask(caller->route.database, caller->route.lane, &caller->exchange);
	at_hand = NULL;
	switch (verdict)
	{
		case ASK_WRITTEN:
			respond_caller_forget_request(caller);
			wait_for_worker(caller, DEADLINE_ANSWER);
			return;
		case ASK_WAITS:
			wait_for_worker(caller, DEADLINE_TURN);
			if (keep(caller, request))
				return;
			respond_worker_leave(&caller->exchange);
			break;
		case ASK_NOBODY:
			respond_caller_refuse(caller, 503, "the database does not answer at the moment", false);
			return;
		case ASK_FULL:
		case ASK_FAILED:
			break;
	}
	respond_caller_refuse(caller, 503, "there are too many requests at the moment", false);
}
