/* links: src/inbound/scheme_read.c src/inbound/scheme.c src/inbound/scheme_content.c src/inbound/signature_check.c src/inbound/signature_key.c src/inbound/form_read.c
		  src/inbound/reason.c src/inbound/request_path.c src/wire/bytes_read.c src/common/arena.c src/common/tag_path.c
		  src/companion/web_request.c src/companion/frame.c test/unit/json_reader.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_scheme_read.c
 *	  Requests of each provider, read by its scheme: genuine, and with one thing wrong.
 *
 * Signatures that no source stands beside were made with Python's hmac.
 *
 * test/unit/test_scheme_read.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "inbound_schemes.h"
#include "inbound/form_read.h"
#include "json_reader.h"

#define AT			INT64_C(1614265330)
#define AT_TEXT		"1614265330"

static Arena *arena;
static WebField fields[10];
static WebRequest request;
static const char *public_url;
static InboundScheme scheme;

static void
take_scheme(const char *name)
{
	const NamedScheme *named = inbound_schemes;

	while (named->name != NULL && strcmp(named->name, name) != 0)
		named++;
	scheme = named->scheme;
	check(named->name != NULL, "a scheme is named %s", name);
}

/* Pairs of names and values of headers, which end with NULL. */
static void
make(const char *body,...)
{
	va_list		arguments;
	const char *name;

	request = (WebRequest) {.method = "POST",.path = "/in/x",.target = "/desk/in/x",.host = "h",.peer = "",.fields = fields,
		.body = body,.body_length = strlen(body)};
	va_start(arguments, body);
	while ((name = va_arg(arguments, const char *)) != NULL)
		fields[request.field_count++] = (WebField) {name, va_arg(arguments, const char *)};
	va_end(arguments);
}

/* What comes of it at a time in milliseconds, with secrets that end with NULL; public ones are read as such. */
static const char *
verdict_at(int64_t now, const char *first,...)
{
	SignatureKey keys[4];
	int			key_count = 0;
	va_list		arguments;
	SchemeReading reading;
	InboundReason reason;

	va_start(arguments, first);
	for (const char *secret = first; secret != NULL; secret = va_arg(arguments, const char *))
	{
		bool		is_public = scheme.public_prefix != NULL && respond_signature_key_is_public(secret);

		if (respond_signature_key_read(arena, is_public ? SIGNATURE_ED25519 : scheme.algorithm, scheme.secret_form, secret,
									   &keys[key_count++]) != NULL)
			return "no secret";
	}
	va_end(arguments);
	reason = respond_scheme_read(arena, &scheme, &request, json_read(arena, request.body, request.body_length), public_url,
								 &reading);
	if (reason == INBOUND_ACCEPTED)
		reason = respond_scheme_check_signature(&scheme, &reading, keys, key_count);
	if (reason == INBOUND_ACCEPTED)
		reason = respond_scheme_check_time(&scheme, &reading, now);
	return reason == INBOUND_ACCEPTED ? "accepted" : respond_inbound_reason_word(reason);
}

#define VERDICT(...)	verdict_at(AT * 1000, __VA_ARGS__, NULL)

