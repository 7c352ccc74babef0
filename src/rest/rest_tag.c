/*-------------------------------------------------------------------------
 * rest_tag.c
 *	  Entity tags of answers.
 *
 * A tag is a digest of what the caller was shown.  So it changes with everything that
 * the caller can see, and with nothing else.
 *
 * src/rest/rest_tag.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

#include "rest/entity_tag.h"
#include "rest/rest_tag.h"

/* Bytes of the digest that a tag has. */
#define TAG_BYTES	16

char *
respond_rest_tag(const char *json)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *tag = palloc(2 * TAG_BYTES + 3);

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) json, strlen(json)) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a digest");
	pg_cryptohash_free(context);
	tag[0] = '"';
	for (int i = 0; i < TAG_BYTES; i++)
		snprintf(tag + 1 + 2 * i, 3, "%02x", digest[i]);
	tag[2 * TAG_BYTES + 1] = '"';
	tag[2 * TAG_BYTES + 2] = '\0';
	return tag;
}

void
respond_rest_tag_put(RestCall *call, const char *tag)
{
	respond_web_answer_field(call->arena, call->answer, "ETag", tag);
}

bool
respond_rest_tag_is_known(RestCall *call, const char *tag)
{
	const char *known = respond_web_field_list(call->arena, call->request, "if-none-match");

	if (known == NULL || !respond_entity_tag_listed(known, tag, true))
		return false;
	call->answer = respond_web_answer(call->arena, 304, NULL, "", 0);
	respond_rest_tag_put(call, tag);
	return true;
}
