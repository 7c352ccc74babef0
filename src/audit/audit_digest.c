/*-------------------------------------------------------------------------
 * audit_digest.c
 *	  Digests of rows of the audit log, which seals hold.
 *
 * A digest must come out the same in every session, after a dump and a restore,
 * and in a database of another encoding.  So each value is hashed as what it is:
 * numbers and times as eight bytes, texts and jsonb as their text in UTF-8, each
 * with its length before it; NULL has a length of its own.
 *
 * A row has two parts.  What may name a person is hashed by itself, with the
 * row's salt, and the row's digest holds no more of it than that commitment.  So a
 * person can be erased, and the digest still be checked: the commitment is kept,
 * and without the salt nobody can try names on it.
 *
 * src/audit/audit_digest.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/recode.h"

PG_FUNCTION_INFO_V1(respond_audit_commitment);
PG_FUNCTION_INFO_V1(respond_audit_digest);

/* Of a value that is NULL. */
#define NO_LENGTH	PG_UINT32_MAX

/* Each kind of digest begins with its own word, so that none can pass for the other. */
#define COMMITMENT_WORD	"pg_respond audit commitment 1"
#define DIGEST_WORD		"pg_respond audit row 1"

static void
check(int result, pg_cryptohash_ctx *hash)
{
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute a digest for the audit log: %s", pg_cryptohash_error(hash))));
}

static void
add_bytes(pg_cryptohash_ctx *hash, const void *bytes, Size length)
{
	uint32		prefix = pg_hton32((uint32) length);

	check(pg_cryptohash_update(hash, (const uint8 *) &prefix, sizeof(prefix)), hash);
	check(pg_cryptohash_update(hash, bytes, length), hash);
}

static void
add_null(pg_cryptohash_ctx *hash)
{
	uint32		prefix = pg_hton32(NO_LENGTH);

	check(pg_cryptohash_update(hash, (const uint8 *) &prefix, sizeof(prefix)), hash);
}

static void
add_text(pg_cryptohash_ctx *hash, char *text)
{
	size_t		length = strlen(text);

	add_bytes(hash, respond_to_utf8(text, &length), length);
	pfree(text);
}

static void
add_text_argument(pg_cryptohash_ctx *hash, FunctionCallInfo fcinfo, int place)
{
	if (PG_ARGISNULL(place))
		add_null(hash);
	else
		add_text(hash, text_to_cstring(PG_GETARG_TEXT_PP(place)));
}

static void
add_jsonb_argument(pg_cryptohash_ctx *hash, FunctionCallInfo fcinfo, int place)
{
	Jsonb	   *document;

	if (PG_ARGISNULL(place))
	{
		add_null(hash);
		return;
	}
	document = PG_GETARG_JSONB_P(place);
	add_text(hash, JsonbToCString(NULL, &document->root, VARSIZE(document)));
	PG_FREE_IF_COPY(document, place);
}

static void
add_int64_argument(pg_cryptohash_ctx *hash, FunctionCallInfo fcinfo, int place)
{
	uint64		value;

	if (PG_ARGISNULL(place))
	{
		add_null(hash);
		return;
	}
	value = pg_hton64((uint64) PG_GETARG_INT64(place));
	add_bytes(hash, &value, sizeof(value));
}

static void
add_bytea_argument(pg_cryptohash_ctx *hash, FunctionCallInfo fcinfo, int place)
{
	bytea	   *value;

	if (PG_ARGISNULL(place))
	{
		add_null(hash);
		return;
	}
	value = PG_GETARG_BYTEA_PP(place);
	add_bytes(hash, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_FREE_IF_COPY(value, place);
}

static void
add_uuid_argument(pg_cryptohash_ctx *hash, FunctionCallInfo fcinfo, int place)
{
	if (PG_ARGISNULL(place))
		add_null(hash);
	else
		add_bytes(hash, PG_GETARG_UUID_P(place)->data, UUID_LEN);
}

static pg_cryptohash_ctx *
begin(const char *word)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	check(pg_cryptohash_init(hash), hash);
	add_bytes(hash, word, strlen(word));
	return hash;
}

static bytea *
end(pg_cryptohash_ctx *hash)
{
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	check(pg_cryptohash_final(hash, (uint8 *) VARDATA(digest), PG_SHA256_DIGEST_LENGTH), hash);
	pg_cryptohash_free(hash);
	return digest;
}

/*
 * audit_commitment(salt uuid, actor text, object_id text, old jsonb, new jsonb, session_actor text) -> bytea:
 * SHA-256 of what of a row may name a person.
 */
Datum
respond_audit_commitment(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *hash = begin(COMMITMENT_WORD);

	add_uuid_argument(hash, fcinfo, 0);
	add_text_argument(hash, fcinfo, 1);
	add_text_argument(hash, fcinfo, 2);
	add_jsonb_argument(hash, fcinfo, 3);
	add_jsonb_argument(hash, fcinfo, 4);
	add_text_argument(hash, fcinfo, 5);
	PG_RETURN_BYTEA_P(end(hash));
}

/*
 * audit_digest(id bigint, at timestamptz, action text, object_type text, event_id bigint, run_id bigint, rule text,
 * commitment bytea) -> bytea: SHA-256 of a row, whose other values are in the commitment.
 */
Datum
respond_audit_digest(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *hash = begin(DIGEST_WORD);

	add_int64_argument(hash, fcinfo, 0);
	add_int64_argument(hash, fcinfo, 1);
	add_text_argument(hash, fcinfo, 2);
	add_text_argument(hash, fcinfo, 3);
	add_int64_argument(hash, fcinfo, 4);
	add_int64_argument(hash, fcinfo, 5);
	add_text_argument(hash, fcinfo, 6);
	add_bytea_argument(hash, fcinfo, 7);
	PG_RETURN_BYTEA_P(end(hash));
}
