/*-------------------------------------------------------------------------
 * channel_secret.c
 *	  Secrets of channels: stored encrypted, read by the courier alone.
 *
 * Table respond_internal.channel_secret has a sealed secret for each channel
 * that has one.  The channel's name is part of what is sealed: a row that
 * somebody copies to another channel cannot be unsealed there.  Nothing in SQL
 * gives a secret back; all that SQL can do is to set and remove it.
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
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "common/partition_write.h"
#include "event/event_context.h"
#include "secret/channel_secret.h"
#include "secret/channel_secret_code.h"
#include "secret/log_filter.h"

static KeptPlan store_plan = {
	"INSERT INTO respond_internal.channel_secret AS s (channel, sealed, set_at, set_by)"
	" VALUES ($1, $2, pg_catalog.now(), $3)"
	" ON CONFLICT (channel) DO UPDATE SET sealed = EXCLUDED.sealed, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by",
	3, {TEXTOID, BYTEAOID, TEXTOID}
};
static KeptPlan exists_plan = {
	"SELECT FROM respond_internal.channel_secret AS s WHERE s.channel OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};

static KeptPlan remove_plan = {
	"DELETE FROM respond_internal.channel_secret AS s WHERE s.channel OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
static KeptPlan fetch_plan = {
	"SELECT s.sealed FROM respond_internal.channel_secret AS s WHERE s.channel OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};
char *
respond_secret_aad(const char *channel, size_t *length)
{
	static const char label[] = "pg_respond channel secret";	/* with its zero byte */
	size_t		name_length = strlen(channel);
	char	   *aad = palloc(sizeof(label) + name_length);

	memcpy(aad, label, sizeof(label));
	memcpy(aad + sizeof(label), channel, name_length);
	*length = sizeof(label) + name_length;
	return aad;
}

bytea *
respond_secret_bytea(size_t length)
{
	bytea	   *bytes = palloc0(VARHDRSZ + length);

	SET_VARSIZE(bytes, VARHDRSZ + length);
	return bytes;
}

