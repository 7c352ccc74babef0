/*-------------------------------------------------------------------------
 * channel_secret.c
 *	  Secrets of channels: stored encrypted, read by the courier alone.
 *
 * Table respond_internal.channel_secret has a sealed secret for each channel
 * that has one.  The place that it was given for is part of what is sealed (see
 * secret_place.h): a row that somebody copies to another channel cannot be
 * unsealed there, nor after the channel or its kind lead elsewhere.  Nothing in
 * SQL gives a secret back; all that SQL can do is to set and remove it.
 *
 * Keys are in memory only between respond_secret_keys_load() and _wipe(), with
 * nothing in between that could raise, so an error leaves none behind.
 *
 * Messages name the channel, never the secret, and hide the statement, which
 * may hold it; the rest is the work of log_filter.c.
 *
 * src/secret/channel_secret.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "event/event_context.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"
#include "secret/log_filter.h"

static KeptPlan store_plan = {
	"INSERT INTO respond_internal.channel_secret AS s (channel, sealed, set_at, set_by, channel_id, kind_id,"
	" definition, host)"
	" VALUES ($1, $2, pg_catalog.now(), $3, $4, $5, $6, $7)"
	" ON CONFLICT (channel_id) DO UPDATE SET channel = EXCLUDED.channel, sealed = EXCLUDED.sealed,"
	" set_at = EXCLUDED.set_at,"
	" set_by = EXCLUDED.set_by, kind_id = EXCLUDED.kind_id, definition = EXCLUDED.definition, host = EXCLUDED.host",
	7, {TEXTOID, BYTEAOID, TEXTOID, UUIDOID, UUIDOID, BYTEAOID, TEXTOID}
};

static KeptPlan fetch_plan = {
	"SELECT s.sealed, " SECRET_PLACE_COLUMNS " FROM respond_internal.channel_secret AS s"
	" WHERE s.channel_id OPERATOR(pg_catalog.=) $1",
	1, {UUIDOID}
};

static KeptPlan remove_plan = {
	"DELETE FROM respond_internal.channel_secret AS s WHERE s.channel_id OPERATOR(pg_catalog.=) $1",
	1, {UUIDOID}
};

bytea *
respond_secret_bytea(size_t length)
{
	bytea	   *bytes = palloc0(VARHDRSZ + length);

	SET_VARSIZE(bytes, VARHDRSZ + length);
	return bytes;
}

void
respond_secret_require(SealOutcome outcome, SecretOwner owner, const char *name)
{
	const char *what = owner == SECRET_OF_CHANNEL ? "channel" : "inbound source";
	const char *function = owner == SECRET_OF_CHANNEL ? "respond.set_secret()" : "respond.set_inbound_secret()";

	switch (outcome)
	{
		case SEAL_DONE:
			break;
		case SEAL_FAILED:
			ereport(ERROR,
					(errcode(ERRCODE_SYSTEM_ERROR),
					 errmsg("could not encrypt the secret of %s \"%s\"", what, name),
					 errhidestmt(true)));
			break;
		case SEAL_NO_KEY:
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("there is no key to decrypt the secret of %s \"%s\"", what, name),
					 errhint("Put the key that it was encrypted with into the file named by \"%s\", or set the secret"
							 " again with %s.",
							 "pg_respond.secret_key_file", function),
					 errhidestmt(true)));
			break;
		case SEAL_TAMPERED:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the stored secret of %s \"%s\" cannot be decrypted", what, name),
					 errdetail("It is damaged."),
					 errhint("Set the secret again with %s.", function),
					 errhidestmt(true)));
			break;
	}
}

/* Makes sure that it can go into a header, a URL or a command of SMTP. */
static void
validate_secret(const char *channel, const char *secret)
{
	size_t		length = strlen(secret);

	if (length == 0 || length > RESPOND_MAX_SECRET_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 length == 0 ? errmsg("the secret of channel \"%s\" is empty", channel) :
				 errmsg("the secret of channel \"%s\" is longer than %d bytes", channel, RESPOND_MAX_SECRET_LENGTH),
				 length == 0 ? errhint("NULL removes a secret.") : 0,
				 errhidestmt(true)));
	for (const char *c = secret; *c != '\0'; c++)
	{
		if ((unsigned char) *c < ' ' || *c == 0x7F)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the secret of channel \"%s\" contains a control character", channel),
					 errhint("A line break at its end often comes from reading it from a file."),
					 errhidestmt(true)));
	}
}

