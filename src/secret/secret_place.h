/*-------------------------------------------------------------------------
 * secret_place.h
 *	  The one place that a secret was given for.
 *
 * A secret is for one channel, for one host, and for what says where in a
 * request it goes: the kind of the channel and those of its templates that name
 * the secret.  Names can be given to something else, so the channel and its kind
 * count by identity.  The place is part of what is sealed: whoever changes any of
 * it gets nothing but a secret that cannot be unsealed.
 *
 * src/secret/secret_place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SECRET_PLACE_H
#define RESPOND_SECRET_PLACE_H

#include "lib/stringinfo.h"
#include "utils/uuid.h"

#define SECRET_DIGEST_SIZE	32

typedef struct SecretPlace
{
	pg_uuid_t	channel;
	pg_uuid_t	kind;
	uint8		definition[SECRET_DIGEST_SIZE];
	const char *host;			/* scheme://host:port in UTF-8; empty: the channel sends nowhere */
} SecretPlace;

/* In place of a host: the secret is not sent, it is for requests that come in. */
#define SECRET_HOST_INBOUND	"inbound"

/* Bytes that stand for the place and for no other, palloc'd. */
extern char *respond_secret_place_bytes(const SecretPlace *place, size_t *length);

/*
 * What of the place is not as it was when the secret was given, as the rest of
 * a sentence that begins with the secret; NULL: nothing.  palloc'd.
 */
extern char *respond_secret_place_change(const SecretPlace *given, const SecretPlace *now);

/*
 * A digest of texts: each is added with a label, so that the same bytes in two
 * other parts are something else.  Texts are in the database's encoding, and
 * counted in UTF-8; NULL is not the same as empty.
 */
extern void respond_secret_digest_add(StringInfo parts, const char *label, const char *text);
extern void respond_secret_digest_end(StringInfo parts, uint8 *digest);

#endif							/* RESPOND_SECRET_PLACE_H */
