/*-------------------------------------------------------------------------
 * inbound_answer.c
 *	  What senders are answered.
 *
 * src/inbound/inbound_answer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "companion/json_text.h"
#include "companion/problem.h"
#include "common/recode.h"
#include "inbound/inbound_answer.h"

#define JSON_TYPE		"application/json"
#define REFUSED			"The request was refused."
#define BUSY			"Nothing can be recorded now. Send the request again."
#define BUSY_SECONDS	"5"

static int
status_of(InboundReason reason, bool is_said)
{
	switch (reason)
	{
		case INBOUND_NO_SOURCE:
			return 404;
		case INBOUND_METHOD:
			return 405;
		case INBOUND_SIZE:
			return 413;
		case INBOUND_RATE:
			return 429;
		case INBOUND_NETWORK:
			return 403;
		case INBOUND_MALFORMED:
		case INBOUND_SPLIT:
		case INBOUND_INVALID_EVENT:
			return is_said ? 400 : 401;
		case INBOUND_ACCEPTED:
		case INBOUND_MISSING_SIGNATURE:
		case INBOUND_MISSING_TIMESTAMP:
		case INBOUND_MISSING_ID:
		case INBOUND_STALE:
		case INBOUND_SIGNATURE:
		case INBOUND_CHALLENGE:
			break;
	}
	return 401;
}

static const char *
utf8(const char *text)
{
	size_t		length = strlen(text);
	const char *converted = respond_to_utf8(text, &length);

	return pnstrdup(converted, length);
}

static WebAnswer *
json_answer(Arena *arena, int status, const JsonText *text)
{
	return respond_web_answer(arena, status, JSON_TYPE, text->bytes, text->length);
}

/* As PagerDuty's Events API answers what is no event. */
static WebAnswer *
pagerduty_refusal(Arena *arena, const char *said)
{
	JsonText	text;

	respond_json_text_begin(&text, arena);
	respond_json_text_put(&text, "{");
	respond_json_text_pair(&text, "status", "invalid event");
	respond_json_text_pair(&text, "message", "Event object is invalid");
	respond_json_text_member(&text, "errors");
	respond_json_text_put(&text, "[");
	respond_json_text_element(&text);
	respond_json_text_string(&text, said, strlen(said));
	respond_json_text_put(&text, "]}");
	return json_answer(arena, 400, &text);
}

WebAnswer *
respond_inbound_answer_busy(Arena *arena)
{
	WebAnswer  *answer = respond_problem(arena, 503, BUSY);

	respond_web_answer_field(arena, answer, "Retry-After", BUSY_SECONDS);
	return answer;
}

WebAnswer *
respond_inbound_answer_refused(Arena *arena, const InboundSource *source, const InboundVerdict *verdict, int64 wait)
{
	bool		is_said = verdict->said != NULL;
	int			status = status_of(verdict->reason, is_said);
	WebAnswer  *answer;

	if (is_said && status == 400 && source != NULL && source->scheme.answers_as_pagerduty)
		return pagerduty_refusal(arena, utf8(verdict->said));
	answer = respond_problem(arena, status, is_said ? utf8(verdict->said) : REFUSED);
	if (status == 401)
		respond_web_answer_field(arena, answer, "WWW-Authenticate", "Webhook");
	if (status == 405)
		respond_web_answer_field(arena, answer, "Allow", "POST");
	if (status == 429)
		respond_web_answer_field(arena, answer, "Retry-After", psprintf(INT64_FORMAT, wait));
	return answer;
}

static WebAnswer *
challenge_answer(Arena *arena, const ChallengeAnswer *challenge)
{
	const char *body = challenge->body != NULL ? challenge->body : "";
	WebAnswer  *answer = respond_web_answer(arena, 200, challenge->content_type, body, strlen(body));

	if (challenge->allowed_origin != NULL)
	{
		respond_web_answer_field(arena, answer, "WebHook-Allowed-Origin", challenge->allowed_origin);
		respond_web_answer_field(arena, answer, "Allow", "POST");
	}
	return answer;
}

static WebAnswer *
pagerduty_answer(Arena *arena, const char *dedup_key)
{
	JsonText	text;

	respond_json_text_begin(&text, arena);
	respond_json_text_put(&text, "{");
	respond_json_text_pair(&text, "status", "success");
	respond_json_text_pair(&text, "message", "Event processed");
	respond_json_text_pair(&text, "dedup_key", utf8(dedup_key));
	respond_json_text_put(&text, "}");
	return json_answer(arena, 202, &text);
}

WebAnswer *
respond_inbound_answer_taken(Arena *arena, const InboundSource *source, const InboundVerdict *verdict, int known)
{
	JsonText	text;

	if (verdict->is_challenge)
		return challenge_answer(arena, &verdict->challenge);
	if (verdict->dedup_key != NULL)
		return pagerduty_answer(arena, verdict->dedup_key);
	/* Slack shows what a command is answered, Twilio runs it */
	if (verdict->is_form)
		return respond_web_answer(arena, 200, NULL, "", 0);
	respond_json_text_begin(&text, arena);
	respond_json_text_put(&text, psprintf("{\"events\": %d, \"duplicate\": %s}", verdict->event_count - known,
										  known > 0 && known == verdict->event_count ? "true" : "false"));
	return json_answer(arena, 200, &text);
}
