/*-------------------------------------------------------------------------
 * secret_place.c
 *	  The one place that a secret was given for.
 *
 * src/secret/secret_place.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/evp.h>

#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"

#include "secret/secret_place.h"

char *
respond_secret_place_bytes(const SecretPlace *place, size_t *length)
{
	static const char label[] = "pg_respond secret 2";	/* with its zero byte */
	StringInfoData bytes;

	/* all parts but the last are of a fixed length, so no two places look alike */
	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, label, sizeof(label));
	appendBinaryStringInfo(&bytes, (const char *) place->channel.data, UUID_LEN);
	appendBinaryStringInfo(&bytes, (const char *) place->kind.data, UUID_LEN);
	appendBinaryStringInfo(&bytes, (const char *) place->definition, SECRET_DIGEST_SIZE);
	appendStringInfoString(&bytes, place->host);
	*length = bytes.len;
	return bytes.data;
}

static const char *
host_name(const char *host)
{
	return host[0] != '\0' ? host : "no host";
}

char *
respond_secret_place_change(const SecretPlace *given, const SecretPlace *now)
{
	if (memcmp(&given->channel, &now->channel, sizeof(pg_uuid_t)) != 0)
		return pstrdup("was given for another channel");
	if (memcmp(&given->kind, &now->kind, sizeof(pg_uuid_t)) != 0)
		return pstrdup("was given for another kind");
	if (strcmp(given->host, now->host) != 0)
		return psprintf("was given for %s, and the channel leads to %s now", host_name(given->host),
						host_name(now->host));
	if (memcmp(given->definition, now->definition, SECRET_DIGEST_SIZE) != 0)
		return pstrdup("was given before its kind, or its url, said something else about where the secret goes");
	return NULL;
}

static void
add_bytes(StringInfo parts, const char *bytes, size_t length)
{
	uint64		count = pg_hton64((uint64) length);

	appendBinaryStringInfo(parts, (const char *) &count, sizeof(count));
	appendBinaryStringInfo(parts, bytes, length);
}

void
respond_secret_digest_add(StringInfo parts, const char *label, const char *text)
{
	char	   *utf8 = text != NULL ? pg_server_to_any(text, strlen(text), PG_UTF8) : NULL;

	add_bytes(parts, label, strlen(label));
	appendStringInfoChar(parts, utf8 != NULL ? 1 : 0);
	if (utf8 != NULL)
		add_bytes(parts, utf8, strlen(utf8));
}

void
respond_secret_digest_end(StringInfo parts, uint8 *digest)
{
	unsigned char result[EVP_MAX_MD_SIZE];

	if (EVP_Digest(parts->data, parts->len, result, NULL, EVP_sha256(), NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not compute a digest")));
	memcpy(digest, result, SECRET_DIGEST_SIZE);
	pfree(parts->data);
}
