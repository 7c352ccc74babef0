/*-------------------------------------------------------------------------
 * rotate_secrets.c
 *	  Encrypting all secrets anew with the first key of the file.
 *
 * All rows are unsealed before the first is written: one that cannot be stops
 * it all, and the error says which it is.
 *
 * src/secret/rotate_secrets.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "audit/audit_write.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"

PG_FUNCTION_INFO_V1(respond_rotate_secrets);

static KeptPlan lock_all_plan = {
	"SELECT s.channel, s.sealed, " SECRET_PLACE_COLUMNS " FROM respond_internal.channel_secret AS s"
	" ORDER BY s.channel FOR UPDATE", 0
};
static KeptPlan reseal_plan = {
	"UPDATE respond_internal.channel_secret AS s SET sealed = $2 WHERE s.channel_id OPERATOR(pg_catalog.=) $1",
	2, {UUIDOID, BYTEAOID}
};

/* A secret and its row, while keys are rotated. */
typedef struct Rotated
{
	char	   *channel;
	SecretPlace place;			/* that it was given for, and stays with */
	bytea	   *sealed;
	bytea	   *resealed;		/* NULL: is under the first key already */
} Rotated;

/* All rows, locked; in the memory context of the caller. */
static Rotated *
lock_all(int *count)
{
	MemoryContext caller_context = CurrentMemoryContext;
	MemoryContext spi_context;
	Rotated    *rows;

	SPI_connect();
	*count = (int) respond_kept_plan_run_as_owner(&lock_all_plan, NULL, NULL);
	spi_context = MemoryContextSwitchTo(caller_context);
	rows = palloc0(sizeof(Rotated) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		bool		is_null;

		rows[i].channel = text_to_cstring(DatumGetTextPP(SPI_getbinval(tuple, columns, 1, &is_null)));
		rows[i].sealed = DatumGetByteaPCopy(SPI_getbinval(tuple, columns, 2, &is_null));
		rows[i].place = respond_secret_place_read(tuple, columns, 3);
	}
	MemoryContextSwitchTo(spi_context);
	SPI_finish();
	return rows;
}

/* Seals what is not under the first key; raises at a row that cannot be unsealed. */
static void
reseal(Rotated *row)
{
	size_t		aad_length;
	char	   *aad = respond_secret_place_bytes(&row->place, &aad_length);
	char	   *plain = respond_secret_room(row->sealed);
	bytea	   *resealed = respond_secret_bytea(VARSIZE(row->sealed) - VARHDRSZ);
	SecretKeys	keys;
	SealOutcome outcome;
	bool		is_current = false;

	respond_secret_keys_load(&keys);
	outcome = respond_secret_unseal(&keys, aad, aad_length, row->sealed, plain);
	if (outcome == SEAL_DONE)
	{
		size_t		length = VARSIZE(row->sealed) - VARHDRSZ;
		const uint8_t *id = respond_seal_read_key_id((const uint8_t *) VARDATA(row->sealed), length);

		is_current = memcmp(id, keys.ids[0], RESPOND_SEAL_KEY_ID_SIZE) == 0;
		if (!is_current && !respond_seal(keys.keys[0], aad, aad_length, plain,
										 length - RESPOND_SEAL_OVERHEAD, (uint8_t *) VARDATA(resealed)))
			outcome = SEAL_FAILED;
	}
	respond_secret_keys_wipe(&keys);
	respond_secret_wipe(plain);
	respond_secret_require(outcome, row->channel);
	row->resealed = is_current ? NULL : resealed;
}

/* rotate_secrets() RETURNS bigint */
Datum
respond_rotate_secrets(PG_FUNCTION_ARGS)
{
	int			count;
	Rotated    *rows = lock_all(&count);
	int64		rewritten = 0;
	AuditRow	row = {0};

	/* nothing to do is no reason to leave a broken key file unnoticed */
	if (count == 0)
	{
		SecretKeys	keys;

		respond_secret_keys_load(&keys);
		respond_secret_keys_wipe(&keys);
	}
	for (int i = 0; i < count; i++)
		reseal(&rows[i]);

	SPI_connect();
	for (int i = 0; i < count; i++)
	{
		Datum		values[2];

		if (rows[i].resealed == NULL)
			continue;
		values[0] = UUIDPGetDatum(&rows[i].place.channel);
		values[1] = PointerGetDatum(rows[i].resealed);
		respond_kept_plan_run_as_owner(&reseal_plan, values, NULL);
		rewritten++;
	}
	SPI_finish();

	row.action = "secrets.rotated";
	row.object_type = "channel";
	row.new = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												 CStringGetDatum(psprintf("{\"rewritten\": " INT64_FORMAT "}",
																		  rewritten))));
	respond_audit_write(&row, 1);
	PG_RETURN_INT64(rewritten);
}
