/* links: src/inbound/signature_check.c src/inbound/signature_key.c src/wire/bytes_read.c src/common/arena.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_signature_check.c
 *	  Signatures of requests from outside: what providers published, and lies.
 *
 * test/unit/test_signature_check.c
 *-------------------------------------------------------------------------
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>

#include "check.h"
#include "inbound/signature_check.h"

/* standard-webhooks/standard-webhooks: libraries/go/webhook_{symmetric,asymmetric}_test.go; the public key belongs to its private one. */
#define WEBHOOK_CONTENT		"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"
#define WEBHOOK_SECRET		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define WEBHOOK_SIGNATURE	"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WEBHOOK_PUBLIC		"whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g="
#define WEBHOOK_PUBLIC_HEX	"6653787a0edd492aa2d26a17f61414937a2bacea2e2b74154129496b6e3c73f8"
#define WEBHOOK_PUBLIC_PEM	"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=\n-----END PUBLIC KEY-----\n"
#define WEBHOOK_ASYMMETRIC	"tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="

/* docs.github.com, "Validating webhook deliveries" */
#define GITHUB_SECRET		"It's a Secret to Everybody"
#define GITHUB_CONTENT		"Hello, World!"
#define GITHUB_SIGNATURE	"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

/* sendgrid/sendgrid-nodejs: packages/eventwebhook/src/eventwebhook.spec.js */
#define SENDGRID_PUBLIC		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
#define SENDGRID_OTHER		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="
#define SENDGRID_CONTENT	"1588788367{\"category\":\"example_payload\",\"event\":\"test_event\",\"message_id\":\"message_id\"}"
#define SENDGRID_SIGNATURE	"MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0="
#define SENDGRID_WRONG		"MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0="

static Arena *arena;

static SignatureKey
key_of(SignatureAlgorithm algorithm, SecretForm form, const char *secret)
{
	SignatureKey key = {SIGNATURE_NONE};
	const char *fault = respond_signature_key_read(arena, algorithm, form, secret, &key);

	if (fault != NULL)
		check(false, "a secret that %s", fault);
	return key;
}

static SignatureClaim
claim_of(SignatureAlgorithm algorithm, SignatureEncoding encoding, const char *text)
{
	return (SignatureClaim) {algorithm, encoding, text, strlen(text)};
}

/* One key, one claim of the same algorithm. */
static bool
is_right(SignatureAlgorithm algorithm, SecretForm form, SignatureEncoding encoding, const char *secret,
		 const char *content, const char *text)
{
	SignatureKey key = key_of(algorithm, form, secret);
	SignatureClaim claim = claim_of(algorithm, encoding, text);

	return respond_signature_check(&key, 1, &claim, 1, content, strlen(content));
}

static void
check_hmac(void)
{
	SignatureKey keys[20];

	/* One behind the other, so that a key that is written beyond its room spoils the one before. */
	for (int i = 0; i < 20; i++)
		keys[i] = key_of(SIGNATURE_HMAC_SHA256, SECRET_TEXT, &"abcdefghijklmnopqrst"[i]);
	for (int i = 0; i < 20; i++)
		check(keys[i].length == 20 - i && memcmp(keys[i].bytes, &"abcdefghijklmnopqrst"[i], 20 - i) == 0,
			  "a key of %d bytes is whole", 20 - i);

	/* slackapi/python-slack-sdk: tests/slack_sdk/signature/test_signature_verifier.py */
	check(is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, "8f742231b10e8888abcd99yyyzzz85a5",
				   "v0:1531420618:token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
				   "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
				   "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
				   "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
				   "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"), "Slack's vector");
	/* octokit/webhooks-methods.js: test/verify.test.ts */
	check(is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, "mysecret", "{\n  \"foo\": \"bar\"\n}\n",
				   "e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f"), "Octokit's vector");
	/* PaddleHQ/paddle-node-sdk: src/__tests__/notifications/webhooks-validator.test.ts */
	check(is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, "VALID_SECRET", "1698796800:{\"data\": [\"1\", \"2\"]}",
				   "a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"), "Paddle's vector");
	/* twilio/twilio-python: tests/unit/test_request_validator.py */
	check(is_right(SIGNATURE_HMAC_SHA1, SECRET_TEXT, SIGNATURE_BASE64, "12345",
				   "https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212",
				   "RSOYDt4T1cUTdK1PDd93/VVr8B8="), "Twilio's vector");
	check(is_right(SIGNATURE_HMAC_SHA256, SECRET_BASE64, SIGNATURE_BASE64, WEBHOOK_SECRET, WEBHOOK_CONTENT, WEBHOOK_SIGNATURE),
		  "the vector of Standard Webhooks");
	check(is_right(SIGNATURE_HMAC_SHA256, SECRET_BASE64, SIGNATURE_BASE64, WEBHOOK_SECRET + 6, WEBHOOK_CONTENT, WEBHOOK_SIGNATURE),
		  "the secret without its prefix");
	check(!is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_BASE64, WEBHOOK_SECRET, WEBHOOK_CONTENT, WEBHOOK_SIGNATURE),
		  "the secret as text is another one");
	/* RFC 4231 section 4.2, RFC 2202 section 3 */
	check(is_right(SIGNATURE_HMAC_SHA512, SECRET_HEX, SIGNATURE_HEX, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
				   "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"),
		  "HMAC-SHA512");
	check(is_right(SIGNATURE_HMAC_SHA1, SECRET_HEX, SIGNATURE_HEX, "0B0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
				   "B617318655057264e28bc0b6fb378c8ef146be00"), "HMAC-SHA1, with capitals");
}