static void
check_faults(void)
{
	const char *column;

	for (const NamedScheme *named = inbound_schemes; named->name != NULL; named++)
		check_string(respond_scheme_fault(&named->scheme, &column), NULL, named->name);
#define FAULT(change, expected_column, expected) \
	do { take_scheme("slack"); change; \
		check_string(respond_scheme_fault(&scheme, &column), expected, #change); \
		check_string(column, expected_column, "its column"); } while (0)
	FAULT(scheme.signature_place = NULL, "header", "does not say where the signature stands");
	FAULT(scheme.algorithm = SIGNATURE_NONE, "header", "a scheme without an algorithm has no signature");
	FAULT(scheme.signed_text = NULL, "signed", "does not say what is signed");
	FAULT(scheme.algorithm = SIGNATURE_BASIC, "signed", "nothing is signed with basic or bearer");
	FAULT(scheme.signed_text = "{{timestamp}}", "signed", "holds nothing of the body");
	FAULT(scheme.signed_text = "{{id}}{{body}}"; scheme.id_place = NULL, "signed",
		  "holds {{id}}, but the scheme does not say where the id stands");
	FAULT(scheme.timestamp_place = NULL, "signed", "holds {{timestamp}}, but the scheme does not say where the timestamp stands");
	FAULT(scheme.timestamp_place = NULL; scheme.signed_text = "{{body}}", "tolerance",
		  "wants a timestamp, but the scheme does not say where it stands");
#define WRONG_TAG "holds a tag that is not one of {{id}}, {{timestamp}}, {{body}}, {{url}}, {{form}}, {{data.PATH}}"
	FAULT(scheme.signed_text = "{{body}}{{x}}", "signed", WRONG_TAG);
	FAULT(scheme.signed_text = "{{body}}{{body", "signed", WRONG_TAG);
	FAULT(scheme.signed_text = "{{data.}}", "signed", WRONG_TAG);
#define WRONG_PAIRS "is not like \"t={{timestamp}},v1={{signature}}\""
	FAULT(scheme.pairs = "", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "t={{timestamp}}", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "t={{timestamp}},v1={{signature}},", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "a={{signature}},b={{signature}}", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "={{signature}}", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "t={{timestamp}}xv1={{signature}}", "pairs", WRONG_PAIRS);
	FAULT(scheme.pairs = "t={{timestamp}},v1={{signature}}", "pairs", "holds a timestamp, but the scheme says that it stands elsewhere");
	take_scheme("stripe");
	scheme.pairs = "v1={{signature}};t={{timestamp}}";
	check_string(respond_scheme_fault(&scheme, &column), NULL, "the other way round");
}

#define WEBHOOK_BODY		"{\"test\": 2432232314}"
#define WEBHOOK_ID			"msg_p5jXN8AQM9LWM0D4loKWxJek"
#define WEBHOOK_SECRET		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WEBHOOK_PUBLIC		"whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g="
#define WEBHOOK_V1			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WEBHOOK_V1A			"v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
#define WEBHOOK_OTHER		"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
#define WEBHOOK(id, time, signature) \
	make(WEBHOOK_BODY, "webhook-id", id, "webhook-timestamp", time, "webhook-signature", signature, NULL)

/* standard-webhooks/standard-webhooks: libraries/go/webhook_{symmetric,asymmetric}_test.go */
static void
check_standard_webhooks(void)
{
	char		many[1000] = WEBHOOK_V1;

	take_scheme("standard_webhooks");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_V1);
	check_string(VERDICT(WEBHOOK_SECRET), "accepted", "the published vector");
	check_string(VERDICT("whsec_b2xk", WEBHOOK_SECRET), "accepted", "with the second of two secrets");
	check_string(VERDICT("whsec_b2xk"), "signature", "with another secret");
	check_string(verdict_at(AT * 1000, NULL), "signature", "without secrets nothing is right");
	check_string(verdict_at((AT + 300) * 1000 + 999, WEBHOOK_SECRET, NULL), "accepted", "300 seconds old");
	check_string(verdict_at((AT + 301) * 1000, WEBHOOK_SECRET, NULL), "stale", "301 seconds old");
	check_string(verdict_at((AT - 300) * 1000, WEBHOOK_SECRET, NULL), "accepted", "300 seconds in the future");
	check_string(verdict_at((AT - 301) * 1000, WEBHOOK_SECRET, NULL), "stale", "301 seconds in the future");
	check_string(verdict_at((AT + 301) * 1000, "whsec_b2xk", NULL), "signature", "a wrong signature comes before the time");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_OTHER "  v2,x " WEBHOOK_V1 " ");
	check_string(VERDICT(WEBHOOK_SECRET), "accepted", "among others, with blanks");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_V1A);
	check_string(VERDICT(WEBHOOK_PUBLIC), "accepted", "the published vector of v1a");
	check_string(VERDICT(WEBHOOK_SECRET, WEBHOOK_PUBLIC), "accepted", "beside a shared secret");
	check_string(VERDICT(WEBHOOK_SECRET), "signature", "without the public key");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, "v1,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==");
	check_string(VERDICT(WEBHOOK_SECRET, WEBHOOK_PUBLIC), "signature", "v1a called v1");
	WEBHOOK("msg_other", AT_TEXT, WEBHOOK_V1);
	check_string(VERDICT(WEBHOOK_SECRET), "signature", "another id");
	WEBHOOK(WEBHOOK_ID, "1614265331", WEBHOOK_V1);
	check_string(VERDICT(WEBHOOK_SECRET), "signature", "another time");
	WEBHOOK("", AT_TEXT, WEBHOOK_V1);
	check_string(VERDICT(WEBHOOK_SECRET), "missing_id", "an empty id");
	WEBHOOK(WEBHOOK_ID, "", WEBHOOK_V1);
	check_string(VERDICT(WEBHOOK_SECRET), "missing_timestamp", "an empty time");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, "");
	check_string(VERDICT(WEBHOOK_SECRET), "missing_signature", "an empty signature");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, "v1,");
	check_string(VERDICT(WEBHOOK_SECRET), "signature", "a signature of nothing");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_V1 + 3);
	check_string(VERDICT(WEBHOOK_SECRET), "malformed", "without its version");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_V1);
	fields[request.field_count++] = (WebField) {"webhook-id", "msg_other"};
	check_string(VERDICT(WEBHOOK_SECRET), "malformed", "two ids");
	for (int i = 0; i < SIGNATURE_CLAIMS_MOST; i++)
		strcat(many, " v1,x");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, many);
	check_string(VERDICT(WEBHOOK_SECRET), "malformed", "too many signatures");
	WEBHOOK(WEBHOOK_ID, AT_TEXT, WEBHOOK_V1);
	request.field_count = 1;
	check_string(VERDICT(WEBHOOK_SECRET), "missing_timestamp", "only an id");
}

