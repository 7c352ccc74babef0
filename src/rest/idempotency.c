/*-------------------------------------------------------------------------
 * idempotency.c
 *	  A request that is sent again with the same Idempotency-Key has the same answer, and acts once.
 *
 * draft-ietf-httpapi-idempotency-key-header.  The key is written in the
 * transaction of what the request does, so both are there or neither is: after a crash
 * the request can be sent again.  Of requests that were refused nothing is kept,
 * as they have done nothing.
 *
 * src/rest/idempotency.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "common/contain.h"
#include "common/kept_plan.h"
#include "rest/idempotency.h"

#define LONGEST_KEY		255

/* Answers are kept for a day; each new one makes room for itself. */
static KeptPlan insert_key = {
	"WITH old AS (DELETE FROM respond_internal.idempotency AS i WHERE (i.token_hash, i.key) OPERATOR(pg_catalog.=) ANY"
	" (SELECT o.token_hash, o.key FROM respond_internal.idempotency AS o"
	" WHERE o.created_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) '1 day'::pg_catalog.interval)"
	" AND NOT (o.token_hash OPERATOR(pg_catalog.=) $1 AND o.key OPERATOR(pg_catalog.=) $2)"
	" ORDER BY o.created_at LIMIT 10 FOR UPDATE SKIP LOCKED))"
	" INSERT INTO respond_internal.idempotency (token_hash, key, fingerprint) VALUES ($1, $2, $3)"
	" ON CONFLICT (token_hash, key) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = pg_catalog.now(),"
	" status = NULL, fields = NULL, body = NULL"
	" WHERE idempotency.created_at OPERATOR(pg_catalog.<)"
	" (pg_catalog.now() OPERATOR(pg_catalog.-) '1 day'::pg_catalog.interval)"
	" RETURNING 1",
	3, {BYTEAOID, TEXTOID, BYTEAOID}
};
static KeptPlan find_key = {
	"SELECT i.fingerprint OPERATOR(pg_catalog.=) $3, i.status, i.fields, i.body FROM respond_internal.idempotency AS i"
	" WHERE i.token_hash OPERATOR(pg_catalog.=) $1 AND i.key OPERATOR(pg_catalog.=) $2",
	3, {BYTEAOID, TEXTOID, BYTEAOID}
};
static KeptPlan keep_answer = {
	"UPDATE respond_internal.idempotency AS i SET status = $3, fields = $4, body = $5"
	" WHERE i.token_hash OPERATOR(pg_catalog.=) $1 AND i.key OPERATOR(pg_catalog.=) $2",
	5, {BYTEAOID, TEXTOID, INT4OID, TEXTARRAYOID, BYTEAOID}
};

static Datum
bytes_datum(const void *bytes, size_t length)
{
	bytea	   *datum = palloc(VARHDRSZ + length);

	SET_VARSIZE(datum, VARHDRSZ + length);
	memcpy(VARDATA(datum), bytes, length);
	return PointerGetDatum(datum);
}

/* The key as a text, palloc'd; NULL: it is none.  Quotes of a structured string may be left out. */
static char *
read_key(const char *value)
{
	char	   *key = pstrdup(value);
	size_t		length = strlen(key);

	if (length >= 2 && key[0] == '"' && key[length - 1] == '"')
	{
		key[length - 1] = '\0';
		key++;
	}
	for (const char *c = key; *c != '\0'; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			return NULL;
	return *key != '\0' && strlen(key) <= LONGEST_KEY ? key : NULL;
}

/* Whether the field says what is to be done: its condition, or a part of an event in headers. */
static bool
is_meant(const char *name)
{
	return strcmp(name, "if-match") == 0 || strncmp(name, "ce-", strlen("ce-")) == 0;
}

static int
compare(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

/* Appends the fields that say what is to be done; proxies may put them in another order. */
static void
add_fields(StringInfo head, const WebRequest *request)
{
	char	   *lines[WEB_MAX_FIELDS];
	int			count = 0;

	for (int i = 0; i < request->field_count && count < WEB_MAX_FIELDS; i++)
		if (is_meant(request->fields[i].name))
			lines[count++] = psprintf("%s: %s\n", request->fields[i].name, request->fields[i].value);
	qsort(lines, count, sizeof(char *), compare);
	for (int i = 0; i < count; i++)
		appendStringInfoString(head, lines[i]);
}

/* What tells the request from others. */
static Datum
fingerprint(const WebRequest *request)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	const char *type = respond_web_field(request, "content-type");
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	StringInfoData head;

	initStringInfo(&head);
	appendStringInfo(&head, "%s\n%s\n%s\n", request->method, request->target, type != NULL ? type : "");
	add_fields(&head, request);
	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) head.data, head.len) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) request->body, request->body_length) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a digest");
	pg_cryptohash_free(context);
	return bytes_datum(digest, sizeof(digest));
}