static void
check_lies(void)
{
	char		changed[sizeof(GITHUB_SIGNATURE) + 2];
	char		longest[2001];
	bool		any = false;

#define GITHUB(text)	is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, GITHUB_SECRET, GITHUB_CONTENT, text)
	check(GITHUB(GITHUB_SIGNATURE), "GitHub's vector");
	check(!is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, "other", GITHUB_CONTENT, GITHUB_SIGNATURE), "another key");
	check(!is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_HEX, GITHUB_SECRET, "Hello, World", GITHUB_SIGNATURE), "other content");
	check(!is_right(SIGNATURE_HMAC_SHA1, SECRET_TEXT, SIGNATURE_HEX, GITHUB_SECRET, GITHUB_CONTENT, GITHUB_SIGNATURE), "another algorithm");
	check(!is_right(SIGNATURE_HMAC_SHA256, SECRET_TEXT, SIGNATURE_BASE64, GITHUB_SECRET, GITHUB_CONTENT, GITHUB_SIGNATURE), "another encoding");
	check(!GITHUB(""), "an empty signature");
	check(!GITHUB(" " GITHUB_SIGNATURE) && !GITHUB(GITHUB_SIGNATURE " "), "blanks around it");
	check(!GITHUB("sha256=" GITHUB_SIGNATURE), "its prefix");
	check(!GITHUB(GITHUB_SIGNATURE "00"), "a byte more");
	check(!GITHUB(GITHUB_SIGNATURE GITHUB_SIGNATURE), "twice");
	for (size_t length = 0; length < strlen(GITHUB_SIGNATURE); length++)
	{
		snprintf(changed, sizeof(changed), "%.*s", (int) length, GITHUB_SIGNATURE);
		any |= GITHUB(changed);
		strcpy(changed, GITHUB_SIGNATURE);
		changed[length] = changed[length] == '0' ? '1' : '0';
		any |= GITHUB(changed);
		changed[length] = 'g';
		any |= GITHUB(changed);
	}
	check(!any, "no part of it, and no other digit in it");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	check(!GITHUB(longest), "more hex than any signature has");
	check(!is_right(SIGNATURE_HMAC_SHA256, SECRET_BASE64, SIGNATURE_BASE64, WEBHOOK_SECRET, WEBHOOK_CONTENT,
					"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=="), "wrong padding");
}