static void
check_pairs(void)
{
#define STRIPE_BODY		"{\"id\": \"evt_test_webhook\"}"
#define STRIPE_V1		"v1=f11a78c19826eaea51b67132dcfcbb8b24cb86c345dbf8a3bd30e9ec9cca3365"
#define STRIPE(signature) make(STRIPE_BODY, "stripe-signature", signature, NULL)
	take_scheme("stripe");
	STRIPE("t=" AT_TEXT "," STRIPE_V1);
	check_string(VERDICT("whsec_test_secret"), "accepted", "Stripe: its secret is text");
	check_string(verdict_at((AT - 301) * 1000, "whsec_test_secret", NULL), "stale", "Stripe: from the future");
	STRIPE("t=" AT_TEXT ",v1=bad_signature,v0=x, " STRIPE_V1 " ");
	check_string(VERDICT("whsec_test_secret"), "accepted", "among others");
	STRIPE(STRIPE_V1 ",t=" AT_TEXT);
	check_string(VERDICT("whsec_test_secret"), "accepted", "in another order");
	STRIPE("t=" AT_TEXT ",v0" "=f11a78c19826eaea51b67132dcfcbb8b24cb86c345dbf8a3bd30e9ec9cca3365");
	check_string(VERDICT("whsec_test_secret"), "malformed", "under another version");
	STRIPE("t=" AT_TEXT ",t=1," STRIPE_V1);
	check_string(VERDICT("whsec_test_secret"), "malformed", "two times");
	STRIPE(STRIPE_V1);
	check_string(VERDICT("whsec_test_secret"), "missing_timestamp", "no time");
	STRIPE("t:" AT_TEXT "," STRIPE_V1);
	check_string(VERDICT("whsec_test_secret"), "missing_timestamp", "a name without an equals sign");
	STRIPE("t=," STRIPE_V1);
	check_string(VERDICT("whsec_test_secret"), "missing_timestamp", "an empty time");
	STRIPE("i'm not even a real signature header");
	check_string(VERDICT("whsec_test_secret"), "missing_timestamp", "no pairs at all");

	/* PaddleHQ/paddle-node-sdk: src/__tests__/notifications/webhooks-validator.test.ts */
#define PADDLE_H1 "h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
	take_scheme("paddle");
	make("{\"data\": [\"1\", \"2\"]}", "paddle-signature", "ts=1698796800;" PADDLE_H1, NULL);
	check_string(verdict_at(INT64_C(1698796860999), "VALID_SECRET", NULL), "accepted", "Paddle, 60 seconds old");
	check_string(verdict_at(INT64_C(1698796861000), "VALID_SECRET", NULL), "stale", "Paddle, 61 seconds old");
	check_string(verdict_at(INT64_C(1698796800000), "INVALID_VALID_SECRET", NULL), "signature", "Paddle: invalid secret");
	make("{ \"data\": [ \"1\", \"2\" ]}", "paddle-signature", "ts=1698796800;" PADDLE_H1, NULL);
	check_string(verdict_at(INT64_C(1698796800000), "VALID_SECRET", NULL), "signature", "Paddle: more blanks in the body");
	make("{\"data\": \"value\"}", "paddle-signature", "ts=1698796800;h1=x;h1=28981e941fae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261;h2=R", NULL);
	check_string(verdict_at(INT64_C(1698796800000), "VALID_SECRET", NULL), "accepted", "Paddle: several hashes");
}