void
respond_secret_require(SealOutcome outcome, const char *channel)
{
	switch (outcome)
	{
		case SEAL_DONE:
			break;
		case SEAL_FAILED:
			ereport(ERROR,
					(errcode(ERRCODE_SYSTEM_ERROR),
					 errmsg("could not encrypt the secret of channel \"%s\"", channel),
					 errhidestmt(true)));
			break;
		case SEAL_NO_KEY:
			ereport(ERROR,
					(errcode(ERRCODE_CONFIG_FILE_ERROR),
					 errmsg("there is no key to decrypt the secret of channel \"%s\"", channel),
					 errhint("Put the key that it was encrypted with into the file named by \"%s\", or set the secret anew with respond.set_secret().",
							 "pg_respond.secret_key_file"),
					 errhidestmt(true)));
			break;
		case SEAL_TAMPERED:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the stored secret of channel \"%s\" cannot be decrypted", channel),
					 errdetail("It is damaged, or was stored for another channel."),
					 errhint("Set the secret anew with respond.set_secret()."),
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

bool
respond_secret_exists(const char *channel)
{
	uint64		found;
	Datum		name;

	SPI_connect();
	name = CStringGetTextDatum(channel);
	found = respond_kept_plan_run_as_owner(&exists_plan, &name, NULL);
	SPI_finish();
	return found > 0;
}

bool
respond_secret_remove(const char *channel)
{
	uint64		removed;
	Datum		name;

	SPI_connect();
	name = CStringGetTextDatum(channel);
	removed = respond_kept_plan_run_as_owner(&remove_plan, &name, NULL);
	SPI_finish();
	return removed > 0;
}

void
respond_secret_store(const char *channel, const char *secret)
{
	size_t		aad_length;
	char	   *aad;
	bytea	   *sealed;
	SecretKeys	keys;
	bool		done;
	Datum		values[3];

	if (secret == NULL)
	{
		respond_secret_remove(channel);
		return;
	}
	respond_log_filter_mark();
	validate_secret(channel, secret);
	aad = respond_secret_aad(channel, &aad_length);
	sealed = respond_secret_bytea(strlen(secret) + RESPOND_SEAL_OVERHEAD);

	respond_secret_keys_load(&keys);
	done = respond_seal(keys.keys[0], aad, aad_length, secret, strlen(secret), (uint8_t *) VARDATA(sealed));
	respond_secret_keys_wipe(&keys);
	respond_secret_require(done ? SEAL_DONE : SEAL_FAILED, channel);

	SPI_connect();
	values[0] = CStringGetTextDatum(channel);
	values[1] = PointerGetDatum(sealed);
	values[2] = CStringGetTextDatum(respond_event_context_actor());
	respond_kept_plan_run_as_owner(&store_plan, values, NULL);
	SPI_finish();
	pfree(sealed);
	pfree(aad);
}

SealOutcome
respond_secret_unseal(const SecretKeys *keys, const char *aad, size_t aad_length, const bytea *sealed, char *plain)
{
	const uint8_t *bytes = (const uint8_t *) VARDATA(sealed);
	size_t		length = VARSIZE(sealed) - VARHDRSZ;
	const uint8_t *id = respond_sealed_key_id(bytes, length);
	const uint8_t *key;

	if (id == NULL)
		return SEAL_TAMPERED;
	key = respond_secret_keys_find(keys, id);
	if (key == NULL)
		return SEAL_NO_KEY;
	return respond_unseal(key, aad, aad_length, bytes, length, plain) ? SEAL_DONE : SEAL_TAMPERED;
}

char *
respond_secret_room(const bytea *sealed)
{
	size_t		length = VARSIZE(sealed) - VARHDRSZ;

	return palloc0(length > RESPOND_SEAL_OVERHEAD ? length - RESPOND_SEAL_OVERHEAD + 1 : 1);
}

/* Unseals into room, which respond_secret_room() gave. */
static SealOutcome
unseal(const char *channel, const bytea *sealed, char *room)
{
	size_t		aad_length;
	char	   *aad = respond_secret_aad(channel, &aad_length);
	SecretKeys	keys;
	SealOutcome outcome;

	respond_secret_keys_load(&keys);
	outcome = respond_secret_unseal(&keys, aad, aad_length, sealed, room);
	respond_secret_keys_wipe(&keys);
	pfree(aad);
	return outcome;
}

const char *
respond_secret_check(const char *channel, const bytea *sealed)
{
	char	   *plain = respond_secret_room(sealed);
	SealOutcome outcome = unseal(channel, sealed, plain);

	respond_secret_wipe(plain);
	if (outcome == SEAL_DONE)
		return NULL;
	return outcome == SEAL_NO_KEY ? "there is no key to decrypt its secret" :
		"its stored secret is damaged, or was stored for another channel";
}

char *
respond_secret_fetch(const char *channel)
{
	MemoryContext caller_context = CurrentMemoryContext;
	bytea	   *sealed = NULL;
	char	   *plain;
	SealOutcome outcome;
	Datum		name;

	SPI_connect();
	name = CStringGetTextDatum(channel);
	if (respond_kept_plan_run(&fetch_plan, &name, NULL) > 0)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
		MemoryContext spi_context = MemoryContextSwitchTo(caller_context);

		sealed = DatumGetByteaPCopy(value);
		MemoryContextSwitchTo(spi_context);
	}
	SPI_finish();
	if (sealed == NULL)
		return NULL;

	plain = respond_secret_room(sealed);
	outcome = unseal(channel, sealed, plain);
	pfree(sealed);
	respond_secret_require(outcome, channel);
	return plain;
}

void
respond_secret_wipe(char *secret)
{
	if (secret == NULL)
		return;
	OPENSSL_cleanse(secret, strlen(secret));
	pfree(secret);
}
