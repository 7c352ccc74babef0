/*-------------------------------------------------------------------------
 * signature_key.h
 *	  Secrets with which requests from outside are checked.
 *
 * A key belongs to one algorithm and is used with no other.  So what may be known
 * to everybody, a public key, can never be the key of an HMAC, with which anybody
 * could then sign.  It builds without a server.
 *
 * src/inbound/signature_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SIGNATURE_KEY_H
#define RESPOND_SIGNATURE_KEY_H

#include <stdbool.h>

#include "common/arena.h"

typedef enum SignatureAlgorithm
{
	SIGNATURE_NONE,				/* nothing is checked */
	SIGNATURE_HMAC_SHA1,
	SIGNATURE_HMAC_SHA256,
	SIGNATURE_HMAC_SHA512,
	SIGNATURE_ED25519,
	SIGNATURE_ECDSA,			/* P-256 with SHA-256, signatures in DER */
	SIGNATURE_BASIC,			/* RFC 7617: base64 of the secret, which is USER:PASSWORD */
	SIGNATURE_BEARER			/* the secret itself */
} SignatureAlgorithm;

/* How the secret of an HMAC is written. */
typedef enum SecretForm
{
	SECRET_TEXT,				/* its bytes are the key */
	SECRET_HEX,
	SECRET_BASE64				/* "whsec_" may stand before it, as Standard Webhooks has it */
} SecretForm;

typedef struct SignatureKey
{
	SignatureAlgorithm algorithm;
	const unsigned char *bytes; /* ed25519: 32; ecdsa: a SubjectPublicKeyInfo in DER */
	size_t		length;
} SignatureKey;

/*
 * Reads a secret of the algorithm, which is not SIGNATURE_NONE.  Public keys may
 * be in PEM, or in base64 or hex, as a SubjectPublicKeyInfo or for ed25519 as
 * its 32 bytes, with or without "whpk_".  Returns NULL, or why it is none, as
 * the rest of a sentence that begins with the secret and shows nothing of it.
 */
extern const char *respond_signature_key_read(Arena *arena, SignatureAlgorithm algorithm, SecretForm form,
											  const char *secret, SignatureKey *key);

/* Whether the secret says that it is a public key. */
extern bool respond_signature_key_is_public(const char *secret);

#endif							/* RESPOND_SIGNATURE_KEY_H */
