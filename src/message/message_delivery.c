/*-------------------------------------------------------------------------
 * message_delivery.c
 *	  What all deliveries have, whatever is in them.
 *
 * src/message/message_delivery.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "message/message_delivery.h"

static void
make_key(pg_uuid_t *key)
{
	if (!pg_strong_random(key->data, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	/* a random UUID of RFC 9562 */
	key->data[6] = (key->data[6] & 0x0f) | 0x40;
	key->data[8] = (key->data[8] & 0x3f) | 0x80;
}

char *
respond_message_key_text(const pg_uuid_t *key)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(key)));
}

static char *
make_mark(void)
{
	uint8		bytes[16];
	StringInfoData mark;

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	initStringInfo(&mark);
	appendStringInfoString(&mark, "SECRET");
	for (int i = 0; i < lengthof(bytes); i++)
		appendStringInfo(&mark, "%02x", bytes[i]);
	return mark.data;
}

void
respond_message_begin(const Channel *channel, const MessageOrigin *origin, NewDelivery *delivery)
{
	memset(delivery, 0, sizeof(*delivery));
	make_key(&delivery->key);
	delivery->channel = pstrdup(channel->name);
	delivery->channel_id = channel->id;
	delivery->rule = origin->rule;
	delivery->run_id = origin->run_id;
	delivery->event_id = origin->event != NULL ? origin->event->id : 0;
	delivery->ticket_id = origin->ticket_id;
	delivery->subject = origin->event != NULL ? origin->event->subject : NULL;
	delivery->depth = origin->depth;
	if (channel->uses_secret)
	{
		delivery->secret_mark = make_mark();
		delivery->definition = respond_channel_definition(channel);
	}
}
