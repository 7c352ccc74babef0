/* links: src/wire/signature.c src/wire/bytes_read.c */
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
#include "wire/signature.h"

#define ID			"msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP	INT64_C(1614265330)
#define BODY		"{\"test\": 2432232314}"
#define WRONG		"is not \"whsec_\" and base64, nor base64 alone"
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
	check_string(sign("cGxhaW4tc2VjcmV0", "msg_1", 0, NULL, 0),
				 "v1,PM+KkrxBckY1yLXvl4HKsQkMha7iC4zmA8nlS6e5iko=", "base64 without the prefix, a body may be empty");
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
	check_string(sign("b2xkLXNlY3JldA== " SECRET, ID, TIMESTAMP, BODY, strlen(BODY)), expected,
				 "one signature per secret, in their order");
	check(strlen(sign("AQ AQ AQ AQ", ID, TIMESTAMP, BODY, strlen(BODY))) == SIGNATURE_SIZE - 1,
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
	check_string(sign("whsec_", ID, 0, "", 0), "has nothing after \"whsec_\"", "only the prefix");
	check_string(sign("whsec_==", ID, 0, "", 0), WRONG, "only padding");
	check_string(sign("whsec_A", ID, 0, "", 0), WRONG, "one digit is no byte");
	check_string(sign("whsec_AAA==", ID, 0, "", 0), WRONG, "too much padding");
	check_string(sign("whsec_AA=", ID, 0, "", 0), WRONG, "too little padding");
	check_string(sign("whsec_A=AA", ID, 0, "", 0), WRONG, "padding within");
	check_string(sign("whsec_A===", ID, 0, "", 0), WRONG, "three of padding");
	check_string(sign("whsec_AA-_", ID, 0, "", 0), WRONG, "the alphabet of URLs");
	check_string(sign("whsec_AA\xc3\xa4", ID, 0, "", 0), WRONG, "not ASCII");
	check_string(sign("AQ AQ AQ AQ AQ", ID, 0, "", 0), "holds more than 4 secrets", "five secrets");
	check_string(sign("good whsec_!", ID, 0, "", 0), WRONG, "the second is bad");
	check(memcmp(&keys, &nothing, sizeof(keys)) == 0, "a refusal leaves no key in memory");

	/* what people paste, and no library reads */
	check_string(sign("v1," SECRET, ID, 0, "", 0), WRONG, "a version before it");
	check_string(sign("\"" SECRET "\"", ID, 0, "", 0), WRONG, "quotes around it");
	check_string(sign("'" SECRET "'", ID, 0, "", 0), WRONG, "single quotes around it");
	check_string(sign("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID, 0, "", 0), WRONG, "the prefix in upper case");
	check_string(sign("whsec_" SECRET, ID, 0, "", 0), WRONG, "the prefix twice");
	check_string(sign(SECRET "," SECRET, ID, 0, "", 0), WRONG, "a comma between two");
	check_string(sign(SECRET ";", ID, 0, "", 0), WRONG, "a semicolon behind it");
	check_string(sign("x", ID, 0, "", 0), WRONG, "one letter");
	check_string(sign("plain secret", ID, 0, "", 0), WRONG, "words");
	check_string(sign("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID, 0, "", 0), WRONG, "an asymmetric key");
	check_string(sign("sk_live_51Nq", ID, 0, "", 0), WRONG, "a token of something else");

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