static void
replay(RestCall *call)
{
	HeapTuple	tuple = SPI_tuptable->vals[0];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		is_null;
	int			status = DatumGetInt32(SPI_getbinval(tuple, desc, 2, &is_null));
	Datum		fields = SPI_getbinval(tuple, desc, 3, &is_null);
	bytea	   *body = DatumGetByteaPP(SPI_getbinval(tuple, desc, 4, &is_null));
	size_t		length = VARSIZE_ANY_EXHDR(body);
	Datum	   *texts;
	int			count;

	call->answer = respond_web_answer(call->arena, status, NULL,
									  respond_arena_copy(call->arena, VARDATA_ANY(body), length), length);
	deconstruct_array(DatumGetArrayTypeP(fields), TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &count);
	for (int i = 0; i + 1 < count; i += 2)
		respond_web_answer_field(call->arena, call->answer, TextDatumGetCString(texts[i]),
								 TextDatumGetCString(texts[i + 1]));
	respond_web_answer_field(call->arena, call->answer, "Idempotency-Replayed", "true");
}

static void
answer_known(RestCall *call, Datum *values)
{
	bool		is_null;

	if (respond_kept_plan_run(&find_key, values, NULL) == 0)
		respond_call_refuse(call, 409, "A request with this Idempotency-Key is under way.");
	else if (!DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null)))
		respond_call_refuse(call, 422, "The Idempotency-Key was used for another request.");
	else
		replay(call);
}

typedef struct Insertion
{
	Datum	   *values;
	bool		is_new;
} Insertion;

static void
insert(void *argument)
{
	Insertion  *insertion = argument;

	SPI_connect();
	insertion->is_new = respond_kept_plan_run(&insert_key, insertion->values, NULL) > 0;
	SPI_finish();
}

bool
respond_idempotency_begin(RestCall *call)
{
	const char *header = respond_web_field(call->request, "idempotency-key");
	char	   *key;
	Datum		values[3];
	Insertion	insertion = {values, false};
	ErrorData  *error;

	if (header == NULL)
		return true;
	key = respond_web_field_count(call->request, "idempotency-key") == 1 ? read_key(header) : NULL;
	if (key == NULL)
	{
		respond_call_refuse(call, 400, "The Idempotency-Key must be a string of 1 to 255 printable characters of"
							" ASCII.");
		return false;
	}
	values[0] = bytes_datum(call->token->hash, TOKEN_HASH_SIZE);
	values[1] = CStringGetTextDatum(key);
	values[2] = fingerprint(call->request);
	error = respond_contain_try(insert, &insertion);
	if (error != NULL && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	if (error != NULL)
		respond_call_refuse(call, 409, "A request with this Idempotency-Key is under way.");
	if (error != NULL || insertion.is_new)
		return error == NULL;
	SPI_connect();
	answer_known(call, values);
	SPI_finish();
	return false;
}

void
respond_idempotency_end(RestCall *call)
{
	const char *header = respond_web_field(call->request, "idempotency-key");
	WebAnswer  *answer = call->answer;
	Datum		texts[2 * WEB_MAX_FIELDS];
	Datum		values[5];

	if (header == NULL)
		return;
	for (int i = 0; i < answer->field_count; i++)
	{
		texts[2 * i] = CStringGetTextDatum(answer->fields[i].name);
		texts[2 * i + 1] = CStringGetTextDatum(answer->fields[i].value);
	}
	values[0] = bytes_datum(call->token->hash, TOKEN_HASH_SIZE);
	values[1] = CStringGetTextDatum(read_key(header));
	values[2] = Int32GetDatum(answer->status);
	values[3] = PointerGetDatum(construct_array(texts, 2 * answer->field_count, TEXTOID, -1, false, TYPALIGN_INT));
	values[4] = bytes_datum(answer->body != NULL ? answer->body : "", answer->body_length);
	SPI_connect();
	respond_kept_plan_run(&keep_answer, values, NULL);
	SPI_finish();
}
