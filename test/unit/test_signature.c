/* links: src/delivery/signature.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_signature.c
 *	  Signatures of webhooks against a published vector and Python's hmac.
 *
 * test/unit/test_signature.c
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "delivery/signature.h"

#define ID			"msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP	INT64_C(1614265330)
#define BODY		"{\"test\": 2432232314}"
#define SECRET		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* standard-webhooks/standard-webhooks: libraries/go/webhook_symmetric_test.go and its siblings. */
#define SIGNATURE	"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static SigningKeys keys;

static const char *
sign(const char *secret, const char *id, int64_t timestamp, const char *body, size_t length)
{
	static char buffer[SIGNATURE_SIZE];
	const char *reason = respond_signature_read(secret, &keys);

	if (reason != NULL)
		return reason;
	return respond_signature_make(&keys, id, timestamp, body, length, buffer, sizeof(buffer)) ?
		buffer : "not made";
}

static void
check_vectors(void)
{
	check_string(sign(SECRET, ID, TIMESTAMP, BODY, strlen(BODY)), SIGNATURE, "the published vector");
	check_string(sign(" \t" SECRET "\r\n", ID, TIMESTAMP, BODY, strlen(BODY)), SIGNATURE,
				 "white space around a secret does not matter");

	/* Like all others here made with Python: b64encode(hmac.new(key, content, sha256).digest()). */
	check_string(sign("plain-secret", "msg_1", 0, NULL, 0),
				 "v1,PM+KkrxBckY1yLXvl4HKsQkMha7iC4zmA8nlS6e5iko=", "a plain secret is its bytes, a body may be empty");
	check_string(sign("whsec_AQ", "m", -1, "x", 1), "v1,ctuW9+49P9zX64/JHuGvty9mK2yVgeyN5eMQFn2SvXo=",
				 "base64 without padding, a time before 1970");
	check_string(sign("whsec_AQ==", "m", -1, "x", 1), "v1,ctuW9+49P9zX64/JHuGvty9mK2yVgeyN5eMQFn2SvXo=", "the same with padding");
	check_string(sign("whsec_AR", "m", -1, "x", 1), "v1,ctuW9+49P9zX64/JHuGvty9mK2yVgeyN5eMQFn2SvXo=", "bits left over are ignored");
}

static void
check_rotation(void)
{
	char		expected[SIGNATURE_SIZE];

	snprintf(expected, sizeof(expected), "v1,CKf0RGn6vQyH69wBQeNfwOpNhGHdH44gYlCHFesoYiY= %s", SIGNATURE);
	check_string(sign("old-secret " SECRET, ID, TIMESTAMP, BODY, strlen(BODY)), expected,
				 "one signature per secret, in their order");
	check(strlen(sign("a b c d", ID, TIMESTAMP, BODY, strlen(BODY))) == SIGNATURE_SIZE - 1,
		  "four signatures fill the buffer");
	check(!respond_signature_make(&keys, ID, TIMESTAMP, BODY, strlen(BODY), expected, SIGNATURE_SIZE - 1),
		  "a buffer that is too small is refused");
	respond_signature_wipe(&keys);
	check(!respond_signature_make(&keys, ID, TIMESTAMP, BODY, strlen(BODY), expected, sizeof(expected)),
		  "no key, no signature");
}

