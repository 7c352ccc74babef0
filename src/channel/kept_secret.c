/*-------------------------------------------------------------------------
 * kept_secret.c
 *	  Secrets of channels and sources between the trigger before a row and the one after it.
 *
 * The trigger before the row takes the secret away and keeps it in memory; the
 * trigger after the row has it encrypted, once it is certain that the row is
 * there: an INSERT ... ON CONFLICT that does nothing must not replace the secret
 * of the channel that was there before, one that updates shall.
 *
 * src/channel/kept_secret.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "channel/channel.h"
#include "channel/channel_columns.h"
#include "channel/kept_secret.h"
#include "common/trigger_call.h"
#include "secret/channel_secret.h"

PG_FUNCTION_INFO_V1(respond_channel_begin);
PG_FUNCTION_INFO_V1(respond_channel_keep_secret);

/* A secret on its way from the trigger before the row to the one after it. */
typedef struct KeptSecret
{
	struct KeptSecret *next;
	char	   *channel;
	char	   *secret;
} KeptSecret;

static KeptSecret *kept_secrets = NULL;

void
respond_kept_secret_forget(void)
{
	while (kept_secrets != NULL)
	{
		KeptSecret *kept = kept_secrets;

		kept_secrets = kept->next;
		respond_secret_wipe(kept->secret);
		pfree(kept->channel);
		pfree(kept);
	}
}

static void
forget_at_end(XactEvent event, void *argument)
{
	respond_kept_secret_forget();
}

const char *
respond_kept_secret_peek(const char *channel)
{
	for (const KeptSecret *kept = kept_secrets; kept != NULL; kept = kept->next)
		if (strcmp(kept->channel, channel) == 0)
			return kept->secret;
	return NULL;
}

char *
respond_kept_secret_take(const char *channel)
{
	for (KeptSecret **place = &kept_secrets; *place != NULL; place = &(*place)->next)
	{
		KeptSecret *kept = *place;
		char	   *secret = kept->secret;

		if (strcmp(kept->channel, channel) != 0)
			continue;
		*place = kept->next;
		pfree(kept->channel);
		pfree(kept);
		return secret;
	}
	return NULL;
}

void
respond_kept_secret_put(const char *channel, const char *secret)
{
	static bool registered = false;
	MemoryContext caller;
	KeptSecret *kept;
	char	   *before = respond_kept_secret_take(channel);

	if (before != NULL)
		respond_secret_wipe(before);
	if (!registered)
	{
		RegisterXactCallback(forget_at_end, NULL);
		registered = true;
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	kept = palloc(sizeof(KeptSecret));
	kept->channel = pstrdup(channel);
	kept->secret = pstrdup(secret);
	kept->next = kept_secrets;
	kept_secrets = kept;
	MemoryContextSwitchTo(caller);
}

/* channel_begin(): BEFORE INSERT OR UPDATE ON respond.channel FOR EACH STATEMENT */
Datum
respond_channel_begin(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "channel_begin", "BEFORE", "STATEMENT", "channel");
	respond_kept_secret_forget();
	PG_RETURN_POINTER(NULL);
}

/* For where the row that has just been written leads to. */
static void
store(const char *name, const char *secret)
{
	const Channel *channel = respond_channel_read(name);
	SecretPlace place;

	/* another trigger may have deleted the row */
	if (channel == NULL)
		return;
	place = respond_channel_place(channel);
	respond_secret_store(name, &place, secret);
}

/* channel_keep_secret(): AFTER INSERT OR UPDATE ON respond.channel FOR EACH ROW */
Datum
respond_channel_keep_secret(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "channel_keep_secret", "AFTER", "ROW", "channel");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	bool		is_null;
	char	   *name =
		TextDatumGetCString(respond_channel_columns_name(tuple, RelationGetDescr(trigger->tg_relation), &is_null));
	char	   *secret = respond_kept_secret_take(name);

	if (secret != NULL)
	{
		PG_TRY();
		{
			store(name, secret);
		}
		PG_FINALLY();
		{
			respond_secret_wipe(secret);
		}
		PG_END_TRY();
	}
	return PointerGetDatum(NULL);
}
