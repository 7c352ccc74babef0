/*-------------------------------------------------------------------------
 * pagerduty_event.c
 *	  Events as tools send them to Events API v2 of PagerDuty.
 *
 * Source: "Send an Event to PagerDuty" in PagerDuty's API reference, and
 * docs/events-API-v2/02-Trigger-Events.md of PagerDuty/developer-docs.
 *
 * src/inbound/pagerduty_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

#include "common/jsonb_push.h"
#include "inbound/pagerduty_event.h"

#define LONGEST_DEDUP_KEY	255

static const JsonValue *
member(const JsonValue *object, const char *name)
{
	if (object == NULL || object->kind != JSON_KIND_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].name, name) == 0)
			return object->members[i].value;
	return NULL;
}

/* NULL: it is not there, or empty, or no text. */
static const char *
text_of(const JsonValue *object, const char *name)
{
	const JsonValue *value = member(object, name);

	return value != NULL && value->kind == JSON_KIND_STRING && value->length > 0 ? value->text : NULL;
}

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (word != NULL && strcmp(word, *words) == 0)
			return true;
	return false;
}

/* What PagerDuty asks of what opens an alert. */
static const char *
payload_fault(const JsonValue *payload)
{
	static const char *const severities[] = {"critical", "error", "warning", "info", NULL};

	if (payload == NULL || payload->kind != JSON_KIND_OBJECT)
		return "'payload' is missing or is not an object";
	if (text_of(payload, "summary") == NULL)
		return "'payload.summary' is missing or blank";
	if (text_of(payload, "source") == NULL)
		return "'payload.source' is missing or blank";
	return is_one_of(text_of(payload, "severity"), severities) ? NULL :
		"'payload.severity' is not one of critical, error, warning, info";
}

const char *
respond_pagerduty_fault(const JsonValue *event)
{
	static const char *const actions[] = {"trigger", "acknowledge", "resolve", NULL};
	const char *action = text_of(event, "event_action");
	const JsonValue *key = member(event, "dedup_key");

	if (!is_one_of(action, actions))
		return "'event_action' is not one of trigger, acknowledge, resolve";
	if (key != NULL && key->kind != JSON_KIND_STRING && key->kind != JSON_KIND_NULL)
		return "'dedup_key' is not a text";
	if (key != NULL && key->kind == JSON_KIND_STRING && key->length > LONGEST_DEDUP_KEY)
		return "'dedup_key' is longer than 255 bytes";
	if (strcmp(action, "trigger") == 0)
		return payload_fault(member(event, "payload"));
	return text_of(event, "dedup_key") != NULL ? NULL : "'dedup_key' is missing or blank";
}

Jsonb *
respond_pagerduty_complete(Jsonb *document, const JsonValue *event, const char **dedup_key)
{
	*dedup_key = text_of(event, "dedup_key");
	if (*dedup_key != NULL)
		return document;
	*dedup_key = DatumGetCString(DirectFunctionCall1(uuid_out, DirectFunctionCall1(gen_random_uuid, (Datum) 0)));
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(document),
											  JsonbPGetDatum(respond_jsonb_of_text("dedup_key", *dedup_key))));
}
