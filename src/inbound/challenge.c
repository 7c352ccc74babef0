/*-------------------------------------------------------------------------
 * challenge.c
 *	  Questions with which a provider makes sure that an address is meant to get its requests.
 *
 * Sources: Slack "url_verification event", Discord "Receiving and Responding:
 * interactions endpoint", Zoom "Validate your webhook endpoint", Meta "Webhooks:
 * verification requests", cloudevents/spec http-webhook.md section 4.
 *
 * Meta sends a token that was chosen when the address was given to it; it has to be
 * one of the secrets of the source.
 *
 * src/inbound/challenge.c
 *-------------------------------------------------------------------------
 */
#include "inbound/challenge.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "inbound/form_read.h"
#include "inbound/request_path.h"
#include "inbound/signature_check.h"

#define TEXT_TYPE		"text/plain"
#define JSON_TYPE		"application/json"
#define TOKEN_LONGEST	500
#define TOKEN_LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/="

bool
respond_challenge_kind(const char *word, ChallengeKind *kind)
{
	static const char *const words[] = {NULL, "slack", "discord", "zoom", "meta", "cloudevents"};

	for (int i = CHALLENGE_SLACK; i <= CHALLENGE_CLOUDEVENTS; i++)
		if (strcmp(words[i], word) == 0)
		{
			*kind = (ChallengeKind) i;
			return true;
		}
	return false;
}

const char *
respond_challenge_method(ChallengeKind kind)
{
	return kind == CHALLENGE_META ? "GET" : kind == CHALLENGE_CLOUDEVENTS ? "OPTIONS" : NULL;
}

static bool
is_token(const char *text)
{
	size_t		length = strlen(text);

	return length > 0 && length <= TOKEN_LONGEST && text[strspn(text, TOKEN_LETTERS)] == '\0';
}

static bool
has_text(Arena *arena, const WebRequest *request, const JsonValue *data, const char *path, const char *wanted)
{
	const char *text;

	return respond_request_path_find(arena, request, data, path, &text) == PATH_FOUND && strcmp(text, wanted) == 0;
}

/* A token of the request; NULL: it has none there, or other characters are in it. */
static const char *
find_token(Arena *arena, const WebRequest *request, const JsonValue *data, const char *path)
{
	const char *text;

	return respond_request_path_find(arena, request, data, path, &text) == PATH_FOUND && is_token(text) ? text : NULL;
}

static ChallengeVerdict
answer_slack(Arena *arena, const WebRequest *request, const JsonValue *data, ChallengeAnswer *answer)
{
	if (!has_text(arena, request, data, "data.type", "url_verification"))
		return CHALLENGE_IS_NONE;
	answer->content_type = TEXT_TYPE;
	answer->body = find_token(arena, request, data, "data.challenge");
	return answer->body != NULL ? CHALLENGE_ANSWERED : CHALLENGE_REFUSED;
}

static ChallengeVerdict
answer_discord(Arena *arena, const WebRequest *request, const JsonValue *data, ChallengeAnswer *answer)
{
	if (!has_text(arena, request, data, "data.type", "1"))
		return CHALLENGE_IS_NONE;
	answer->content_type = JSON_TYPE;
	answer->body = "{\"type\": 1}";
	return CHALLENGE_ANSWERED;
}

static ChallengeVerdict
answer_zoom(Arena *arena, const WebRequest *request, const JsonValue *data, const SignatureKey *keys, int key_count,
			ChallengeAnswer *answer)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	char		hex[2 * EVP_MAX_MD_SIZE + 1];
	const char *token;
	char	   *body;
	size_t		size;

	if (!has_text(arena, request, data, "data.event", "endpoint.url_validation"))
		return CHALLENGE_IS_NONE;
	token = find_token(arena, request, data, "data.payload.plainToken");
	if (token == NULL || key_count == 0 || keys->algorithm != SIGNATURE_HMAC_SHA256 ||
		HMAC(EVP_sha256(), keys->bytes, (int) keys->length, (const unsigned char *) token, strlen(token), digest,
			 &length) == NULL)
		return CHALLENGE_REFUSED;
	for (unsigned int i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	size = strlen(token) + sizeof(hex) + sizeof("{\"plainToken\": \"\", \"encryptedToken\": \"\"}");
	body = respond_arena_alloc(arena, size);
	snprintf(body, size, "{\"plainToken\": \"%s\", \"encryptedToken\": \"%s\"}", token, hex);
	answer->content_type = JSON_TYPE;
	answer->body = body;
	return CHALLENGE_ANSWERED;
}

static const char *
query_text(const Form *query, const char *name)
{
	const FormField *field = respond_form_field(query, name);

	return field != NULL && strlen(field->value) == field->value_length ? field->value : "";
}

static ChallengeVerdict
answer_meta(Arena *arena, const WebRequest *request, const SignatureKey *keys, int key_count,
			ChallengeAnswer *answer)
{
	Form		query;
	const char *token;
	bool		is_known = false;

	if (strcmp(request->method, "GET") != 0)
		return CHALLENGE_IS_NONE;
	if (request->query == NULL || !respond_form_read(arena, request->query, strlen(request->query), &query) ||
		strcmp(query_text(&query, "hub.mode"), "subscribe") != 0)
		return CHALLENGE_REFUSED;
	token = query_text(&query, "hub.verify_token");
	for (int i = 0; i < key_count; i++)
		is_known |= respond_signature_is_secret(&keys[i], token, strlen(token));
	answer->content_type = TEXT_TYPE;
	answer->body = query_text(&query, "hub.challenge");
	return is_known && is_token(answer->body) ? CHALLENGE_ANSWERED : CHALLENGE_REFUSED;
}

static ChallengeVerdict
answer_cloudevents(Arena *arena, const WebRequest *request, ChallengeAnswer *answer)
{
	if (strcmp(request->method, "OPTIONS") != 0)
		return CHALLENGE_IS_NONE;
	answer->allowed_origin = find_token(arena, request, NULL, "headers.webhook-request-origin");
	return answer->allowed_origin != NULL ? CHALLENGE_ANSWERED : CHALLENGE_REFUSED;
}

ChallengeVerdict
respond_challenge_answer(Arena *arena, ChallengeKind kind, const WebRequest *request, const JsonValue *data,
						 const SignatureKey *keys, int key_count, ChallengeAnswer *answer)
{
	memset(answer, 0, sizeof(*answer));
	switch (kind)
	{
		case CHALLENGE_NONE:
			break;
		case CHALLENGE_SLACK:
			return answer_slack(arena, request, data, answer);
		case CHALLENGE_DISCORD:
			return answer_discord(arena, request, data, answer);
		case CHALLENGE_ZOOM:
			return answer_zoom(arena, request, data, keys, key_count, answer);
		case CHALLENGE_META:
			return answer_meta(arena, request, keys, key_count, answer);
		case CHALLENGE_CLOUDEVENTS:
			return answer_cloudevents(arena, request, answer);
	}
	return CHALLENGE_IS_NONE;
}
