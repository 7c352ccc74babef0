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
#include "secret/secret_place.h"

typedef enum SealOutcome
{
	SEAL_DONE,
	SEAL_FAILED,				/* the library could not encrypt */
	SEAL_NO_KEY,
	SEAL_TAMPERED
} SealOutcome;

/* Whose a secret is, for messages. */
typedef enum SecretOwner
{
	SECRET_OF_CHANNEL,
	SECRET_OF_SOURCE
} SecretOwner;

/* Room for so many bytes, zeroed. */
extern bytea *respond_secret_bytea(size_t length);

/* Room for what was sealed and a zero byte behind it, zeroed. */
extern char *respond_secret_room(const bytea *sealed);

/* Writes as many bytes to plain as were sealed; raises nothing. */
extern SealOutcome respond_secret_unseal(const SecretKeys *keys, const char *aad, size_t aad_length,
										 const bytea *sealed, char *plain);

/*
 * The columns of channel_secret s that tell the place, and the place as they tell
 * it, read from this column on, counted from 1.
 */
#define SECRET_PLACE_COLUMNS	"s.channel_id, s.kind_id, s.definition, s.host"
extern SecretPlace respond_secret_place_read(HeapTuple row, TupleDesc desc, int first);

/*
 * Why the secret of the channel cannot be unsealed for the place; NULL: it can, or
 * there is none.  Raises as respond_secret_keys_load() does.
 */
extern const char *respond_secret_check(const SecretPlace *place);

/* Raises unless it went well; no keys may be in memory. */
extern void respond_secret_require(SealOutcome outcome, SecretOwner owner, const char *name);

/* False when there was none. */
extern bool respond_secret_remove(const pg_uuid_t *channel);

#endif							/* RESPOND_CHANNEL_SECRET_CODE_H */
