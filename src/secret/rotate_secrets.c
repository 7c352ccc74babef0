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

static KeptPlan lock_channels_plan = {
	"SELECT s.channel, s.sealed, " SECRET_PLACE_COLUMNS ", 0 FROM respond_internal.channel_secret AS s"
	" ORDER BY s.channel FOR UPDATE", 0
};
static KeptPlan lock_sources_plan = {
	"SELECT s.source, s.sealed, s.source_id, '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid, s.definition, '"
	SECRET_HOST_INBOUND "'::pg_catalog.text, s.number FROM respond_internal.inbound_secret AS s"
	" ORDER BY s.source, s.number FOR UPDATE", 0
};
static KeptPlan reseal_channel_plan = {
	"UPDATE respond_internal.channel_secret AS s SET sealed = $2 WHERE s.channel_id OPERATOR(pg_catalog.=) $1",
	2, {UUIDOID, BYTEAOID}
};
static KeptPlan reseal_source_plan = {
	"UPDATE respond_internal.inbound_secret AS s SET sealed = $2 WHERE s.source_id OPERATOR(pg_catalog.=) $1"
	" AND s.number OPERATOR(pg_catalog.=) $3",
	3, {UUIDOID, BYTEAOID, INT4OID}
};

/* A secret and its row, while keys are rotated. */
typedef struct Rotated
{
	SecretOwner owner;
	char	   *name;
	SecretPlace place;			/* that it was given for, and stays with */
	int			number;			/* of a source's */
	bytea	   *sealed;
	bytea	   *resealed;		/* NULL: is under the first key already */
} Rotated;

/* Adds all rows of a table, locked; in the memory context of the caller. */
static Rotated *
lock_all(KeptPlan *plan, SecretOwner owner, Rotated *rows, int *count)
{
	MemoryContext caller_context = CurrentMemoryContext;
	MemoryContext spi_context;
	int			found;

	SPI_connect();
	found = (int) respond_kept_plan_run_as_owner(plan, NULL, NULL);
	spi_context = MemoryContextSwitchTo(caller_context);
	rows = rows == NULL ? palloc(sizeof(Rotated) * Max(found, 1)) :
		repalloc(rows, sizeof(Rotated) * (*count + found + 1));
	for (int i = 0; i < found; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		Rotated    *row = &rows[(*count)++];
		bool		is_null;

		memset(row, 0, sizeof(*row));
		row->owner = owner;
		row->name = text_to_cstring(DatumGetTextPP(SPI_getbinval(tuple, columns, 1, &is_null)));
		row->sealed = DatumGetByteaPCopy(SPI_getbinval(tuple, columns, 2, &is_null));
		row->place = respond_secret_place_read(tuple, columns, 3);
		row->number = DatumGetInt32(SPI_getbinval(tuple, columns, 7, &is_null));
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
	respond_secret_require(outcome, row->owner, row->name);
	row->resealed = is_current ? NULL : resealed;
}

/* rotate_secrets() RETURNS bigint */
Datum
respond_rotate_secrets(PG_FUNCTION_ARGS)
{
	int			count = 0;
	Rotated    *rows = lock_all(&lock_channels_plan, SECRET_OF_CHANNEL, NULL, &count);
	int64		rewritten = 0;
	AuditRow	row = {0};

	rows = lock_all(&lock_sources_plan, SECRET_OF_SOURCE, rows, &count);
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
		Datum		values[3];

		if (rows[i].resealed == NULL)
			continue;
		values[0] = UUIDPGetDatum(&rows[i].place.channel);
		values[1] = PointerGetDatum(rows[i].resealed);
		values[2] = Int32GetDatum(rows[i].number);
		respond_kept_plan_run_as_owner(rows[i].owner == SECRET_OF_CHANNEL ? &reseal_channel_plan : &reseal_source_plan,
									   values, NULL);
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
