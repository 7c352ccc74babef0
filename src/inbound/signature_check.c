/*-------------------------------------------------------------------------
 * signature_check.c
 *	  Whether what a request brought was signed with one of the keys.
 *
 * All claims are tried with all keys, also when one was right: nothing is to
 * be learnt from how long it takes.  What OpenSSL puts into its queue of errors is
 * taken out again: whoever uses OpenSSL next in this process would believe that it is
 * theirs.
 *
 * src/inbound/signature_check.c
 *-------------------------------------------------------------------------
 */
#include "inbound/signature_check.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "wire/bytes_read.h"

/* More characters than any signature has: 64 bytes in hex, 72 of DER in base64. */
#define CLAIM_LONGEST		200

/* Of the base64 of USER:PASSWORD; a secret is shorter. */
#define BASIC_LONGEST		8192

static bool
decode(const SignatureClaim *claim, unsigned char *bytes, size_t *count)
{
	if (claim->length > CLAIM_LONGEST)
		return false;
	if (claim->encoding == SIGNATURE_HEX)
		return respond_hex_read(claim->text, claim->length, bytes, count);
	return respond_base64_read(claim->text, claim->length, BASE64_ANY, bytes, count);
}

/* The content is hashed once, however many claims there are. */
static bool
check_hmac(const SignatureKey *key, const SignatureClaim *claims, int claim_count,
		   const void *content, size_t content_length)
{
	const EVP_MD *hash = key->algorithm == SIGNATURE_HMAC_SHA1 ? EVP_sha1() :
		key->algorithm == SIGNATURE_HMAC_SHA512 ? EVP_sha512() : EVP_sha256();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	bool		right = false;

	if (HMAC(hash, key->bytes, (int) key->length, content, content_length, digest, &length) == NULL || length == 0)
		return false;
	for (int i = 0; i < claim_count; i++)
	{
		unsigned char claimed[BYTES_READ_ROOM(CLAIM_LONGEST)];
		size_t		count;

		right |= claims[i].algorithm == key->algorithm && decode(&claims[i], claimed, &count) &&
			count == length && CRYPTO_memcmp(digest, claimed, length) == 0;
	}
	OPENSSL_cleanse(digest, sizeof(digest));
	return right;
}

static EVP_PKEY *
open_public(const SignatureKey *key)
{
	const unsigned char *at = key->bytes;

	if (key->algorithm == SIGNATURE_ED25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, key->length);
	return d2i_PUBKEY(NULL, &at, (long) key->length);
}

static bool
check_public(const SignatureKey *key, const SignatureClaim *claim, const void *content, size_t content_length)
{
	unsigned char claimed[BYTES_READ_ROOM(CLAIM_LONGEST)];
	size_t		count;
	EVP_PKEY   *opened;
	EVP_MD_CTX *context;
	bool		right;

	if (!decode(claim, claimed, &count))
		return false;
	opened = open_public(key);
	context = EVP_MD_CTX_new();
	right = opened != NULL && context != NULL &&
		EVP_DigestVerifyInit(context, NULL, key->algorithm == SIGNATURE_ECDSA ? EVP_sha256() : NULL, NULL,
							 opened) == 1 &&
		EVP_DigestVerify(context, claimed, count, content, content_length) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(opened);
	ERR_clear_error();
	return right;
}

/* Digests are compared, so that the time does not tell the length either. */
bool
respond_signature_is_secret(const SignatureKey *key, const void *claimed, size_t claimed_length)
{
	unsigned char wanted_digest[SHA256_DIGEST_LENGTH];
	unsigned char claimed_digest[SHA256_DIGEST_LENGTH];

	return SHA256(key->bytes, key->length, wanted_digest) != NULL &&
		SHA256(claimed, claimed_length, claimed_digest) != NULL &&
		CRYPTO_memcmp(wanted_digest, claimed_digest, sizeof(wanted_digest)) == 0;
}

static bool
check_basic(const SignatureKey *key, const SignatureClaim *claim)
{
	unsigned char bytes[BYTES_READ_ROOM(BASIC_LONGEST)];
	size_t		count;
	bool		same;

	same = claim->length <= BASIC_LONGEST &&
		respond_base64_read(claim->text, claim->length, BASE64_ANY, bytes, &count) &&
		respond_signature_is_secret(key, bytes, count);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return same;
}

static bool
check_claim(const SignatureKey *key, const SignatureClaim *claim, const void *content, size_t content_length)
{
	if (key->algorithm != claim->algorithm)
		return false;
	if (key->algorithm == SIGNATURE_BEARER)
		return respond_signature_is_secret(key, claim->text, claim->length);
	if (key->algorithm == SIGNATURE_BASIC)
		return check_basic(key, claim);
	return check_public(key, claim, content, content_length);
}

bool
respond_signature_check(const SignatureKey *keys, int key_count, const SignatureClaim *claims, int claim_count,
						const void *content, size_t content_length)
{
	bool		right = false;

	if (claim_count > SIGNATURE_CLAIMS_MOST)
		return false;
	for (int i = 0; i < key_count; i++)
	{
		const SignatureKey *key = &keys[i];

		switch (key->algorithm)
		{
			case SIGNATURE_NONE:
				break;
			case SIGNATURE_HMAC_SHA1:
			case SIGNATURE_HMAC_SHA256:
			case SIGNATURE_HMAC_SHA512:
				right |= check_hmac(key, claims, claim_count, content, content_length);
				break;
			case SIGNATURE_ED25519:
			case SIGNATURE_ECDSA:
			case SIGNATURE_BASIC:
			case SIGNATURE_BEARER:
				for (int j = 0; j < claim_count; j++)
					right |= check_claim(key, &claims[j], content, content_length);
				break;
		}
	}
	return right;
}
