/*-------------------------------------------------------------------------
 * judge.c
 *	  What comes of a request: a refusal, the answer to a challenge, or events.
 *
 * The order is that of the contract with senders: signature, age, challenge,
 * events.  Before the signature is right nothing of the body is looked at, unless
 * the signature itself stands there.
 *
 * src/inbound/judge.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/contain.h"
#include "common/error_class.h"
#include "inbound/inbound_event.h"
#include "inbound/judge.h"
#include "inbound/request_body.h"
#include "inbound/scheme_read.h"

static void
refuse(InboundVerdict *verdict, InboundReason reason, const char *detail, const char *said)
{
	verdict->reason = reason;
	verdict->detail = detail;
	verdict->said = said;
}

/* Whether the request asks a question that comes instead of POST, without a signature. */
static bool
asks_unsigned(const InboundSource *source, const WebRequest *request)
{
	const char *method = respond_challenge_method(source->scheme.challenge);

	return method != NULL && strcmp(method, request->method) == 0;
}

void
respond_inbound_judge_head(const InboundSource *source, const WebRequest *request, InboundVerdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	if (strcmp(request->method, "POST") != 0 && !asks_unsigned(source, request))
		refuse(verdict, INBOUND_METHOD, psprintf("it is %s, not POST", request->method), NULL);
	else if (request->flaw == WEB_TOO_LARGE || request->body_length > source->max_body)
		refuse(verdict, INBOUND_SIZE, psprintf("the body is larger than %zu bytes", source->max_body), NULL);
	else if (request->flaw == WEB_TOO_SLOW)
		refuse(verdict, INBOUND_MALFORMED, "the body did not come in time", NULL);
}

static bool
is_in_body(const char *place)
{
	return place != NULL && strncmp(place, "data.", strlen("data.")) == 0;
}

/* Whether the body has to be read before it is known who sent it. */
static bool
signature_needs_body(const InboundScheme *scheme)
{
	return is_in_body(scheme->signature_place) || is_in_body(scheme->timestamp_place) ||
		respond_scheme_signs(scheme, SIGNED_DATA) ||
		(respond_scheme_signs(scheme, SIGNED_ID) && is_in_body(scheme->id_place));
}

/* The key with which the request was signed; NULL: none. */
static const SignatureKey *
signing_key(const InboundSource *source, const SchemeReading *reading)
{
	for (int i = 0; i < source->key_count; i++)
		if (respond_scheme_check_signature(&source->scheme.scheme, reading, &source->keys[i], 1) == INBOUND_ACCEPTED)
			return &source->keys[i];
	return NULL;
}

/* True when the request is a challenge; the verdict then says what comes of it. */
static bool
judge_challenge(Arena *arena, const InboundSource *source, const WebRequest *request, const JsonValue *data,
				const SignatureKey *keys, int key_count, InboundVerdict *verdict)
{
	switch (respond_challenge_answer(arena, source->scheme.challenge, request, data, keys, key_count,
									 &verdict->challenge))
	{
		case CHALLENGE_IS_NONE:
			return false;
		case CHALLENGE_ANSWERED:
			verdict->is_challenge = true;
			return true;
		case CHALLENGE_REFUSED:
			refuse(verdict, INBOUND_CHALLENGE, NULL, NULL);
			return true;
	}
	return false;
}

static const char *
signature_detail(const InboundSource *source, InboundReason reason)
{
	if (reason != INBOUND_SIGNATURE)
		return NULL;
	return source->fault != NULL ? psprintf("a secret of the source %s", source->fault) :
		source->key_count == 0 ? "the source has no secret" : NULL;
}

/* True when it is known who sent the request, and that this was not long ago. */
static bool
judge_sender(Arena *arena, const InboundSource *source, const WebRequest *request, const JsonValue *data,
			 const char *public_url, int64 now, SchemeReading *reading, InboundVerdict *verdict)
{
	const InboundScheme *scheme = &source->scheme.scheme;
	InboundReason reason = respond_scheme_read(arena, scheme, request, data, public_url, reading);

	if (reason == INBOUND_ACCEPTED)
		reason = respond_scheme_check_signature(scheme, reading, source->keys, source->key_count);
	if (reason == INBOUND_ACCEPTED)
		reason = respond_scheme_check_time(scheme, reading, now);
	if (reason != INBOUND_ACCEPTED)
		refuse(verdict, reason, signature_detail(source, reason), NULL);
	return reason == INBOUND_ACCEPTED;
}

/* A request whose events are made. */
typedef struct Making
{
	Arena	   *arena;
	const InboundSource *source;
	const WebRequest *request;
	const RequestBody *body;
	InboundVerdict *verdict;
} Making;

static void
make(void *argument)
{
	Making	   *making = argument;

	respond_inbound_events(making->arena, making->source, making->request, making->body, making->verdict);
}

static void
make_events(Arena *arena, const InboundSource *source, const WebRequest *request, const RequestBody *body,
			InboundVerdict *verdict)
{
	Making		making = {arena, source, request, body, verdict};
	ErrorData  *error = respond_catch(make, &making);

	if (error != NULL)
		refuse(verdict, INBOUND_INVALID_EVENT, respond_error_clip(error->message),
			   "the request cannot be recorded as an event");
	if (verdict->reason != INBOUND_ACCEPTED)
		verdict->event_count = 0;
}

void
respond_inbound_judge(Arena *arena, const InboundSource *source, const WebRequest *request, const char *public_url,
					  int64 now, InboundVerdict *verdict)
{
	RequestBody body = {BODY_EMPTY};
	SchemeReading reading;
	const SignatureKey *key;
	bool		early = signature_needs_body(&source->scheme.scheme);

	memset(verdict, 0, sizeof(*verdict));
	if (asks_unsigned(source, request))
	{
		if (source->key_count == 0 && source->scheme.scheme.algorithm != SIGNATURE_NONE)
			refuse(verdict, INBOUND_CHALLENGE, signature_detail(source, INBOUND_SIGNATURE), NULL);
		else
			(void) judge_challenge(arena, source, request, NULL, source->keys, source->key_count, verdict);
		return;
	}
	if (early)
		respond_request_body_read(arena, request, &body);
	if (body.fault != NULL)
	{
		refuse(verdict, INBOUND_MALFORMED, body.fault, NULL);
		return;
	}
	if (!judge_sender(arena, source, request, body.tree, public_url, now, &reading, verdict))
		return;
	if (!early)
		respond_request_body_read(arena, request, &body);
	if (body.fault != NULL)
	{
		refuse(verdict, INBOUND_MALFORMED, body.fault, body.fault);
		return;
	}
	key = source->scheme.challenge != CHALLENGE_NONE ? signing_key(source, &reading) : NULL;
	if (judge_challenge(arena, source, request, body.tree, key, key != NULL ? 1 : 0, verdict))
		return;
	verdict->is_form = body.kind == BODY_FORM;
	make_events(arena, source, request, &body, verdict);
}
