/*-------------------------------------------------------------------------
 * message_roots.c
 *	  What templates of kinds, and of urls of channels, can name.
 *
 * src/message/message_roots.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "event/cloud_event.h"
#include "event/event_text.h"
#include "message/message_delivery.h"
#include "message/message_roots.h"

static const char *const root_names[MESSAGE_ROOT_COUNT - EVENT_ROOTS] = {
	"event", "ce", "text", "body", "title", "to", "channel", "options", "secret", "rule", "run_id", "ticket_id"
};

static const char *const ce_names[MESSAGE_CE_COUNT] = {"id", "source", "type", "subject", "time"};

static TemplateValue
number(int64 value)
{
	return value != 0 ? respond_template_from_int64(value) : respond_template_from_null();
}

static void
fill_event(MessageRoots *roots, const MessageOrigin *origin, const char *key)
{
	const Event *event = origin->event;
	TimestampTz time = event != NULL ? event->time : GetCurrentTimestamp();

	for (int i = 0; i < EVENT_ROOTS; i++)
		roots->event_values[i] = (TemplateRoot) {respond_event_root_names[i], respond_event_root_value(event, i)};
	if (event == NULL)
	{
		roots->event_values[EVENT_ROOT_TYPE].value = respond_template_from_cstring("pg_respond.message");
		roots->event_values[EVENT_ROOT_SOURCE].value = respond_template_from_cstring("pg_respond");
		roots->event_values[EVENT_ROOT_TIME].value =
			respond_template_from_cstring(respond_event_time(time, palloc(MAXDATELEN + 1)));
	}
	memcpy(roots->values, roots->event_values, sizeof(roots->event_values));
	/* the key of an event is event.key */
	roots->values[EVENT_ROOT_KEY].value = respond_template_from_cstring(key);
	for (int i = 0; i < MESSAGE_CE_COUNT; i++)
		roots->ce_values[i].name = ce_names[i];
	roots->ce_values[MESSAGE_CE_ID].value = respond_template_from_cstring(event != NULL ?
																  respond_cloud_event_id(event->id,
																						 event->recorded_at) : key);
	roots->ce_values[MESSAGE_CE_SOURCE].value = event != NULL ?
		respond_template_from_cstring(respond_cloud_event_source(event->source)) :
			roots->values[EVENT_ROOT_SOURCE].value;
	roots->ce_values[MESSAGE_CE_TYPE].value = event != NULL ?
		respond_template_from_cstring(respond_cloud_event_text(event->type)) : roots->values[EVENT_ROOT_TYPE].value;
	roots->ce_values[MESSAGE_CE_SUBJECT].value =
		respond_template_from_cstring(event != NULL ? respond_cloud_event_text(event->subject) : NULL);
	roots->ce_values[MESSAGE_CE_TIME].value = respond_template_from_cstring(respond_cloud_event_time(time));
	roots->ce = (TemplateRoots) {MESSAGE_CE_COUNT, roots->ce_values};
	roots->event = (TemplateRoots) {EVENT_ROOTS, roots->event_values};
	roots->values[MESSAGE_ROOT_EVENT].value = respond_template_from_roots(&roots->event);
	roots->values[MESSAGE_ROOT_CE].value = respond_template_from_roots(&roots->ce);
}

void
respond_message_roots_fill(MessageRoots *roots, const Channel *channel, const Message *message,
						   const MessageOrigin *origin, Jsonb *options, const NewDelivery *delivery)
{
	char	   *key = respond_message_key_text(&delivery->key);

	for (int i = EVENT_ROOTS; i < MESSAGE_ROOT_COUNT; i++)
		roots->values[i].name = root_names[i - EVENT_ROOTS];
	fill_event(roots, origin, key);
	roots->values[MESSAGE_ROOT_TEXT].value = respond_template_from_cstring(message->text);
	roots->values[MESSAGE_ROOT_BODY].value = respond_template_from_jsonb(message->body);
	roots->values[MESSAGE_ROOT_TITLE].value = respond_template_from_cstring(message->title);
	roots->values[MESSAGE_ROOT_TO].value = respond_template_from_cstring(message->to != NULL ? message->to :
																 respond_channel_option(options, "to"));
	roots->values[MESSAGE_ROOT_CHANNEL].value = respond_template_from_cstring(channel->name);
	roots->values[MESSAGE_ROOT_OPTIONS].value = respond_template_from_jsonb(options);
	/* only templates that name it are among those that a secret is bound to */
	roots->values[MESSAGE_ROOT_SECRET].value = respond_template_from_secret(delivery->secret_mark);
	roots->values[MESSAGE_ROOT_RULE].value = respond_template_from_cstring(origin->rule);
	roots->values[MESSAGE_ROOT_RUN_ID].value = number(origin->run_id);
	roots->values[MESSAGE_ROOT_TICKET_ID].value = number(origin->ticket_id);
	roots->all = (TemplateRoots) {MESSAGE_ROOT_COUNT, roots->values};
}
