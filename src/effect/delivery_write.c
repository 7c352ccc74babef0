/*-------------------------------------------------------------------------
 * delivery_write.c
 *	  Deliveries in the buffer of effects.
 *
 * src/effect/delivery_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "effect/effects.h"
#include "outbox/outbox.h"

static NewDelivery *deliveries; /* in the context of the effects */
static int	count;
static int	room;

static NewDelivery *
add_row(void)
{
	if (count == room)
	{
		int			size = Max(64, room * 2);
		NewDelivery *grown = MemoryContextAllocHuge(respond_effects_context(), sizeof(NewDelivery) * size);

		if (count > 0)
			memcpy(grown, deliveries, sizeof(NewDelivery) * count);
		deliveries = grown;
		room = size;
	}
	return &deliveries[count++];
}

int64
respond_effects_delivery(const FlowRun *run, const NewDelivery *delivery)
{
	int64		id = respond_outbox_next_id();
	NewDelivery *row = add_row();

	*row = *delivery;
	row->id = id;
	row->channel = respond_effects_copy_text(delivery->channel);
	row->rule = respond_effects_copy_text(delivery->rule);
	row->subject = respond_effects_copy_text(delivery->subject);
	row->url = respond_effects_copy_text(delivery->url);
	row->headers = respond_effects_copy_jsonb(delivery->headers);
	row->body = respond_effects_copy_text(delivery->body);
	row->html = respond_effects_copy_text(delivery->html);
	row->secret_mark = respond_effects_copy_text(delivery->secret_mark);
	row->definition = respond_effects_copy_text(delivery->definition);
	row->recipients = MemoryContextAlloc(respond_effects_context(), sizeof(char *) * Max(delivery->recipient_count, 1));
	for (int i = 0; i < delivery->recipient_count; i++)
		row->recipients[i] = respond_effects_copy_text(delivery->recipients[i]);
	return id;
}

void
respond_deliveries_flush(void)
{
	respond_outbox_write(deliveries, count);
}

void
respond_deliveries_forget(void)
{
	deliveries = NULL;
	count = room = 0;
}