/* Schemes whose signature stands alone in a header. */
static void
check_headers(void)
{
	take_scheme("github");
	make("{\n  \"foo\": \"bar\"\n}\n", "x-hub-signature-256", "sha256=e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f", NULL);
	check_string(VERDICT("mysecret"), "accepted", "GitHub: octokit/webhooks-methods.js, test/verify.test.ts");
	fields[0].value = "SHA256=e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f";
	check_string(VERDICT("mysecret"), "malformed", "GitHub: another prefix");
	fields[0].value = "foo";
	check_string(VERDICT("mysecret"), "malformed", "GitHub: no prefix");

	take_scheme("slack");
	make("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
		 "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
		 "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
		 "x-slack-request-timestamp", "1531420618",
		 "x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503", NULL);
	check_string(verdict_at(INT64_C(1531420618000), "8f742231b10e8888abcd99yyyzzz85a5", NULL), "accepted",
				 "Slack: python-slack-sdk, test_signature_verifier.py");
	check_string(VERDICT("8f742231b10e8888abcd99yyyzzz85a5"), "stale", "Slack: long ago");
	request.body_length--;
	check_string(verdict_at(INT64_C(1531420618000), "8f742231b10e8888abcd99yyyzzz85a5", NULL), "signature", "Slack: body cut short");

	take_scheme("pagerduty");
	make("{\"event\":{\"id\":\"01D\"}}", "x-pagerduty-signature",
		 "v1=b604b82aa40cc92be8d3575adf0696f180e7888b253c8cb1cc116e91ba8a2827, v1=4f1e1e8fdf687adfb68e8d1634e6606bcadc3d28efc45ba9462f3c79a60ee566", NULL);
	check_string(VERDICT("secret"), "accepted", "PagerDuty: the second of two");
	check_string(VERDICT("old"), "accepted", "PagerDuty: the first");

	take_scheme("grafana");
	make("{\"alerts\":[]}", "x-grafana-alerting-signature", "2fa4775cdae90247c4df2b99cc53c31ceabaa7482b71684deceb81bddd9a5968", NULL);
	check_string(VERDICT("test-secret"), "accepted", "Grafana");
	take_scheme("grafana_timestamp");
	make("{\"alerts\":[]}", "x-grafana-alerting-signature", "23ce1811573621481258c78b636c3ac541a611e072e7a661edbcf9709a3229ee",
		 "x-grafana-alerting-timestamp", AT_TEXT, NULL);
	check_string(VERDICT("test-secret"), "accepted", "Grafana with a timestamp");
	request.field_count = 1;
	check_string(VERDICT("test-secret"), "missing_timestamp", "Grafana: its timestamp taken away");

	take_scheme("sentry");
	make("{\"action\":\"created\"}", "sentry-hook-signature", "0031e94255b70a79704e0356204543768c078ca4f48b3ccc547edef03f4f338a", NULL);
	check_string(VERDICT("secret"), "accepted", "Sentry");
	take_scheme("shopify");
	make("{\"a\":1}", "x-shopify-hmac-sha256", "3+Yq/TpwjqJ7IXuMq8EfED7b+y0XbokqOKLUdagDxMI=", NULL);
	check_string(VERDICT("hush"), "accepted", "Shopify");
	take_scheme("zendesk");
	make("{\"a\":1}", "x-zendesk-webhook-signature", "qevQkGoMjq7rroELSl7akVDhM4kyMezukTeMkg5Bf10=",
		 "x-zendesk-webhook-signature-timestamp", "2021-03-25T05:09:27Z", NULL);
	check_string(VERDICT("zs"), "accepted", "Zendesk: a time that is only signed");
	take_scheme("intercom");
	make("{\"topic\":\"ping\"}", "x-hub-signature", "sha1=ad4ecfa631dc4d2f90edb760aa585207c020339e", NULL);
	check_string(VERDICT("is"), "accepted", "Intercom");
	take_scheme("zoom");
	make("{}", "x-zm-signature", "v0=0b33acd7ff179a91cc8c8cbb606cf113904f674c885d98b8bbd9663ad7929c0a", "x-zm-request-timestamp", AT_TEXT, NULL);
	check_string(VERDICT("zt"), "accepted", "Zoom");
	take_scheme("discord");
	make("{\"type\":1}", "x-signature-timestamp", AT_TEXT, "x-signature-ed25519",
		 "93c121f67bc1615401e04a064a630fdf8ce4f9f85bcb2babfa96ac605276d3e568433505fbfbf5209156c0cc6aa21795488bbdeebc7bfc567635d07e9b86010c", NULL);
	check_string(VERDICT("6653787a0edd492aa2d26a17f61414937a2bacea2e2b74154129496b6e3c73f8"), "accepted", "Discord");

	/* sendgrid/sendgrid-nodejs: packages/eventwebhook/src/eventwebhook.spec.js */
	take_scheme("sendgrid");
	make("{\"category\":\"example_payload\",\"event\":\"test_event\",\"message_id\":\"message_id\"}",
		 "x-twilio-email-event-webhook-signature", "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=",
		 "x-twilio-email-event-webhook-timestamp", "1588788367", NULL);
#define SENDGRID_PUBLIC "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
	check_string(VERDICT(SENDGRID_PUBLIC), "accepted", "SendGrid");
	fields[1].value = "timestamp";
	check_string(VERDICT(SENDGRID_PUBLIC), "signature", "SendGrid: bad timestamp");
}

