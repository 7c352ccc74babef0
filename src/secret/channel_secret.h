/*-------------------------------------------------------------------------
 * channel_secret.h
 *	  Secrets of channels: stored encrypted, read by the courier alone.
 *
 * src/secret/channel_secret.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_SECRET_H
#define RESPOND_CHANNEL_SECRET_H

#include "secret/secret_place.h"

#define RESPOND_MAX_SECRET_LENGTH 4096

/*
 * Encrypts the secret and keeps it for the place, instead of the one that the
 * channel has; NULL: forgets that.  Done with the rights of the table's owner, for
 * triggers that run as whoever writes a channel: the caller has checked that
 * this one may.  Raises when the secret cannot be used, and unless there is a
 * key; forgetting needs none.
 */
extern void respond_secret_store(const char *channel, const SecretPlace *place, const char *secret);

/*
 * The secret in clear, palloc'd in the current memory context, for the courier,
 * which wipes it; NULL when the channel has none.  Raises
 * ERRCODE_CONFIG_FILE_ERROR when there is no key for it, ERRCODE_DATA_CORRUPTED
 * when it was not stored for this very place.  Needs a snapshot and the right to
 * read the table.
 */
extern char *respond_secret_fetch(const char *channel, const SecretPlace *place);

/*
 * Whether the channel has a secret; *given, unless NULL, is the place that it was
 * given for.  For triggers of the channel.
 */
extern bool respond_secret_exists(const pg_uuid_t *channel, SecretPlace *given);

/* Overwrites and frees it; NULL is fine. */
extern void respond_secret_wipe(char *secret);

#endif							/* RESPOND_CHANNEL_SECRET_H */