static void
check_refusals(void)
{
	char		secret[2000];
	static const SigningKeys nothing;

	check_string(sign(NULL, ID, 0, "", 0), "is empty", "no secret");
	check_string(sign("", ID, 0, "", 0), "is empty", "an empty secret");
	check_string(sign(" \n\t", ID, 0, "", 0), "is empty", "only white space");
	check_string(sign("whsec_", ID, 0, "", 0), "has nothing behind whsec_", "only the prefix");
	check_string(sign("whsec_==", ID, 0, "", 0), "is not base64 behind whsec_", "only padding");
	check_string(sign("whsec_A", ID, 0, "", 0), "is not base64 behind whsec_", "one digit is no byte");
	check_string(sign("whsec_AAA==", ID, 0, "", 0), "is not base64 behind whsec_", "too much padding");
	check_string(sign("whsec_AA=", ID, 0, "", 0), "is not base64 behind whsec_", "too little padding");
	check_string(sign("whsec_A=AA", ID, 0, "", 0), "is not base64 behind whsec_", "padding within");
	check_string(sign("whsec_A===", ID, 0, "", 0), "is not base64 behind whsec_", "three of padding");
	check_string(sign("whsec_AA-_", ID, 0, "", 0), "is not base64 behind whsec_", "the alphabet of URLs");
	check_string(sign("whsec_AA\xc3\xa4", ID, 0, "", 0), "is not base64 behind whsec_", "not ASCII");
	check_string(sign("a b c d e", ID, 0, "", 0), "holds more than 4 secrets", "five secrets");
	check_string(sign("good whsec_!", ID, 0, "", 0), "is not base64 behind whsec_", "the second is bad");
	check(memcmp(&keys, &nothing, sizeof(keys)) == 0, "a refusal leaves no key in memory");

	memset(secret, 'k', sizeof(secret));
	secret[SIGNING_KEY_LONGEST] = '\0';
	check(respond_signature_read(secret, &keys) == NULL && keys.keys[0].length == SIGNING_KEY_LONGEST,
		  "a plain secret of 1024 bytes");
	secret[SIGNING_KEY_LONGEST] = 'k';
	secret[SIGNING_KEY_LONGEST + 1] = '\0';
	check_string(respond_signature_read(secret, &keys), "holds a key of more than 1024 bytes",
				 "a plain secret of 1025 bytes");
	memset(secret, 'A', sizeof(secret));
	memcpy(secret, "whsec_", 6);
	secret[6 + 1366] = '\0';
	check(respond_signature_read(secret, &keys) == NULL && keys.keys[0].length == SIGNING_KEY_LONGEST,
		  "base64 of 1024 bytes");
	secret[6 + 1366] = 'A';
	secret[6 + 1367] = '\0';
	check_string(respond_signature_read(secret, &keys), "holds a key of more than 1024 bytes",
				 "base64 of 1025 bytes");
}

/* Bodies on both sides of the border between stack and malloc, with NULs. */
static void
check_sizes(void)
{
	size_t		size = 100000;
	char	   *body = malloc(size);

	for (size_t i = 0; i < size; i++)
		body[i] = (char) (i * 7);
	check_string(sign(SECRET, "m", 1, body, 8188), "v1,SSqwnkwX4Le4ww7W5iomq+322RWlOlvfYbQdvuyhMwE=", "a body that fills the stack");
	check_string(sign(SECRET, "m", 1, body, 8189), "v1,OmMnqAwlmTCMPqnqOxWNkc5lo5XsWLagWIYia8SG7bQ=", "a body one byte larger");
	check_string(sign(SECRET, "m", 1, body, size), "v1,Va4LUvJoNve7aBuiyswMP22A65SAJw4aDxXesLWK0w4=", "a large body");
	free(body);
}

static void
show_speed(void)
{
	char		body[1000];
	char		buffer[SIGNATURE_SIZE];
	clock_t		start = clock();
	int			rounds = 20000;
	bool		made = true;

	memset(body, 'x', sizeof(body));
	respond_signature_read(SECRET, &keys);
	for (int i = 0; i < rounds; i++)
		made = made && respond_signature_make(&keys, ID, i, body, sizeof(body), buffer, sizeof(buffer));
	check(made, "20000 signatures are made");
	printf("# %.2f us per signature of %d bytes\n",
		   (double) (clock() - start) / CLOCKS_PER_SEC * 1e6 / rounds, (int) sizeof(body));
}

int
main(void)
{
	check_vectors();
	check_rotation();
	check_refusals();
	check_sizes();
	show_speed();
	return check_done();
}
