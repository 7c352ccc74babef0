/*-------------------------------------------------------------------------
 * key_file.h
 *	  Keys that secrets are encrypted with, read from a file when needed.
 *
 * src/secret/key_file.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KEY_FILE_H
#define RESPOND_KEY_FILE_H

#include "secret/seal.h"

#define RESPOND_MAX_SECRET_KEYS 16

/* The first key encrypts, all of them decrypt. */
typedef struct SecretKeys
{
	int			count;
	uint8_t		keys[RESPOND_MAX_SECRET_KEYS][RESPOND_SEAL_KEY_SIZE];
	uint8_t		ids[RESPOND_MAX_SECRET_KEYS][RESPOND_SEAL_KEY_ID_SIZE];
} SecretKeys;

/*
 * Reads the file.  Raises ERRCODE_CONFIG_FILE_ERROR, with what to do about it,
 * unless there is a key in it that can be used; then no key is left in memory.
 * Otherwise the caller wipes them, before anything that might raise.
 */
extern void respond_secret_keys_load(SecretKeys *keys);
extern void respond_secret_keys_wipe(SecretKeys *keys);

/* Key with this id, NULL when it is not among them. */
extern const uint8_t *respond_secret_keys_find(const SecretKeys *keys, const uint8_t *id);

/* NULL when the file can be used, else why not; palloc'd. */
extern char *respond_secret_key_status(void);

#endif							/* RESPOND_KEY_FILE_H */
