/*-------------------------------------------------------------------------
 * event_document.c
 *	  An event as later steps see it.
 *
 * src/flow/event_document.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/datetime.h"

#include "common/jsonb_push.h"
#include "event/event_roots.h"
#include "flow/event_document.h"

static void
push_text(JsonbParseState **state, const char *key, const char *value)
{
	if (value != NULL)
		respond_jsonb_push_text(state, key, value);
}

static void
push_time(JsonbParseState **state, const char *key, TimestampTz time)
{
	respond_jsonb_push_text(state, key, respond_event_time(time, palloc(MAXDATELEN + 1)));
}

static JsonbValue *
push_event(JsonbParseState **state, const Event *event)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(state, "id", event->id);
	push_text(state, "type", event->type);
	push_text(state, "source", event->source);
	push_text(state, "subject", event->subject);
	push_text(state, "key", event->key);
	push_text(state, "actor", event->actor);
	push_time(state, "time", event->time);
	push_time(state, "recorded_at", event->recorded_at);
	respond_jsonb_push_jsonb(state, "data", event->data);
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
respond_event_document(const Event *event)
{
	JsonbParseState *state = NULL;

	return JsonbValueToJsonb(push_event(&state, event));
}

Jsonb *
respond_event_documents(const List *events)
{
	JsonbParseState *state = NULL;
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, events)
		(void) push_event(&state, lfirst(cell));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}