SecretPlace
respond_secret_place_read(HeapTuple row, TupleDesc desc, int first)
{
	SecretPlace place = {0};
	bool		is_null;
	bytea	   *definition;
	char	   *host;

	place.channel = *DatumGetUUIDP(SPI_getbinval(row, desc, first, &is_null));
	place.kind = *DatumGetUUIDP(SPI_getbinval(row, desc, first + 1, &is_null));
	definition = DatumGetByteaPP(SPI_getbinval(row, desc, first + 2, &is_null));
	/* one of another length is no digest, and fits nothing */
	if (VARSIZE_ANY_EXHDR(definition) == SECRET_DIGEST_SIZE)
		memcpy(place.definition, VARDATA_ANY(definition), SECRET_DIGEST_SIZE);
	host = TextDatumGetCString(SPI_getbinval(row, desc, first + 3, &is_null));
	place.host = pg_server_to_any(host, strlen(host), PG_UTF8);
	return place;
}

/* A secret as it lies in its table. */
typedef struct StoredSecret
{
	bytea	   *sealed;
	SecretPlace given;
} StoredSecret;

/* In the current memory context; false when the channel has none. */
static bool
read_stored(const pg_uuid_t *channel, bool as_owner, StoredSecret *stored)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		id = UUIDPGetDatum(channel);
	bool		found;

	SPI_connect();
	/* a secret that was set after a transaction's snapshot counts as well */
	found = (as_owner ? respond_kept_plan_run_newest(&fetch_plan, &id, NULL) :
			 respond_kept_plan_run(&fetch_plan, &id, NULL)) > 0;
	if (found)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		bool		is_null;

		stored->sealed = DatumGetByteaPCopy(SPI_getbinval(row, desc, 1, &is_null));
		stored->given = respond_secret_place_read(row, desc, 2);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}

bool
respond_secret_exists(const pg_uuid_t *channel, SecretPlace *given)
{
	StoredSecret stored;

	if (!read_stored(channel, true, &stored))
		return false;
	if (given != NULL)
		*given = stored.given;
	return true;
}

bool
respond_secret_remove(const pg_uuid_t *channel)
{
	uint64		removed;
	Datum		id = UUIDPGetDatum(channel);

	SPI_connect();
	removed = respond_kept_plan_run_as_owner(&remove_plan, &id, NULL);
	SPI_finish();
	return removed > 0;
}

static void
write_row(const char *channel, const SecretPlace *place, bytea *sealed)
{
	bytea	   *definition = respond_secret_bytea(SECRET_DIGEST_SIZE);
	Datum		values[7];

	memcpy(VARDATA(definition), place->definition, SECRET_DIGEST_SIZE);
	SPI_connect();
	values[0] = CStringGetTextDatum(channel);
	values[1] = PointerGetDatum(sealed);
	values[2] = CStringGetTextDatum(respond_event_context_actor());
	values[3] = UUIDPGetDatum(&place->channel);
	values[4] = UUIDPGetDatum(&place->kind);
	values[5] = PointerGetDatum(definition);
	values[6] = CStringGetTextDatum(pg_any_to_server(place->host, strlen(place->host), PG_UTF8));
	respond_kept_plan_run_as_owner(&store_plan, values, NULL);
	SPI_finish();
}

