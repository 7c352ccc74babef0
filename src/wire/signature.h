/*-------------------------------------------------------------------------
 * signature.h
 *	  Signatures of webhooks as Standard Webhooks 1.0.0 defines them.
 *
 * The content "ID.TIMESTAMP.BODY" is signed with HMAC-SHA256; the value of the
 * header webhook-signature is "v1," and the base64 of it, once per key, so
 * that a receiver which knows either the old or the new key accepts what is
 * sent while keys change.
 *
 * Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md,
 * "Signature scheme" and "Webhook headers".
 *
 * src/wire/signature.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SIGNATURE_H
#define RESPOND_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNING_KEYS_MOST		4
#define SIGNING_KEY_LONGEST		1024	/* bytes */

/* Room for the header value of SIGNING_KEYS_MOST keys with its NUL. */
#define SIGNATURE_SIZE			192

typedef struct SigningKeys
{
	int			count;
	struct
	{
		unsigned char bytes[SIGNING_KEY_LONGEST];
		size_t		length;
	}			keys[SIGNING_KEYS_MOST];
} SigningKeys;

/*
 * Reads the secret of a webhook: one or several, separated by white space.
 * "whsec_" and base64 (standard alphabet, padding optional), or base64 alone,
 * stands for the decoded bytes, as in the public libraries; anything else is
 * not legal.  The specification wants 24 to 64 bytes; 1 to 1024 are taken,
 * since receivers exist that chose otherwise.  Returns NULL, or why the secret is not legal ("is empty"), in
 * which case no key is kept.  The reason shows nothing of the secret.
 */
extern const char *respond_signature_read(const char *secret, SigningKeys *keys);

/*
 * Writes the value of the header webhook-signature, one signature per key in
 * their order.  timestamp is the time of the attempt in seconds since 1970,
 * the same as in webhook-timestamp; id must not hold a full stop, or another
 * split of the content would have the same signature.  size is that of buffer:
 * SIGNATURE_SIZE is enough.  False when there is no key, no room or no memory.
 */
extern bool respond_signature_make(const SigningKeys *keys, const char *id,
								   int64_t timestamp, const char *body,
								   size_t body_length, char *buffer, size_t size);

/* Overwrites the keys in memory, in a way that a compiler does not leave out. */
extern void respond_signature_wipe(SigningKeys *keys);

#endif							/* RESPOND_SIGNATURE_H */
