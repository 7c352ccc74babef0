/*-------------------------------------------------------------------------
 * seal.h
 *	  Encrypting short texts so that nobody can read, change or swap them.
 *
 * Uses no server header, so unit tests can link it alone.
 *
 * src/secret/seal.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SEAL_H
#define RESPOND_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESPOND_SEAL_KEY_SIZE		32
#define RESPOND_SEAL_KEY_ID_SIZE	8

/* A sealed text is as long as the text and this: version, key id, nonce, tag. */
#define RESPOND_SEAL_OVERHEAD		(1 + RESPOND_SEAL_KEY_ID_SIZE + 12 + 16)

/*
 * Seals len bytes into out, which has room for len + RESPOND_SEAL_OVERHEAD.
 * aad is not part of the result, but has to be the same when it is unsealed.
 * False when the system has no randomness or memory; out is then worthless.
 */
extern bool respond_seal(const uint8_t *key, const void *aad, size_t aad_len,
						 const void *plain, size_t len, uint8_t *out);

/*
 * Writes sealed_len - RESPOND_SEAL_OVERHEAD bytes to plain.  False, with no text
 * left in plain, when anything of what went into the seal is not as it was: the
 * bytes, the key or aad.
 */
extern bool respond_seal_open(const uint8_t *key, const void *aad, size_t aad_len,
							  const uint8_t *sealed, size_t sealed_len, void *plain);

/* Tells keys apart without telling anything about them; false as above. */
extern bool respond_seal_key_id(const uint8_t *key, uint8_t *id);

/* Id of the key that it was sealed with, in its bytes; NULL when it is no seal. */
extern const uint8_t *respond_seal_read_key_id(const uint8_t *sealed, size_t sealed_len);

#endif							/* RESPOND_SEAL_H */
