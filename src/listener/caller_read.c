/*-------------------------------------------------------------------------
 * caller_read.c
 *	  Requests, read from what a caller sends.
 *
 * src/listener/caller_read.c
 *-------------------------------------------------------------------------
 */
#include "listener/caller_read.h"

#include <stdlib.h>
#include <string.h>

#include "listener/budget.h"
#include "listener/caller_answer.h"
#include "listener/caller_out.h"
#include "listener/caller_request.h"

/* Read at once.  What is behind a request that waits for its answer stays with the caller, so it is not more. */
#define READ_SIZE		((size_t) 32 * 1024)

/* Read from one caller before others have their turn. */
#define FAIR_READS		8

/* Heard behind our last word, at most. */
#define MOST_LINGERED	((size_t) 16 * 1024 * 1024)

/* The head that was read last; those of requests that are not whole are kept as bytes. */
static HttpHead head;

static void
answer_options(Caller *caller)
{
	static WebField allow = {"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};
	WebAnswer	answer = {.status = 204, .field_count = 1, .fields = &allow, .body = ""};

	respond_caller_answer(caller, &answer, head.framing != HTTP_NO_BODY);
}

/* Whether the body is in the bytes to its end. */
static bool
has_whole_body(size_t length)
{
	return head.framing == HTTP_NO_BODY || (head.framing == HTTP_LENGTH && head.body_length <= length);
}

/*
 * Refusals that need no more than the head; rest: bytes behind it.  Behind a
 * refused request, the connection goes on if its body is known to be there.
 */
static bool
is_refused(Caller *caller, size_t rest)
{
	int			status;

	if (respond_http_text_is(head.method, "trace"))
	{
		respond_caller_refuse(caller, 405, "TRACE is not answered", true);
		return true;
	}
	if (head.path.bytes[0] == '*')
	{
		answer_options(caller);
		return true;
	}
	status = respond_route(&head, respond_caller_host(&head), &caller->route);
	if (status == 404)
		respond_caller_refuse(caller, status, "there is no database of this name here", !has_whole_body(rest));
	else if (status != 0)
		respond_caller_refuse(caller, status, "the database does not answer at the moment", !has_whole_body(rest));
	return status != 0;
}

/* The worker knows how to say that a body is not wanted; behind its answer, the connection ends. */
static void
ask_with_flaw(Caller *caller, WebFlaw flaw, HttpText head_bytes)
{
	RequestBytes request = {&head, {"", 0}, head_bytes};

	respond_bytes_free(&caller->body);
	caller->flaw = flaw;
	caller->is_last = true;
	respond_caller_ask(caller, &request);
}

static uint64_t
body_limit(Caller *caller)
{
	return respond_body_limits_of(respond_database_limits(caller->route.database), caller->route.path.bytes,
								  caller->route.path.length);
}

static bool
say_continue(Caller *caller)
{
	static const char words[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec part = {(char *) words, sizeof(words) - 1};

	return respond_caller_send(caller, &part, 1);
}

/* Keeps the head, and prepares for a body that is not whole. */
static bool
begin_body(Caller *caller, HttpText head_bytes, uint64_t limit)
{
	if (!respond_bytes_add(&caller->head, head_bytes.bytes, head_bytes.length) ||
		!respond_budget_take(sizeof(HttpBody)))
		return false;
	caller->framing = malloc(sizeof(HttpBody));
	if (caller->framing == NULL)
	{
		respond_budget_give(sizeof(HttpBody));
		return false;
	}
	respond_http_body_begin(caller->framing, &head, limit);
	caller->state = CALLER_BODY;
	respond_deadline_set(&caller->deadline, DEADLINE_BODY);
	return true;
}

/* A head was read.  Returns how many bytes of the body were used with it. */
static size_t
take_head(Caller *caller, HttpText head_bytes, const char *rest, size_t length)
{
	uint64_t	limit;

	caller->minor = head.minor;
	caller->is_last = !head.keep_alive;
	caller->is_head = respond_http_text_is(head.method, "head");
	if (is_refused(caller, length))
		return has_whole_body(length) && head.framing == HTTP_LENGTH ? head.body_length : 0;
	limit = body_limit(caller);
	if (head.framing == HTTP_LENGTH && head.body_length > limit)
	{
		ask_with_flaw(caller, WEB_TOO_LARGE, head_bytes);
		return 0;
	}
	if (has_whole_body(length))
	{
		size_t		used = head.framing == HTTP_LENGTH ? head.body_length : 0;
		RequestBytes request = {&head, {used > 0 ? rest : "", used}, head_bytes};

		respond_caller_ask(caller, &request);
		return used;
	}
	if (!begin_body(caller, head_bytes, limit))
		respond_caller_refuse(caller, 503, "there are too many requests at the moment", true);
	else if (head.expects_continue && length == 0)
		(void) say_continue(caller);
	return 0;
}

/* Returns how many bytes were used; less than all: more are needed, or the state has changed. */
static size_t
read_head(Caller *caller, const char *bytes, size_t length)
{
	HttpRefusal refusal;
	size_t		used;

	switch (respond_http_head_read(&caller->scan, bytes, length, &head, &used, &refusal))
	{
		case HTTP_MORE:
			if (caller->deadline.kind == DEADLINE_IDLE)
				respond_deadline_set(&caller->deadline, DEADLINE_HEAD);
			return 0;
		case HTTP_WHOLE:
			return used + take_head(caller, (HttpText) {bytes, used}, bytes + used, length - used);
		case HTTP_REFUSED:
			break;
	}
	caller->minor = 1;
	caller->is_head = false;
	respond_caller_refuse(caller, refusal.status, refusal.reason, true);
	return length;
}

/* The head of the body that is read, once more. */
static void
read_kept_head(Caller *caller)
{
	HttpHeadScan scan = {0, 0};
	HttpRefusal refusal;
	size_t		used;

	(void) respond_http_head_read(&scan, caller->head.bytes, caller->head.length, &head, &used, &refusal);
	(void) respond_route(&head, respond_caller_host(&head), &caller->route);
}

static size_t
read_body(Caller *caller, char *bytes, size_t length)
{
	size_t		used;
	size_t		data;
	const char *reason;
	HttpBodyVerdict verdict = respond_http_body_take(caller->framing, bytes, length, &used, &data, &reason);
	RequestBytes request = {.head = &head};

	if (verdict == HTTP_BODY_REFUSED)
	{
		respond_caller_refuse(caller, 400, reason, true);
		return length;
	}
	if (verdict == HTTP_BODY_TOO_LARGE)
	{
		read_kept_head(caller);
		ask_with_flaw(caller, WEB_TOO_LARGE, (HttpText) {NULL, 0});
		return length;
	}
	if (!respond_bytes_add(&caller->body, bytes, data))
	{
		respond_caller_refuse(caller, 503, "there are too many requests at the moment", true);
		return length;
	}
	if (verdict == HTTP_BODY_DONE)
	{
		read_kept_head(caller);
		request.body = (HttpText) {caller->body.bytes, caller->body.length};
		respond_caller_ask(caller, &request);
	}
	return used;
}

/* Makes requests of the bytes; returns how many were used. */
static size_t
read_requests(Caller *caller, char *bytes, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		size_t		used;

		if (caller->state == CALLER_HEAD)
			used = read_head(caller, bytes + at, length - at);
		else if (caller->state == CALLER_BODY)
			used = read_body(caller, bytes + at, length - at);
		else
			break;
		if (used == 0 && caller->state == CALLER_HEAD)
			break;
		at += used;
	}
	return at;
}

/* What was not used stays with the caller. */
static void
keep_rest(Caller *caller, const char *bytes, size_t length)
{
	if (caller->state == CALLER_CLOSED || caller->state == CALLER_LINGER)
		return;
	if (!respond_bytes_add(&caller->input, bytes, length))
		respond_caller_reset(caller);
}

/* Looks at bytes that were kept, behind a request that is answered now. */
static void
read_kept(Caller *caller)
{
	Bytes		kept = caller->input;
	size_t		used;

	memset(&caller->input, 0, sizeof(caller->input));
	used = read_requests(caller, kept.bytes, kept.length);
	if (used == 0 && caller->state == CALLER_HEAD)
	{
		caller->input = kept;
		return;
	}
	if (used < kept.length)
		keep_rest(caller, kept.bytes + used, kept.length - used);
	respond_bytes_free(&kept);
}

/* Reads from the socket what goes behind the bytes that are kept, or else into memory of the moment. */
static NetVerdict
read_more(Caller *caller)
{
	static char moment[READ_SIZE];
	NetVerdict	verdict;
	size_t		length;

	if (caller->input.length > 0)
	{
		if (!respond_bytes_room(&caller->input, caller->input.capacity > 0 ? 1 : READ_SIZE))
		{
			respond_caller_refuse(caller, 503, "there are too many requests at the moment", true);
			return NET_DONE;
		}
		verdict = respond_net_read(&caller->stream, caller->input.bytes + caller->input.length,
								   caller->input.capacity - caller->input.length, &length);
		caller->input.length += length;
		if (length > 0)
			read_kept(caller);
		return verdict;
	}
	verdict = respond_net_read(&caller->stream, moment, sizeof(moment), &length);
	if (length > 0)
	{
		size_t		used = read_requests(caller, moment, length);

		if (used < length)
			keep_rest(caller, moment + used, length - used);
		if (caller->stream.tls == NULL && !caller->will_end && length < sizeof(moment))
			caller->may_read = false;
	}
	return verdict;
}

/* Reads what nobody wants: behind our last word, or while a stream is heard. */
static NetVerdict
read_away(Caller *caller)
{
	static char moment[READ_SIZE];
	size_t		length;
	NetVerdict	verdict = respond_net_read(&caller->stream, moment, sizeof(moment), &length);

	caller->lingered += length;
	if (caller->lingered > MOST_LINGERED)
		return NET_BROKEN;
	if (length > 0 && caller->state == CALLER_LINGER)
		respond_deadline_set(&caller->deadline, DEADLINE_LINGER);
	return verdict;
}

/* The caller sends no more.  It is not looked for while a request is answered; a stream has nobody to hear it. */
static void
end_of_input(Caller *caller)
{
	caller->has_ended = true;
	caller->may_read = false;
	if (caller->state == CALLER_BODY)
		respond_caller_refuse(caller, 400, "the body ends before its end", true);
	else if (caller->state == CALLER_HEAD && caller->input.length > 0)
		respond_caller_refuse(caller, 400, "the head ends before its end", true);
	else
		respond_caller_close(caller);
}

static bool
wants_input(const Caller *caller)
{
	return caller->state == CALLER_HEAD || caller->state == CALLER_BODY || caller->state == CALLER_STREAM ||
		caller->state == CALLER_LINGER;
}

void
respond_caller_read(Caller *caller)
{
	if (caller->state == CALLER_HEAD && caller->input.length > 0)
		read_kept(caller);
	if (caller->has_ended && wants_input(caller))
		end_of_input(caller);
	for (int i = 0; caller->may_read && wants_input(caller); i++)
	{
		NetVerdict	verdict;

		if (i == FAIR_READS)
		{
			respond_caller_note_ready(caller);
			return;
		}
		if (caller->state == CALLER_STREAM || caller->state == CALLER_LINGER)
			verdict = read_away(caller);
		else
			verdict = read_more(caller);
		if (verdict == NET_WAIT)
			caller->may_read = false;
		else if (verdict == NET_END && caller->state != CALLER_CLOSED)
			end_of_input(caller);
		else if (verdict == NET_BROKEN)
			respond_caller_close(caller);
	}
}

void
respond_caller_body_late(Caller *caller)
{
	read_kept_head(caller);
	ask_with_flaw(caller, WEB_TOO_SLOW, (HttpText) {NULL, 0});
}
