/*-------------------------------------------------------------------------
 * delivery_dead.c
 *	  A delivery that was given up is an event and on record.
 *
 * src/courier/delivery_dead.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/audit_write.h"
#include "common/jsonb_push.h"
#include "common/row_json.h"
#include "courier/delivery_dead.h"
#include "event/event_write.h"

/* Its name is part of the interface. */
#define DELIVERY_DEAD		"delivery.dead"
#define ACTOR				"courier"

static void
push_number(JsonbParseState **state, const char *key, int64 value)
{
	if (value != 0)
		respond_jsonb_push_int64(state, key, value);
	else
		respond_jsonb_push_text(state, key, NULL);
}

Jsonb *
respond_delivery_dead_description(const Outgoing *outgoing, int64 id, const char *key, int attempts, long status,
								  const char *error)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_number(&state, "delivery_id", id);
	respond_jsonb_push_text(&state, "key", key);
	respond_jsonb_push_text(&state, "channel", outgoing->channel->name);
	respond_jsonb_push_text(&state, "rule", outgoing->rule);
	push_number(&state, "run_id", outgoing->run_id);
	push_number(&state, "event_id", outgoing->event_id);
	push_number(&state, "ticket_id", outgoing->ticket_id);
	push_number(&state, "attempts", attempts);
	push_number(&state, "status", status);
	respond_jsonb_push_text(&state, "error", error);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

void
respond_delivery_dead_tell(const Outgoing *outgoing, int64 id, Jsonb *description)
{
	AuditRow	audit = {
		.actor = ACTOR,.action = DELIVERY_DEAD,.object_type = "delivery",
		.object_id = psprintf(INT64_FORMAT, id),.event_id = outgoing->event_id,.run_id = outgoing->run_id,
		.rule = outgoing->rule,.new = description
	};
	NewEvent	event = {
		.type = DELIVERY_DEAD,.subject = psprintf("delivery/" INT64_FORMAT, id),.actor = ACTOR,
		.data = description,.cause = outgoing->event_id,.depth = outgoing->depth + 1
	};

	respond_audit_write(&audit, 1);
	respond_event_write(&event, 1);
}
