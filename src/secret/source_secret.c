/*-------------------------------------------------------------------------
 * source_secret.c
 *	  Secrets of inbound sources: several for each, stored encrypted as those of channels.
 *
 * Table respond_internal.inbound_secret has a row for each.  What is sealed with
 * a secret names no host, which tells it from that of any channel.
 *
 * src/secret/source_secret.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "event/event_context.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"
#include "secret/log_filter.h"
#include "secret/source_secret.h"

static KeptPlan add_plan = {
	"INSERT INTO respond_internal.inbound_secret (source, number, sealed, set_at, set_by, source_id, definition)"
	" SELECT $1, coalesce(pg_catalog.max(s.number), 0) OPERATOR(pg_catalog.+) 1, $2, pg_catalog.now(), $3, $4, $5"
	" FROM respond_internal.inbound_secret AS s WHERE s.source_id OPERATOR(pg_catalog.=) $4",
	5, {TEXTOID, BYTEAOID, TEXTOID, UUIDOID, BYTEAOID}
};

static KeptPlan keep_plan = {
	"DELETE FROM respond_internal.inbound_secret AS s WHERE s.source_id OPERATOR(pg_catalog.=) $1 AND"
	" (SELECT pg_catalog.count(*) FROM respond_internal.inbound_secret AS n WHERE n.source_id OPERATOR(pg_catalog.=) $1"
	" AND n.number OPERATOR(pg_catalog.>) s.number) OPERATOR(pg_catalog.>=) $2",
	2, {UUIDOID, INT8OID}
};

static KeptPlan forget_all_plan = {"DELETE FROM respond_internal.inbound_secret", 0};

static KeptPlan read_plan = {
	"SELECT s.sealed, s.definition FROM respond_internal.inbound_secret AS s"
	" WHERE s.source_id OPERATOR(pg_catalog.=) $1 ORDER BY s.number DESC",
	1, {UUIDOID}
};

SecretPlace
respond_source_secret_place(const pg_uuid_t *source, const uint8 *definition)
{
	SecretPlace place = {.channel = *source,.host = SECRET_HOST_INBOUND};

	memcpy(place.definition, definition, SECRET_DIGEST_SIZE);
	return place;
}

static bytea *
seal(const char *source, const SecretPlace *place, const char *secret)
{
	size_t		aad_length;
	char	   *aad = respond_secret_place_bytes(place, &aad_length);
	bytea	   *sealed = respond_secret_bytea(strlen(secret) + RESPOND_SEAL_OVERHEAD);
	SecretKeys	keys;
	bool		done;

	respond_secret_keys_load(&keys);
	done = respond_seal(keys.keys[0], aad, aad_length, secret, strlen(secret), (uint8_t *) VARDATA(sealed));
	respond_secret_keys_wipe(&keys);
	respond_secret_require(done ? SEAL_DONE : SEAL_FAILED, SECRET_OF_SOURCE, source);
	return sealed;
}

void
respond_source_secret_add(const char *source, const SecretPlace *place, const char *secret)
{
	bytea	   *definition = respond_secret_bytea(SECRET_DIGEST_SIZE);
	Datum		values[5];

	respond_log_filter_mark();
	memcpy(VARDATA(definition), place->definition, SECRET_DIGEST_SIZE);
	values[0] = CStringGetTextDatum(source);
	values[1] = PointerGetDatum(seal(source, place, secret));
	values[2] = CStringGetTextDatum(respond_event_context_actor());
	values[3] = UUIDPGetDatum(&place->channel);
	values[4] = PointerGetDatum(definition);
	SPI_connect();
	respond_kept_plan_run_newest(&add_plan, values, NULL);
	SPI_finish();
}

int
respond_source_secret_keep(const pg_uuid_t *source, int newest)
{
	Datum		values[2] = {UUIDPGetDatum(source), Int64GetDatum(newest)};
	uint64		removed;

	SPI_connect();
	removed = respond_kept_plan_run_newest(&keep_plan, values, NULL);
	SPI_finish();
	return (int) removed;
}

void
respond_source_secret_forget_all(void)
{
	SPI_connect();
	respond_kept_plan_run_newest(&forget_all_plan, NULL, NULL);
	SPI_finish();
}

int
respond_source_secret_count(const pg_uuid_t *source)
{
	Datum		id = UUIDPGetDatum(source);
	uint64		count;

	SPI_connect();
	count = respond_kept_plan_run_newest(&read_plan, &id, NULL);
	SPI_finish();
	return (int) count;
}

/* Rows of the table, in the current memory context. */
static int
read_rows(const pg_uuid_t *source, bytea **sealed, SecretPlace *given)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		id = UUIDPGetDatum(source);
	int			count;

	SPI_connect();
	count = (int) Min(respond_kept_plan_run_newest(&read_plan, &id, NULL), SOURCE_SECRETS_MOST);
	for (int i = 0; i < count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		MemoryContext spi = MemoryContextSwitchTo(caller);
		bool		is_null;
		bytea	   *definition = DatumGetByteaPP(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null));
		uint8		digest[SECRET_DIGEST_SIZE] = {0};

		sealed[i] = DatumGetByteaPCopy(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));
		/* one of another length is no digest, and fits nothing */
		if (VARSIZE_ANY_EXHDR(definition) == SECRET_DIGEST_SIZE)
			memcpy(digest, VARDATA_ANY(definition), SECRET_DIGEST_SIZE);
		given[i] = respond_source_secret_place(source, digest);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return count;
}

static const char *
fault_of(SealOutcome outcome, const SecretPlace *given, const SecretPlace *place)
{
	if (outcome == SEAL_NO_KEY)
		return "cannot be decrypted: its key is not in the file that pg_respond.secret_key_file names";
	return memcmp(given->definition, place->definition, SECRET_DIGEST_SIZE) != 0 ?
		"was given before its scheme said something else about what is done with it" : "is damaged where it is stored";
}

void
respond_source_secret_read(const SecretPlace *place, SourceSecrets *secrets)
{
	bytea	   *sealed[SOURCE_SECRETS_MOST];
	SecretPlace given[SOURCE_SECRETS_MOST];
	char	   *rooms[SOURCE_SECRETS_MOST];
	SealOutcome outcomes[SOURCE_SECRETS_MOST];
	int			count = read_rows(&place->channel, sealed, given);
	size_t		aad_length;
	char	   *aad = respond_secret_place_bytes(place, &aad_length);
	SecretKeys	keys;

	memset(secrets, 0, sizeof(*secrets));
	if (count == 0)
		return;
	secrets->fault = respond_secret_key_status();
	if (secrets->fault != NULL)
	{
		secrets->fault = psprintf("cannot be decrypted: %s", secrets->fault);
		return;
	}
	for (int i = 0; i < count; i++)
		rooms[i] = respond_secret_room(sealed[i]);
	respond_secret_keys_load(&keys);
	for (int i = 0; i < count; i++)
		outcomes[i] = respond_secret_unseal(&keys, aad, aad_length, sealed[i], rooms[i]);
	respond_secret_keys_wipe(&keys);
	for (int i = 0; i < count; i++)
	{
		if (outcomes[i] == SEAL_DONE)
			secrets->secrets[secrets->count++] = rooms[i];
		else
		{
			respond_secret_wipe(rooms[i]);
			secrets->fault = fault_of(outcomes[i], &given[i], place);
		}
	}
}

void
respond_source_secret_wipe(SourceSecrets *secrets)
{
	for (int i = 0; i < secrets->count; i++)
		respond_secret_wipe(secrets->secrets[i]);
	secrets->count = 0;
}
