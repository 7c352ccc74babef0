/* links: src/inbound/challenge.c src/inbound/signature_check.c src/inbound/form_read.c src/inbound/request_path.c src/wire/bytes_read.c
		  src/common/arena.c src/common/tag_path.c src/companion/web_request.c src/companion/frame.c
		  test/unit/json_reader.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_challenge.c
 *	  Challenges of providers: what is answered, and what is none.
 *
 * test/unit/test_challenge.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "inbound/challenge.h"
#include "json_reader.h"

static Arena *arena;
static WebField field;
static WebRequest request;
static ChallengeAnswer answer;
static SignatureKey keys[] = {{SIGNATURE_HMAC_SHA256, (const unsigned char *) "secret", 6}, {SIGNATURE_HMAC_SHA256, (const unsigned char *) "meatyhamhock", 12}};

static ChallengeVerdict
ask(ChallengeKind kind, const char *method, const char *query, const char *body)
{
	request.method = method;
	request.query = query;
	request.body = body;
	request.body_length = strlen(body);
	return respond_challenge_answer(arena, kind, &request, json_read(arena, body, strlen(body)), keys, 2, &answer);
}

static void
check_kinds(void)
{
	static const char *const words[] = {"slack", "discord", "zoom", "meta", "cloudevents"};
	ChallengeKind kind;

	for (int i = 0; i < 5; i++)
		check(respond_challenge_kind(words[i], &kind) && kind == (ChallengeKind) (CHALLENGE_SLACK + i), "a kind is called %s", words[i]);
	check(!respond_challenge_kind("none", &kind) && !respond_challenge_kind("", &kind), "no kind has another name");
	check(ask(CHALLENGE_NONE, "POST", NULL, "{\"type\": \"url_verification\"}") == CHALLENGE_IS_NONE, "a scheme without challenges");
	check_string(respond_challenge_method(CHALLENGE_META), "GET", "Meta's method");
	check_string(respond_challenge_method(CHALLENGE_CLOUDEVENTS), "OPTIONS", "that of CloudEvents");
	check_string(respond_challenge_method(CHALLENGE_SLACK), NULL, "Slack posts");
}

static void
check_posted(void)
{
	check(ask(CHALLENGE_SLACK, "POST", NULL, "{\"token\": \"t\", \"challenge\": \"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P\","
			  " \"type\": \"url_verification\"}") == CHALLENGE_ANSWERED, "Slack's example");
	check_string(answer.body, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "its answer");
	check_string(answer.content_type, "text/plain", "in plain text");
	check(ask(CHALLENGE_SLACK, "POST", NULL, "{\"type\": \"event_callback\", \"challenge\": \"x\"}") == CHALLENGE_IS_NONE, "an event of Slack");
	check(ask(CHALLENGE_SLACK, "POST", NULL, "command=x") == CHALLENGE_IS_NONE, "a command of Slack");
	check(ask(CHALLENGE_SLACK, "POST", NULL, "{\"type\": \"url_verification\"}") == CHALLENGE_REFUSED, "without a challenge");
	check(ask(CHALLENGE_SLACK, "POST", NULL, "{\"type\": \"url_verification\", \"challenge\": \"<b>\"}") == CHALLENGE_REFUSED, "with markup");

	check(ask(CHALLENGE_DISCORD, "POST", NULL, "{\"type\": 1}") == CHALLENGE_ANSWERED, "Discord's PING");
	check_string(answer.body, "{\"type\": 1}", "its PONG");
	check(ask(CHALLENGE_DISCORD, "POST", NULL, "{\"type\": 2}") == CHALLENGE_IS_NONE, "a command of Discord");

#define ZOOM(token) "{\"event\": \"endpoint.url_validation\", \"payload\": {\"plainToken\": \"" token "\"}}"
	check(ask(CHALLENGE_ZOOM, "POST", NULL, ZOOM("qgg8vlvZRS6UYooatFL8Aw")) == CHALLENGE_ANSWERED, "Zoom's validation");
	check_string(answer.body, "{\"plainToken\": \"qgg8vlvZRS6UYooatFL8Aw\", \"encryptedToken\": \"72cef096bfd47c0b8664df30d07721641e4abd7e885ba432204260db477a9a3e\"}", "its answer, made with Python's hmac");
	check(ask(CHALLENGE_ZOOM, "POST", NULL, ZOOM("a\\\"b")) == CHALLENGE_REFUSED, "a quote in the token");
	check(ask(CHALLENGE_ZOOM, "POST", NULL, "{\"event\": \"meeting.started\"}") == CHALLENGE_IS_NONE, "an event of Zoom");
	check(respond_challenge_answer(arena, CHALLENGE_ZOOM, &request, json_read(arena, ZOOM("a"), strlen(ZOOM("a"))), NULL, 0, &answer) == CHALLENGE_REFUSED,
		  "without a key");
}

static void
check_others(void)
{
	char		longest[600] = "hub.verify_token=secret&hub.mode=subscribe&hub.challenge=";
	size_t		start = strlen(longest);

	check(ask(CHALLENGE_META, "GET", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyhamhock", "") == CHALLENGE_ANSWERED,
		  "Meta's example");
	check_string(answer.body, "1158201444", "its answer");
	check(ask(CHALLENGE_META, "GET", "hub.verify_token=secret&hub.mode=unsubscribe&hub.challenge=1", "") == CHALLENGE_REFUSED, "another mode");
	check(ask(CHALLENGE_META, "GET", "hub.verify_token=secret&hub.mode=subscribe&hub.challenge=%3Cscript%3E", "") == CHALLENGE_REFUSED, "markup");
	check(ask(CHALLENGE_META, "GET", "hub.verify_token=secret&hub.mode=subscribe&hub.challenge=a%00b", "") == CHALLENGE_REFUSED, "a NUL");
	check(ask(CHALLENGE_META, "GET", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=meatyhamhoc", "") == CHALLENGE_REFUSED, "another token");
	check(ask(CHALLENGE_META, "GET", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=", "") == CHALLENGE_REFUSED, "an empty token");
	check(ask(CHALLENGE_META, "GET", "hub.mode=subscribe&hub.challenge=1", "") == CHALLENGE_REFUSED, "no token");
	check(ask(CHALLENGE_META, "GET", NULL, "") == CHALLENGE_REFUSED, "a GET without a query");
	check(ask(CHALLENGE_META, "POST", "hub.mode=subscribe&hub.challenge=1", "{}") == CHALLENGE_IS_NONE, "a POST is an event");
	memset(longest + start, 'a', 500);
	check(ask(CHALLENGE_META, "GET", longest, "") == CHALLENGE_ANSWERED, "the longest challenge");
	longest[start + 500] = 'a';
	check(ask(CHALLENGE_META, "GET", longest, "") == CHALLENGE_REFUSED, "a longer one");

	field = (WebField) {"webhook-request-origin", "eventemitter.example.com"};
	request.fields = &field;
	request.field_count = 1;
	check(ask(CHALLENGE_CLOUDEVENTS, "OPTIONS", NULL, "") == CHALLENGE_ANSWERED, "the handshake of CloudEvents");
	check_string(answer.allowed_origin, "eventemitter.example.com", "its origin");
	check_string(answer.body, NULL, "and no body");
	field.value = "a\tb";
	check(ask(CHALLENGE_CLOUDEVENTS, "OPTIONS", NULL, "") == CHALLENGE_REFUSED, "an origin that is none");
	request.field_count = 0;
	check(ask(CHALLENGE_CLOUDEVENTS, "OPTIONS", NULL, "") == CHALLENGE_REFUSED, "no origin");
	check(ask(CHALLENGE_CLOUDEVENTS, "POST", NULL, "") == CHALLENGE_IS_NONE, "an event");
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_kinds();
	check_posted();
	check_others();
	respond_arena_destroy(arena);
	return check_done();
}
