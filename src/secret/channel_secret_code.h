/*-------------------------------------------------------------------------
 * channel_secret_code.h
 *	  What the functions over secrets of channels share.
 *
 * src/secret/channel_secret_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_SECRET_CODE_H
#define RESPOND_CHANNEL_SECRET_CODE_H

#include "common/kept_plan.h"
#include "secret/key_file.h"

typedef enum SealOutcome
{
	SEAL_DONE,
	SEAL_FAILED,				/* the library could not encrypt */
	SEAL_NO_KEY,
	SEAL_TAMPERED
} SealOutcome;

/*
 * What binds a secret to its place, palloc'd: a text that is ours alone, a zero
 * byte, the channel's name.
 */
extern char *respond_secret_aad(const char *channel, size_t *length);

/* Room for so many bytes, zeroed. */
extern bytea *respond_secret_bytea(size_t length);

/* Room for what was sealed and a zero byte behind it, zeroed. */
extern char *respond_secret_room(const bytea *sealed);

/* Writes as many bytes to plain as were sealed; raises nothing. */
extern SealOutcome respond_secret_unseal(const SecretKeys *keys, const char *aad, size_t aad_length,
										 const bytea *sealed, char *plain);

/* Why it cannot be unsealed for the channel; NULL: it can.  Raises as respond_secret_keys_load() does. */
extern const char *respond_secret_check(const char *channel, const bytea *sealed);

/* Raises unless it went well; no keys may be in memory. */
extern void respond_secret_require(SealOutcome outcome, const char *channel);

/* False when there was none. */
extern bool respond_secret_remove(const char *channel);

#endif							/* RESPOND_CHANNEL_SECRET_CODE_H */