void
respond_secret_store(const char *channel, const SecretPlace *place, const char *secret)
{
	size_t		aad_length;
	char	   *aad;
	bytea	   *sealed;
	SecretKeys	keys;
	bool		done;

	if (secret == NULL)
	{
		respond_secret_remove(&place->channel);
		return;
	}
	respond_log_filter_mark();
	validate_secret(channel, secret);
	aad = respond_secret_place_bytes(place, &aad_length);
	sealed = respond_secret_bytea(strlen(secret) + RESPOND_SEAL_OVERHEAD);

	respond_secret_keys_load(&keys);
	done = respond_seal(keys.keys[0], aad, aad_length, secret, strlen(secret), (uint8_t *) VARDATA(sealed));
	respond_secret_keys_wipe(&keys);
	respond_secret_require(done ? SEAL_DONE : SEAL_FAILED, SECRET_OF_CHANNEL, channel);
	write_row(channel, place, sealed);
	pfree(sealed);
	pfree(aad);
}

SealOutcome
respond_secret_unseal(const SecretKeys *keys, const char *aad, size_t aad_length, const bytea *sealed, char *plain)
{
	const uint8_t *bytes = (const uint8_t *) VARDATA(sealed);
	size_t		length = VARSIZE(sealed) - VARHDRSZ;
	const uint8_t *id = respond_seal_read_key_id(bytes, length);
	const uint8_t *key;

	if (id == NULL)
		return SEAL_TAMPERED;
	key = respond_secret_keys_find(keys, id);
	if (key == NULL)
		return SEAL_NO_KEY;
	return respond_seal_open(key, aad, aad_length, bytes, length, plain) ? SEAL_DONE : SEAL_TAMPERED;
}

char *
respond_secret_room(const bytea *sealed)
{
	size_t		length = VARSIZE(sealed) - VARHDRSZ;

	return palloc0(length > RESPOND_SEAL_OVERHEAD ? length - RESPOND_SEAL_OVERHEAD + 1 : 1);
}

/* Unseals for a place into room, which respond_secret_room() gave. */
static SealOutcome
unseal(const SecretPlace *place, const bytea *sealed, char *room)
{
	size_t		aad_length;
	char	   *aad = respond_secret_place_bytes(place, &aad_length);
	SecretKeys	keys;
	SealOutcome outcome;

	respond_secret_keys_load(&keys);
	outcome = respond_secret_unseal(&keys, aad, aad_length, sealed, room);
	respond_secret_keys_wipe(&keys);
	pfree(aad);
	return outcome;
}

void
respond_secret_wipe(char *secret)
{
	if (secret == NULL)
		return;
	OPENSSL_cleanse(secret, strlen(secret));
	pfree(secret);
}

const char *
respond_secret_check(const SecretPlace *place)
{
	StoredSecret stored;
	char	   *plain;
	char	   *change;
	SealOutcome outcome;

	if (!read_stored(&place->channel, true, &stored))
		return NULL;
	plain = respond_secret_room(stored.sealed);
	outcome = unseal(place, stored.sealed, plain);
	respond_secret_wipe(plain);
	if (outcome == SEAL_DONE)
		return NULL;
	if (outcome == SEAL_NO_KEY)
		return "there is no key to decrypt its secret";
	change = respond_secret_place_change(&stored.given, place);
	return change != NULL ? psprintf("its secret %s", change) : "its stored secret is damaged";
}

/* What the row says of the place is for this message alone: what decides is what was sealed. */
static void
require_place(const char *channel, const SecretPlace *given, const SecretPlace *place, SealOutcome outcome)
{
	char	   *change = outcome == SEAL_TAMPERED ? respond_secret_place_change(given, place) : NULL;

	if (change != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("its secret %s", change),
				 errhint("Give it again with respond.set_secret(), or undo the change."),
				 errhidestmt(true)));
	respond_secret_require(outcome, SECRET_OF_CHANNEL, channel);
}

char *
respond_secret_fetch(const char *channel, const SecretPlace *place)
{
	StoredSecret stored;
	char	   *plain;
	SealOutcome outcome;

	if (!read_stored(&place->channel, false, &stored))
		return NULL;
	plain = respond_secret_room(stored.sealed);
	outcome = unseal(place, stored.sealed, plain);
	pfree(stored.sealed);
	if (outcome != SEAL_DONE)
		respond_secret_wipe(plain);
	require_place(channel, &stored.given, place, outcome);
	return plain;
}
