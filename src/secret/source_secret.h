/*-------------------------------------------------------------------------
 * source_secret.h
 *	  Secrets of inbound sources: several for each, stored encrypted as those of channels.
 *
 * A secret is bound to its source and to what the scheme of the source does with
 * secrets: under a scheme that was changed it cannot be unsealed.
 *
 * src/secret/source_secret.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOURCE_SECRET_H
#define RESPOND_SOURCE_SECRET_H

#include "secret/secret_place.h"

/* While one is being replaced there are two; nobody needs more than this. */
#define SOURCE_SECRETS_MOST		10

/* The place of secrets of a source, whose scheme has this digest. */
extern SecretPlace respond_source_secret_place(const pg_uuid_t *source, const uint8 *definition);

/*
 * Encrypts the secret and keeps it beside those that the source has, as the
 * newest.  With the rights of the table's owner: the caller has checked that
 * whoever asks may.
 */
extern void respond_source_secret_add(const char *source, const SecretPlace *place, const char *secret);

/* Forgets all but the newest; returns how many it forgot. */
extern int	respond_source_secret_keep(const pg_uuid_t *source, int newest);

/* Forgets those of all sources. */
extern void respond_source_secret_forget_all(void);

extern int	respond_source_secret_count(const pg_uuid_t *source);

typedef struct SourceSecrets
{
	int			count;
	char	   *secrets[SOURCE_SECRETS_MOST];	/* in clear, the newest first */
	const char *fault;			/* why not all of them are there, as the rest of a sentence; NULL: they are */
} SourceSecrets;

/*
 * All that can be unsealed for the place, in the current memory context.  The
 * caller wipes them.  Raises nothing about the secrets themselves.
 */
extern void respond_source_secret_read(const SecretPlace *place, SourceSecrets *secrets);

extern void respond_source_secret_wipe(SourceSecrets *secrets);

#endif							/* RESPOND_SOURCE_SECRET_H */
