/*-------------------------------------------------------------------------
 * callback_take.c
 *	  Requests below /in/callback/: calls with which peers end steps.
 *
 * The url is all that a caller has to know, so nothing that is kept or logged of a call
 * may hold its path.  A call is judged in an order that says nothing to others: method,
 * token, size, body.  What is refused leaves the url as it is.
 *
 * src/inbound/callback_take.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/pg_compat.h"
#include "common/recode.h"
#include "companion/problem.h"
#include "event/event_roots.h"
#include "inbound/callback_take.h"
#include "inbound/inbound_answer.h"
#include "inbound/request_body.h"
#include "inbound/request_text.h"
#include "outbox/callback.h"
#include "secret/callback_token.h"

#define CALLBACK_PREFIX	"/in/callback/"
#define REFUSED			"The request was refused."
#define OVER			"This url was called already, or nobody waits for the call any more. Nothing was changed."

bool
respond_callback_is_path(const char *path)
{
	return strncmp(path, CALLBACK_PREFIX, strlen(CALLBACK_PREFIX)) == 0;
}

static void
refuse(CallbackVerdict *verdict, int status, const char *said)
{
	verdict->status = status;
	verdict->said = said;
}

/* The token, without a slash behind it. */
static char *
token_of(const char *path)
{
	const char *token = path + strlen(CALLBACK_PREFIX);
	size_t		length = strlen(token);

	return pnstrdup(token, length > 0 && token[length - 1] == '/' ? length - 1 : length);
}

/* Whether a step waits for the call; it is locked then. */
static bool
find(const WebRequest *request, Callback *callback, CallbackVerdict *verdict)
{
	char	   *token = token_of(request->path);
	bytea	   *hash = respond_callback_hash(token);

	switch (hash == NULL ? CALLBACK_UNKNOWN : respond_callback_find(hash, callback))
	{
		case CALLBACK_OPEN:
			return true;
		case CALLBACK_OVER:
			refuse(verdict, 410, OVER);
			break;
		case CALLBACK_BUSY:
			refuse(verdict, 503, NULL);
			break;
		case CALLBACK_UNKNOWN:
			/* rows go with their steps, but what is ours is known by itself */
			if (hash != NULL && respond_callback_is_known(token))
				refuse(verdict, 410, OVER);
			else
				refuse(verdict, 404, NULL);
	}
	return false;
}

/* As steps see it: JSON as it is, a text, or base64; nothing: null. */
static void
push_body(JsonbParseState **state, const RequestBody *body)
{
	JsonbContainer *document = respond_jsonb_root(body->document);

	if (body->kind == BODY_TEXT)
		respond_jsonb_push_text(state, "body", respond_jsonb_find_text(document, "text"));
	else if (body->kind == BODY_BYTES)
		respond_jsonb_push_text(state, "body", respond_jsonb_find_text(document, "base64"));
	else if (body->kind == BODY_EMPTY)
		respond_jsonb_push_text(state, "body", NULL);
	else
		respond_jsonb_push_jsonb(state, "body", body->document);
}

/* {"body", "headers", "at"} */
static Jsonb *
describe(const WebRequest *request, const RequestBody *body)
{
	JsonbParseState *state = NULL;
	char		at[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_body(&state, body);
	respond_jsonb_push_jsonb(&state, "headers", respond_request_headers(request, NULL));
	respond_jsonb_push_text(&state, "at", respond_event_time(respond_clock_now(), at));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

void
respond_callback_take_call(Arena *arena, const WebRequest *request, CallbackVerdict *verdict)
{
	RequestBody body;
	Callback	callback;

	refuse(verdict, 200, NULL);
	if (strcmp(request->method, "POST") != 0)
		refuse(verdict, 405, NULL);
	else if (!find(request, &callback, verdict))
		return;
	else if (request->flaw == WEB_TOO_LARGE)
		refuse(verdict, 413, NULL);
	else if (request->flaw == WEB_TOO_SLOW)
		refuse(verdict, 408, NULL);
	if (verdict->status != 200)
		return;
	respond_request_body_read(arena, request, &body);
	if (body.fault != NULL)
	{
		refuse(verdict, 400, body.fault);
		return;
	}
	respond_callback_put(&callback, describe(request, &body));
}

static const char *
utf8(const char *text)
{
	size_t		length = strlen(text);
	const char *converted = respond_to_utf8(text, &length);

	return pnstrdup(converted, length);
}

WebAnswer *
respond_callback_answer(Arena *arena, const CallbackVerdict *verdict)
{
	static const char taken[] = "{\"taken\": true}";
	WebAnswer  *answer;

	if (verdict->status == 503)
		return respond_inbound_answer_busy(arena);
	if (verdict->status == 200)
		return respond_web_answer(arena, 200, "application/json", taken, strlen(taken));
	answer = respond_problem(arena, verdict->status, verdict->said != NULL ? utf8(verdict->said) : REFUSED);
	if (verdict->status == 405)
		respond_web_answer_field(arena, answer, "Allow", "POST");
	return answer;
}