static void
check_bodies(void)
{
	take_scheme("linear");
	make("{\"webhookTimestamp\":1614265330123}", "linear-signature", "9e3231c921ccff8899157d7bf016f62eeefae0009ecbe3d692ad0e92cdb1abab", NULL);
	check_string(verdict_at(AT * 1000 + 123 + 60000, "SECRET", NULL), "accepted", "Linear: a time in the body, 60 seconds old");
	check_string(verdict_at(AT * 1000 + 124 + 60000, "SECRET", NULL), "stale", "Linear: a millisecond older");
	check_string(verdict_at(AT * 1000 + 122 - 60000, "SECRET", NULL), "stale", "Linear: from the future");
	make("{\"webhookTimestamp\":\"x\"}", "linear-signature", "9e3231c921ccff8899157d7bf016f62eeefae0009ecbe3d692ad0e92cdb1abab", NULL);
	check_string(VERDICT("SECRET"), "signature", "Linear: another body");
	make("no JSON", "linear-signature", "9e3231c921ccff8899157d7bf016f62eeefae0009ecbe3d692ad0e92cdb1abab", NULL);
	check_string(VERDICT("SECRET"), "missing_timestamp", "Linear: no JSON");

	take_scheme("mailgun");
#define MAILGUN(token) make("{\"signature\":{\"timestamp\":\"1529006854\",\"token\":" token "," \
	"\"signature\":\"bce54fbcad565970280ea7299c6c602125e2baee67c24378db39a218a4818a71\"},\"event-data\":{\"id\":\"x\"}}", NULL)
	MAILGUN("\"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0\"");
	check_string(VERDICT("key"), "accepted", "Mailgun: all of it in the body");
	MAILGUN("\"b8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0\"");
	check_string(VERDICT("key"), "signature", "Mailgun: another token");
	MAILGUN("null");
	check_string(VERDICT("key"), "malformed", "Mailgun: no token");
	make("[]", NULL);
	check_string(VERDICT("key"), "missing_timestamp", "Mailgun: an array");

	take_scheme("pagerduty_events");
	make("{\"routing_key\":\"R0\"}", NULL);
	check_string(VERDICT("R0"), "accepted", "PagerDuty's Events v2: the secret in the body");
	check_string(VERDICT("R1"), "signature", "another key");
	make("{\"routing_key\":[\"R0\"]}", NULL);
	check_string(VERDICT("R0"), "missing_signature", "a list is no key");
}

