/*-------------------------------------------------------------------------
 * delivery_write.c
 *	  Deliveries in the buffer of effects.
 *
 * src/effect/delivery_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "effect/delivery_write.h"
#include "effect/effect_memory.h"

static EffectRows deliveries;	/* of NewDelivery */

static const RequestTerms *
copy_terms(const RequestTerms *terms)
{
	RequestTerms *copy;
	int32	   *expected;

	if (terms == NULL)
		return NULL;
	copy = MemoryContextAlloc(respond_effects_context(), sizeof(RequestTerms));
	*copy = *terms;
	copy->method = respond_effects_copy_text(terms->method);
	copy->step = respond_effects_copy_text(terms->step);
	expected = MemoryContextAlloc(respond_effects_context(), sizeof(int32) * Max(terms->expected_count, 1));
	if (terms->expected_count > 0)
		memcpy(expected, terms->expected, sizeof(int32) * terms->expected_count);
	copy->expected = expected;
	return copy;
}

int64
respond_effects_delivery(const FlowRun *run, const NewDelivery *delivery)
{
	int64		id = respond_outbox_next_id();
	NewDelivery *row = respond_effects_add_row(&deliveries, sizeof(NewDelivery));

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
	row->callback_mark = respond_effects_copy_text(delivery->callback_mark);
	row->terms = copy_terms(delivery->terms);
	row->recipients = MemoryContextAlloc(respond_effects_context(), sizeof(char *) * Max(delivery->recipient_count, 1));
	for (int i = 0; i < delivery->recipient_count; i++)
		row->recipients[i] = respond_effects_copy_text(delivery->recipients[i]);
	return id;
}

void
respond_deliveries_flush(void)
{
	respond_outbox_write(deliveries.rows, deliveries.count);
}

void
respond_deliveries_forget(void)
{
	memset(&deliveries, 0, sizeof(deliveries));
}
