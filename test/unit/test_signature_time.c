/* links: src/inbound/signature_check.c src/inbound/signature_key.c src/wire/bytes_read.c src/common/arena.c */
/* libs: -lcrypto */
/*-------------------------------------------------------------------------
 * test_signature_time.c
 *	  How long a wrong signature takes does not tell how much of it is right.
 *
 * Signatures that are wrong in their first byte and in their last one are
 * checked in random order, and the means of their times are compared (Welch's
 * t).  In between, the same signatures are checked by the same code with a
 * comparison that stops at the first byte that differs.  A round counts when that
 * difference is seen: what is there too much noise for says nothing.  Ours must
 * show none in a round that counts.  If there were one, all of them would show it.
 *
 * Reading what a signature says takes its own time, which tells nothing; so there
 * are many contents with signatures of their own, taken at random.
 *
 * test/unit/test_signature_time.c
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/crypto.h>

#include "check.h"

/* The same code once more, with that comparison. */
static int
compare_until_different(const void *a, const void *b, size_t length)
{
	const volatile unsigned char *left = a;
	const volatile unsigned char *right = b;

	for (size_t i = 0; i < length; i++)
		if (left[i] != right[i])
			return 1;
	return 0;
}

#define respond_signature_check		leaky_check
#define respond_signature_is_secret	leaky_is_secret
#define CRYPTO_memcmp				compare_until_different
#include "../../src/inbound/signature_check.c"
#undef respond_signature_check
#undef respond_signature_is_secret
#undef CRYPTO_memcmp

extern bool respond_signature_check(const SignatureKey *keys, int key_count, const SignatureClaim *claims, int claim_count,
									const void *content, size_t content_length);

typedef bool (*Check) (const SignatureKey *keys, int key_count, const SignatureClaim *claims, int claim_count,
					   const void *content, size_t content_length);

typedef enum Variant
{
	OURS,
	LEAKY
} Variant;

#define VARIANTS	2
#define SAMPLES		80000		/* of a round, of all kinds */
#define MOST_ROUNDS	40

/* From which t on a difference is seen, and below which there is none. */
#define SEEN		25.0
#define NONE		8.0

#define SECRET		"It's a Secret to Everybody"

/* Contents, each with signatures of its own. */
#define CONTENTS	64

typedef struct Forged
{
	char		content[20];
	char		wrong[2][200];	/* in its first byte, in its last one */
} Forged;

typedef struct Sample
{
	Variant		variant;
	bool		is_last;
	double		time;
} Sample;

static const Check checks[VARIANTS] = {respond_signature_check, leaky_check};
static Forged forged[CONTENTS];
static Sample samples[SAMPLES];
static double sorted[SAMPLES];
static int	right;

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec * 1e9 + (double) time.tv_nsec;
}

/* xorshift: the same order each time. */
static unsigned int
toss(unsigned int sides)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int) (state >> 32) % sides;
}

/* All lie at the same place when they are checked. */
static void
take_samples(const SignatureKey *key, const SignatureClaim *kind)
{
	char		text[200];
	SignatureClaim claim = *kind;

	claim.text = text;
	for (int i = 0; i < SAMPLES; i++)
	{
		Sample	   *sample = &samples[i];
		const Forged *what = &forged[toss(CONTENTS)];
		double		begin;

		sample->variant = toss(VARIANTS);
		sample->is_last = toss(2) == 1;
		claim.length = strlen(what->wrong[sample->is_last]);
		memcpy(text, what->wrong[sample->is_last], claim.length);
		begin = now();
		right += checks[sample->variant](key, 1, &claim, 1, what->content, sizeof(what->content));
		sample->time = now() - begin;
	}
}