static void
check_public(void)
{
#define ASYMMETRIC(key, text) \
	is_right(SIGNATURE_ED25519, SECRET_BASE64, SIGNATURE_BASE64, key, WEBHOOK_CONTENT, text)
	check(ASYMMETRIC(WEBHOOK_PUBLIC, WEBHOOK_ASYMMETRIC), "the vector of Standard Webhooks v1a");
	check(ASYMMETRIC(WEBHOOK_PUBLIC + 5, WEBHOOK_ASYMMETRIC), "the key without its prefix");
	check(ASYMMETRIC(WEBHOOK_PUBLIC_HEX, WEBHOOK_ASYMMETRIC), "the key in hex");
	check(ASYMMETRIC(WEBHOOK_PUBLIC_PEM, WEBHOOK_ASYMMETRIC), "the key in PEM");
	check(ASYMMETRIC(" MCowBQYDK2VwAyEAZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c_g \n", WEBHOOK_ASYMMETRIC),
		  "the key as DER in base64 for urls, blanks around it");
	check(!ASYMMETRIC(WEBHOOK_PUBLIC, WEBHOOK_SIGNATURE), "a signature of 32 bytes");
	check(!ASYMMETRIC(WEBHOOK_PUBLIC, ""), "an empty one");
	check(!is_right(SIGNATURE_ED25519, SECRET_BASE64, SIGNATURE_BASE64, WEBHOOK_PUBLIC, "x", WEBHOOK_ASYMMETRIC), "other content");

	/* RFC 8032 section 7.1, test 1; then the same with the group's order added to S, as section 5.1.7 forbids */
#define RFC8032(text) \
	is_right(SIGNATURE_ED25519, SECRET_HEX, SIGNATURE_HEX, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", text)
	check(RFC8032("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
		  "the vector of RFC 8032");
	check(!RFC8032("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901554c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b"),
		  "S beyond the order of the group");

#define SENDGRID(key, content, text) is_right(SIGNATURE_ECDSA, SECRET_TEXT, SIGNATURE_BASE64, key, content, text)
	check(SENDGRID(SENDGRID_PUBLIC, SENDGRID_CONTENT, SENDGRID_SIGNATURE), "SendGrid's vector");
	check(!SENDGRID(SENDGRID_OTHER, SENDGRID_CONTENT, SENDGRID_SIGNATURE), "another key of SendGrid's tests");
	check(!SENDGRID(SENDGRID_PUBLIC, "1588788367payload", SENDGRID_SIGNATURE), "SendGrid's wrong content");
	check(!SENDGRID(SENDGRID_PUBLIC, SENDGRID_CONTENT, SENDGRID_WRONG), "SendGrid's wrong signature");
	check(!SENDGRID(SENDGRID_PUBLIC, SENDGRID_CONTENT, ""), "an empty signature of ECDSA");
	check(!SENDGRID(SENDGRID_PUBLIC, SENDGRID_CONTENT, "MAA="), "DER that is no signature");
	check(!SENDGRID(SENDGRID_PUBLIC, SENDGRID_CONTENT, "MAYCAQACAQA="), "R and S of 0");
	check(ERR_peek_error() == 0, "nothing is left in OpenSSL's queue of errors");
}

static void
check_words(void)
{
	SignatureKey key = key_of(SIGNATURE_BASIC, SECRET_TEXT, "Aladdin:open sesame");
	SignatureClaim claim = claim_of(SIGNATURE_BASIC, SIGNATURE_BASE64, "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");

	check(respond_signature_check(&key, 1, &claim, 1, "", 0), "the example of RFC 7617");
	claim = claim_of(SIGNATURE_BASIC, SIGNATURE_BASE64, "QWxhZGRpbjpvcGVuIHNlc2Ft");
	check(!respond_signature_check(&key, 1, &claim, 1, "", 0), "a password cut short");
	claim.length = 0;
	check(!respond_signature_check(&key, 1, &claim, 1, "", 0), "no user");
	claim.text = memset(respond_arena_alloc(arena, 9000), 'A', 9000);
	claim.length = 9000;
	check(!respond_signature_check(&key, 1, &claim, 1, "", 0), "a claim longer than any secret");

	check(is_right(SIGNATURE_BEARER, SECRET_TEXT, SIGNATURE_HEX, "mF_9.B5f-4.1JqM", "", "mF_9.B5f-4.1JqM"), "a token");
	check(!is_right(SIGNATURE_BEARER, SECRET_TEXT, SIGNATURE_HEX, "mF_9.B5f-4.1JqM", "", "mF_9.B5f-4.1Jq"), "a token cut short");
	check(!is_right(SIGNATURE_BEARER, SECRET_TEXT, SIGNATURE_HEX, "mF_9.B5f-4.1JqM", "", ""), "no token");
	check(!is_right(SIGNATURE_BEARER, SECRET_TEXT, SIGNATURE_HEX, "mF_9.B5f-4.1JqM", "", "mf_9.b5f-4.1jqm"), "other case");
}

static void
check_many(void)
{
	SignatureKey keys[3];
	SignatureClaim claims[SIGNATURE_CLAIMS_MOST + 1];
	int			length = strlen(WEBHOOK_CONTENT);

	keys[0] = key_of(SIGNATURE_HMAC_SHA256, SECRET_TEXT, "old");
	keys[1] = key_of(SIGNATURE_HMAC_SHA256, SECRET_BASE64, WEBHOOK_SECRET);
	keys[2] = key_of(SIGNATURE_ED25519, SECRET_BASE64, WEBHOOK_PUBLIC);
	for (int i = 0; i <= SIGNATURE_CLAIMS_MOST; i++)
		claims[i] = claim_of(SIGNATURE_HMAC_SHA256, SIGNATURE_BASE64, "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=");
	check(!respond_signature_check(keys, 3, claims, SIGNATURE_CLAIMS_MOST, WEBHOOK_CONTENT, length), "no claim is right");
	claims[SIGNATURE_CLAIMS_MOST - 1] = claim_of(SIGNATURE_HMAC_SHA256, SIGNATURE_BASE64, WEBHOOK_SIGNATURE);
	check(respond_signature_check(keys, 3, claims, SIGNATURE_CLAIMS_MOST, WEBHOOK_CONTENT, length), "the last one is");
	check(!respond_signature_check(keys, 3, claims, SIGNATURE_CLAIMS_MOST + 1, WEBHOOK_CONTENT, length), "too many, one of them right");
	check(!respond_signature_check(keys, 1, claims, SIGNATURE_CLAIMS_MOST, WEBHOOK_CONTENT, length), "the key is not there");
	check(!respond_signature_check(keys, 0, claims, SIGNATURE_CLAIMS_MOST, WEBHOOK_CONTENT, length), "no key, nothing is right");
	check(!respond_signature_check(keys, 3, claims, 0, WEBHOOK_CONTENT, length), "no claim, nothing is right");
	claims[0] = claim_of(SIGNATURE_ED25519, SIGNATURE_BASE64, WEBHOOK_ASYMMETRIC);
	check(respond_signature_check(keys, 3, claims, 1, WEBHOOK_CONTENT, length), "keys of both kinds in one source");
	claims[0] = claim_of(SIGNATURE_ED25519, SIGNATURE_BASE64, WEBHOOK_SIGNATURE);
	check(!respond_signature_check(keys, 3, claims, 1, WEBHOOK_CONTENT, length), "an HMAC that is called ed25519");
	claims[0] = claim_of(SIGNATURE_HMAC_SHA256, SIGNATURE_BASE64, WEBHOOK_ASYMMETRIC);
	check(!respond_signature_check(keys, 3, claims, 1, WEBHOOK_CONTENT, length), "ed25519 that is called an HMAC");
	keys[0] = key_of(SIGNATURE_BEARER, SECRET_TEXT, "token");
	claims[0] = claim_of(SIGNATURE_BASIC, SIGNATURE_BASE64, "token");
	check(!respond_signature_check(keys, 1, claims, 1, WEBHOOK_CONTENT, length), "a token that is called a password");
	claims[0].algorithm = SIGNATURE_NONE;
	keys[0].algorithm = SIGNATURE_NONE;
	check(!respond_signature_check(keys, 1, claims, 1, WEBHOOK_CONTENT, length), "without an algorithm, nothing is right");
}

/* Whoever knows the public key, and that is everybody, signs with it as if it were shared. */
static void
check_confusion(void)
{
	/* HMAC-SHA256 of "x": with the 32 bytes of the key, with its text, with its PEM. */
	const char *const forged[] = {"9OoTeMbtuLaGVykYhRpqM8u4dRad+vfNVGYrlWmfCBo=", "HGne1v/fUGDmz1M/wORGLB3JOLUBAPTEBWbOus97SIY=", "ePw4K2hYRNp8bf4k/cDl5kiYyJfm37JAN+izOJ8tu5U="};
	const char *const writings[] = {WEBHOOK_PUBLIC, WEBHOOK_PUBLIC_HEX, WEBHOOK_PUBLIC_PEM};
	bool		any = false;

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
		{
			SignatureKey key = key_of(SIGNATURE_ED25519, SECRET_BASE64, writings[i]);
			SignatureClaim claim = claim_of(SIGNATURE_HMAC_SHA256, SIGNATURE_BASE64, forged[j]);

			any |= respond_signature_check(&key, 1, &claim, 1, "x", 1);
		}
	check(!any, "a public key checks no HMAC");
}

static const char *
fault_of(SignatureAlgorithm algorithm, SecretForm form, const char *secret)
{
	SignatureKey key;

	return respond_signature_key_read(arena, algorithm, form, secret, &key);
}

static void
check_secrets(void)
{
#define NO_ED25519	"is not a public key of ed25519"
#define NO_ECDSA	"is not a public key of ECDSA with the curve P-256"
	for (int algorithm = SIGNATURE_HMAC_SHA1; algorithm <= SIGNATURE_BEARER; algorithm++)
		check_string(fault_of(algorithm, SECRET_TEXT, " \n"), "is empty", "an empty secret");
	check_string(fault_of(SIGNATURE_HMAC_SHA256, SECRET_BASE64, "whsec_"), "is empty", "only a prefix");
	check_string(fault_of(SIGNATURE_HMAC_SHA256, SECRET_BASE64, "whsec_!"), "is not base64", "no base64");
	check_string(fault_of(SIGNATURE_HMAC_SHA256, SECRET_HEX, "abc"), "is not an even number of hex digits", "half a byte");
	check_string(fault_of(SIGNATURE_HMAC_SHA256, SECRET_HEX, "zz"), "is not an even number of hex digits", "no hex");
	for (int form = SECRET_TEXT; form <= SECRET_BASE64; form++)
	{
		check_string(fault_of(SIGNATURE_HMAC_SHA256, form, WEBHOOK_PUBLIC), "is a public key, with which anybody could sign",
					 "a public key for an HMAC");
		check_string(fault_of(SIGNATURE_HMAC_SHA512, form, "\n" WEBHOOK_PUBLIC_PEM), "is a public key, with which anybody could sign",
					 "the same in PEM");
		check_string(fault_of(SIGNATURE_HMAC_SHA1, form, "whsk_AAAA"), "is a private key; a shared secret is wanted", "a private key");
	}
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, "whsk_AAAA"), "is a private key; the public key belonging to it is wanted",
				 "a private key for ed25519");
	check_string(fault_of(SIGNATURE_ECDSA, SECRET_TEXT, "-----BEGIN EC PRIVATE KEY-----"),
				 "is a private key; the public key belonging to it is wanted", "a private key in PEM");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, WEBHOOK_SECRET), NO_ED25519, "a shared secret");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, SENDGRID_PUBLIC), NO_ED25519, "a key of ECDSA");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, "whpk_"), NO_ED25519, "only its prefix");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248"), NO_ED25519, "a key cut short");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, "-----BEGIN PUBLIC KEY-----"), NO_ED25519, "a block that does not end");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, WEBHOOK_PUBLIC_PEM "x"), NO_ED25519, "something behind the block");
	check_string(fault_of(SIGNATURE_ED25519, SECRET_TEXT, "MCowBQYDK2VuAyEAZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g="), NO_ED25519,
				 "a key of X25519");
	check_string(fault_of(SIGNATURE_ECDSA, SECRET_TEXT, WEBHOOK_PUBLIC_PEM), NO_ECDSA, "a key of ed25519");
	check_string(fault_of(SIGNATURE_ECDSA, SECRET_TEXT, "AhA69i47VEbnj0M6Zcm3QvruAsK6g6gWlo3DDLE24XW3"), NO_ECDSA, "a point alone");
	check_string(fault_of(SIGNATURE_ECDSA, SECRET_TEXT,
						  "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkEKp2+Wxrr8gkyXadwFSY01ajIaSLfJgQXytUENEVs1T0QA7wi4ysuWxA0EpOWmOJICa+4eX0YBkewWj1D/diuk1ghZIxXFiysU7SdwizqC6VRw0/WWvloFJjEnOrgDw"),
				 NO_ECDSA, "another curve");
	check_string(fault_of(SIGNATURE_BASIC, SECRET_TEXT, "password"), "is not USER:PASSWORD", "a password alone");
}

static void
show_speed(void)
{
	char		body[1000];
	SignatureKey key = key_of(SIGNATURE_HMAC_SHA256, SECRET_TEXT, GITHUB_SECRET);
	SignatureClaim claim = claim_of(SIGNATURE_HMAC_SHA256, SIGNATURE_HEX, GITHUB_SIGNATURE);
	clock_t		start = clock();
	int			rounds = 20000;
	bool		right = false;

	memset(body, 'x', sizeof(body));
	for (int i = 0; i < rounds; i++)
		right |= respond_signature_check(&key, 1, &claim, 1, body, sizeof(body));
	check(!right, "20000 checks");
	printf("# %.2f us per check of %d bytes\n", (double) (clock() - start) / CLOCKS_PER_SEC * 1e6 / rounds, (int) sizeof(body));
}

int
main(void)
{
	arena = respond_arena_create(&respond_arena_malloc_source);
	check_hmac();
	check_lies();
	check_public();
	check_words();
	check_many();
	check_confusion();
	check_secrets();
	show_speed();
	respond_arena_destroy(arena);
	return check_done();
}
