/*-------------------------------------------------------------------------
 * signature_check.h
 *	  Whether what a request brought was signed with one of the keys.
 *
 * src/inbound/signature_check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SIGNATURE_CHECK_H
#define RESPOND_SIGNATURE_CHECK_H

#include "inbound/signature_key.h"

/* Checking a public key's signature takes long: a request may not ask for many. */
#define SIGNATURE_CLAIMS_MOST	10

typedef enum SignatureEncoding
{
	SIGNATURE_HEX,				/* of either case */
	SIGNATURE_BASE64			/* of either alphabet, padded or not */
} SignatureEncoding;

/* A signature that a request says to have; for basic and bearer, what it says instead of one. */
typedef struct SignatureClaim
{
	SignatureAlgorithm algorithm;
	SignatureEncoding encoding; /* not for bearer */
	const char *text;
	size_t		length;
} SignatureClaim;

/*
 * True if any of the claims is right with any key of its algorithm.  The time
 * that it takes does not depend on how much of a wrong claim is right.  Claims of
 * no algorithm are wrong, and so are more than SIGNATURE_CLAIMS_MOST, all of them.
 */
extern bool respond_signature_check(const SignatureKey *keys, int key_count,
									const SignatureClaim *claims, int claim_count,
									const void *content, size_t content_length);

/* Whether the bytes are those of the key, in constant time. */
extern bool respond_signature_is_secret(const SignatureKey *key, const void *claimed, size_t claimed_length);

#endif							/* RESPOND_SIGNATURE_CHECK_H */