static void
check_words(void)
{
	take_scheme("bearer");
	make("{}", "authorization", "bearer  token ", NULL);
	check_string(VERDICT("token"), "accepted", "a token, with the name in lower case");
	fields[0].value = "Bearer";
	check_string(VERDICT("token"), "malformed", "the name alone");
	fields[0].value = "Basic token";
	check_string(VERDICT("token"), "malformed", "another name");
	take_scheme("basic");
	fields[0].value = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
	check_string(VERDICT("Aladdin:open sesame"), "accepted", "user and password");
	check_string(VERDICT("Aladdin:open"), "signature", "another password");
	fields[request.field_count++] = (WebField) {"authorization", "Basic x"};
	check_string(VERDICT("Aladdin:open sesame"), "malformed", "twice");
	take_scheme("gitlab");
	make("{}", "x-gitlab-token", "t0", NULL);
	check_string(VERDICT("t0"), "accepted", "GitLab");
	request.field_count = 0;
	check_string(VERDICT("t0"), "missing_signature", "GitLab: no token");
	take_scheme("none");
	check_string(verdict_at(0, NULL), "accepted", "nothing is asked of a scheme without an algorithm");
}

/* twilio/twilio-python: tests/unit/test_request_validator.py; its urls are those that Twilio called. */
static void
check_twilio(void)
{
#define TWILIO_FORM "CallSid=CA1234567890ABCDE&To=%2B18005551212&Digits=1234&From=%2b14158675309&Caller=%2B14158675309"
#define TWILIO(body, type, signature) make(body, "content-type", type, "x-twilio-signature", signature, NULL); \
	request.target = "/myapp.php?foo=1&bar=2"; request.query = "foo=1&bar=2"; request.secure = true; request.host = "mycompany.com"
	take_scheme("twilio");
	TWILIO(TWILIO_FORM, "application/x-www-form-urlencoded; charset=UTF-8", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
	check_string(VERDICT("12345"), "accepted", "Twilio's vector");
	request.host = "mycompany.com:1234";
	check_string(VERDICT("12345"), "accepted", "a port that was not signed");
	request.host = "mycompany.com";
	request.secure = false;
	check_string(VERDICT("12345"), "signature", "another scheme");
	request.host = "10.0.0.1:8330";
	check_string(VERDICT("12345"), "signature", "behind a proxy");
	public_url = "https://mycompany.com";
	check_string(VERDICT("12345"), "accepted", "behind a proxy, with a public url");
	public_url = "https://mycompany.com:1234/";
	check_string(VERDICT("12345"), "accepted", "with a port in it");
	public_url = NULL;
	TWILIO(TWILIO_FORM, "application/x-www-form-urlencoded", "kvajT1Ptam85bY51eRf/AJRuM3w=");
	check_string(VERDICT("12345"), "accepted", "port 443 was signed");
	TWILIO(TWILIO_FORM, "application/x-www-form-urlencoded", "0ZXoZLH/DfblKGATFgpif+LLRf4=");
	request.secure = false;
	check_string(VERDICT("12345"), "accepted", "port 80 was signed");
	TWILIO(TWILIO_FORM, "application/x-www-form-urlencoded", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=");
	request.secure = false;
	request.host = "mycompany.com:1234";
	check_string(VERDICT("12345"), "accepted", "port 1234 was signed");
	TWILIO("Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", "application/x-www-form-urlencoded", "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
	check_string(VERDICT("12345"), "accepted", "repeated fields, sorted and once each");

#define TWILIO_JSON "{\"property\": \"value\", \"boolean\": true}"
#define TWILIO_DIGEST "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define TWILIO_BODY(body, digest) TWILIO(body, "application/json", "a9nBmqA0ju/hNViExpshrM61xv4="); \
	request.target = "/myapp.php?foo=1&bar=2&" digest; request.query = request.target + strlen("/myapp.php?")
	TWILIO_BODY(TWILIO_JSON, TWILIO_DIGEST);
	check_string(VERDICT("12345"), "accepted", "JSON, whose digest is in the url");
	TWILIO_BODY("{}", TWILIO_DIGEST);
	check_string(VERDICT("12345"), "signature", "other JSON");
	TWILIO_BODY(TWILIO_JSON, "bodySHA256=0a");
	check_string(VERDICT("12345"), "malformed", "half a digest");
	TWILIO("", "application/json", "zYQTYrRWXE7LtzbG4PfP7/bkkGo=");
	check_string(VERDICT("12345"), "accepted", "no body: the url alone is signed");
	TWILIO(TWILIO_JSON, "application/json", "zYQTYrRWXE7LtzbG4PfP7/bkkGo=");
	check_string(VERDICT("12345"), "missing_signature", "JSON without a digest is not signed");
	TWILIO(TWILIO_FORM, "application/x-www-form-urlencodedx", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
	check_string(VERDICT("12345"), "missing_signature", "nor is what only looks like a form");

	make("x=1", "content-type", "application/x-www-form-urlencoded", "x-twilio-signature", "tifOAPGyT88uiUKvIVFynom7u64=", NULL);
	request.target = "/a";
	request.secure = true;
	request.host = "[::1]:8330";
	check_string(VERDICT("12345"), "accepted", "an address of IPv6, without its port");
	request.host = "[::1]";
	fields[1].value = "1zHho1HuqMrA5Zcli5T1QO4+kbw=";
	check_string(VERDICT("12345"), "accepted", "the same with its port");
	request.host = "[::1";
	check_string(VERDICT("12345"), "signature", "a host that does not end");
}

static void
check_forms(void)
{
	Form		form;
	char	   *text = respond_arena_alloc_zero(arena, 2 * FORM_MAX_FIELDS + 2);
	const char *odd = "&a=1=2&&b&=c&d=%4&e=%zz&%66=%00x+y&";

	check(respond_form_read(arena, odd, strlen(odd), &form) && form.count == 6, "fields of an odd form");
	check_string(respond_form_field(&form, "a")->value, "1=2", "an equals sign in a value");
	check_string(respond_form_field(&form, "b")->value, "", "a name alone");
	check_string(respond_form_field(&form, "")->value, "c", "a value alone");
	check_string(respond_form_field(&form, "d")->value, "%4", "half a byte");
	check_string(respond_form_field(&form, "e")->value, "%zz", "no hex");
	check(respond_form_field(&form, "f")->value_length == 4 && memcmp(respond_form_field(&form, "f")->value, "\0x y", 4) == 0,
		  "a NUL, and a plus");
	check(respond_form_field(&form, "g") == NULL, "a field that is not there");
	check(respond_form_read(arena, "", 0, &form) && form.count == 0, "an empty form");
	for (int i = 0; i < FORM_MAX_FIELDS; i++)
		memcpy(text + 2 * i, i == 0 ? "aa" : "&a", 2);
	check(respond_form_read(arena, text, 2 * FORM_MAX_FIELDS, &form) && form.count == FORM_MAX_FIELDS, "as many fields as may be");
	text[2 * FORM_MAX_FIELDS] = '&';
	check(!respond_form_read(arena, text, 2 * FORM_MAX_FIELDS + 1, &form), "one more");
	take_scheme("twilio");
	make(text, "content-type", "application/x-www-form-urlencoded", "x-twilio-signature", "x", NULL);
	check_string(VERDICT("12345"), "malformed", "a request with one more");
}

static void
check_times(void)
{
	static const char *const wrong[] = {"+1614265330", " 1614265330", "1614265330.0", "-1", "99999999999999999999", "1e9", "0x60"};

	take_scheme("bearer");
	scheme.tolerance = 300;
	make("{}", "authorization", "Bearer token", NULL);
	check_string(VERDICT("token"), "missing_timestamp", "a time that stands nowhere");
	scheme.timestamp_place = "headers.x-time";
	make("{}", "authorization", "Bearer token", "x-time", AT_TEXT, NULL);
	check_string(VERDICT("token"), "accepted", "a time that no signature covers");
	for (int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		fields[1].value = wrong[i];
		check_string(VERDICT("token"), "malformed", wrong[i]);
	}
	fields[1].value = "99999999999999";
	check_string(VERDICT("token"), "stale", "the year 3170842");
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_faults();
	check_standard_webhooks();
	check_pairs();
	check_headers();
	check_bodies();
	check_words();
	check_twilio();
	check_forms();
	check_times();
	respond_arena_destroy(arena);
	return check_done();
}