static int
by_size(const void *a, const void *b)
{
	return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

static double
median(Variant variant)
{
	int			count = 0;

	for (int i = 0; i < SAMPLES; i++)
		if (samples[i].variant == variant)
			sorted[count++] = samples[i].time;
	qsort(sorted, count, sizeof(double), by_size);
	return sorted[count / 2];
}

/* Welch's t, without those that took longer than the median and half of it: they were interrupted. */
static double
welch(Variant variant)
{
	double		sum[2] = {0, 0};
	double		squares[2] = {0, 0};
	double		count[2] = {0, 0};
	double		spread = 0;
	double		middle = median(variant);

	for (int i = 0; i < SAMPLES; i++)
	{
		double		time = samples[i].time - middle;

		if (samples[i].variant != variant || time > middle / 2)
			continue;
		count[samples[i].is_last]++;
		sum[samples[i].is_last] += time;
		squares[samples[i].is_last] += time * time;
	}
	if (count[0] == 0 || count[1] == 0)
		return HUGE_VAL;
	for (int i = 0; i < 2; i++)
		spread += (squares[i] / count[i] - sum[i] / count[i] * sum[i] / count[i]) / count[i];
	return spread > 0 ? fabs(sum[1] / count[1] - sum[0] / count[0]) / sqrt(spread) : HUGE_VAL;
}

static void
compare(const char *name, const SignatureKey *key, const SignatureClaim *claim)
{
	int			counted = 0;

	for (int round = 0; round < MOST_ROUNDS; round++)
	{
		double		ours;
		double		leaky;

		take_samples(key, claim);
		ours = welch(OURS);
		leaky = welch(LEAKY);
		printf("# %s: t is %.1f, of a comparison that stops early %.1f\n", name, ours, leaky);
		counted += leaky > SEEN;
		if (leaky > SEEN && ours < NONE)
		{
			check(true, "%s: the first byte wrong takes as long as the last one", name);
			return;
		}
	}
	if (counted > 0)
		check(false, "%s: the first byte wrong takes as long as the last one", name);
	else
		check_skip(name, "times cannot be measured here");
}

/* The digest in the encoding, with one byte changed. */
static void
write_claim(char *text, const unsigned char *digest, unsigned int length, unsigned int changed, SignatureEncoding encoding)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];

	memcpy(bytes, digest, length);
	bytes[changed] ^= 0x55;
	if (encoding == SIGNATURE_BASE64)
		EVP_EncodeBlock((unsigned char *) text, bytes, length);
	else
		for (unsigned int i = 0; i < length; i++)
			sprintf(text + 2 * i, "%02x", bytes[i]);
}

static void
check_digest(SignatureAlgorithm algorithm, const EVP_MD *hash, SignatureEncoding encoding, const char *name)
{
	SignatureKey key = {algorithm, (const unsigned char *) SECRET, strlen(SECRET)};
	SignatureClaim claim = {algorithm, encoding};

	for (int i = 0; i < CONTENTS; i++)
	{
		Forged	   *what = &forged[i];
		unsigned char digest[EVP_MAX_MD_SIZE];
		unsigned int length;

		memset(what->content, 0, sizeof(what->content));
		snprintf(what->content, sizeof(what->content), "content %d", i);
		HMAC(hash, key.bytes, (int) key.length, (const unsigned char *) what->content, sizeof(what->content), digest, &length);
		write_claim(what->wrong[0], digest, length, 0, encoding);
		write_claim(what->wrong[1], digest, length, length - 1, encoding);
	}
	compare(name, &key, &claim);
}

int
main(void)
{
	check_digest(SIGNATURE_HMAC_SHA256, EVP_sha256(), SIGNATURE_HEX, "HMAC-SHA256 in hex");
	check_digest(SIGNATURE_HMAC_SHA256, EVP_sha256(), SIGNATURE_BASE64, "HMAC-SHA256 in base64");
	check_digest(SIGNATURE_HMAC_SHA512, EVP_sha512(), SIGNATURE_HEX, "HMAC-SHA512 in hex");
	check(right == 0, "no wrong signature was right");
	return check_done();
}
