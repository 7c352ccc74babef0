/*-------------------------------------------------------------------------
 * message.c
 *	  From what a step says to a delivery: the kind's templates filled in.
 *
 * All that depends on the event is rendered now, in the transaction of the run,
 * so that the same request can be made in each try.  The secret of the channel
 * is not known here and must not be in the table: where a template names it, a
 * mark is left, a random word that no event can hold, which the courier
 * replaces.
 *
 * src/message/message.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/errors.h"
#include "event/cloud_event.h"
#include "event/event_text.h"
#include "message/message.h"
#include "message/message_delivery.h"
#include "message/message_http.h"
#include "message/message_mail.h"
#include "message/message_roots.h"
#include "wire/text_cut.h"

static void
build_http(const Channel *channel, const Message *message, Jsonb *options, MessageRoots *roots,
		   const TemplateValue *root, const char *place, NewDelivery *delivery)
{
	Jsonb	   *body = message->body;
	const char *content_type = NULL;
	char	   *wanted = respond_channel_option(options, "content_type");

	if (body == NULL && channel->body != NULL)
		body = respond_message_without_empty(respond_json_template_render_jsonb(channel->body, root, channel->escape));
	if (body != NULL)
		delivery->body = respond_message_encode_body(channel, body, &content_type);
	delivery->headers = respond_message_render_headers(channel, root, wanted != NULL ? wanted : content_type, place);
	/* the last one: it changes a root */
	delivery->url = respond_message_render_url(channel, message, roots, delivery->secret_mark, place);
}

/* The channel to LISTEN on, when it is not that of the respond.channel. */
static void
set_notify_channel(const Message *message, const char *place, NewDelivery *delivery)
{
	char	   *name = message->options != NULL ? respond_channel_option(message->options, "notify_channel") : NULL;

	if (name == NULL)
		return;
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.options.notify_channel: must be a name of 1 to %d bytes", place, NAMEDATALEN - 1)));
	delivery->recipients = palloc(sizeof(char *));
	delivery->recipients[0] = name;
	delivery->recipient_count = 1;
}

/* NOTIFY takes short texts only; a longer one is replaced as in routes. */
static void
build_notify(const Message *message, const MessageOrigin *origin, const char *place, NewDelivery *delivery)
{
	const char *content_type;
	Channel		plain = {.encoding = ENCODING_TEXT};
	char	   *payload;

	if (message->text != NULL)
		payload = pstrdup(message->text);
	else if (message->body != NULL)
		payload = respond_message_encode_body(&plain, message->body, &content_type);
	else if (origin->event != NULL)
	{
		TemplateOutput output;

		respond_template_begin_output(&output, 0);
		respond_event_cloud_event(&output, origin->event);
		respond_template_append(&output, "", 1);
		respond_template_raise(output.status);
		payload = output.data;
	}
	else
		payload = pstrdup("");
	if (strlen(payload) > RESPOND_NOTIFY_LIMIT)
		payload = origin->event != NULL ? respond_event_short_payload(origin->event) :
			pstrdup("{\"truncated\":true}");
	delivery->body = payload;
	set_notify_channel(message, place, delivery);
}

/* Options that say how the server is spoken to, not what it is told. */
static bool
is_of_connection(const char *name, int length)
{
	static const char *const names[] = {"tls", "username", "domain", "auth"};

	for (int i = 0; i < lengthof(names); i++)
		if (length == strlen(names[i]) && memcmp(name, names[i], length) == 0)
			return true;
	return false;
}

void
respond_message_check_options(const Channel *channel, Jsonb *options, const char *place)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (options == NULL)
		return;
	iterator = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY &&
			getKeyJsonValueFromContainer(&channel->options->root, item.val.string.val, item.val.string.len,
										 NULL) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.options: kind \"%s\" has no option \"%s\"", place, channel->kind,
							pnstrdup(item.val.string.val, item.val.string.len)),
					 errhint("respond.channel_kind lists the options of each kind.")));
		if (token == WJB_KEY && channel->transport == TRANSPORT_SMTP &&
			is_of_connection(item.val.string.val, item.val.string.len))
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.options: \"%s\" is an option for the channel only", place,
							pnstrdup(item.val.string.val, item.val.string.len))));
	}
}

static bool
is_empty_option(Jsonb *options, const char *name)
{
	JsonbValue	value;

	return options != NULL && getKeyJsonValueFromContainer(&options->root, name, strlen(name), &value) != NULL &&
		respond_message_is_empty(&value);
}

/* A receiver that a step names, but the event lacks, is not the channel's own. */
static void
check_receiver(const Message *message, const char *place)
{
	const char *field = NULL;

	if (message->to != NULL && message->to[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.to: there is no recipient", place),
				 errhint("Leave out \"to\" to use that of the channel.")));
	if (message->to == NULL && is_empty_option(message->options, "to"))
		field = "options.to";
	else if (is_empty_option(message->options, "from"))
		field = "options.from";
	if (field != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: came out empty", place, field),
				 errhint("Leave it out to use the value of the channel.")));
}

void
respond_message_build(const Channel *channel, const Message *message, const MessageOrigin *origin,
					  const char *place, NewDelivery *delivery)
{
	Jsonb	   *options = channel->options;
	Message		cut = *message;
	MessageRoots roots;
	TemplateValue root;

	if (channel->broken != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: channel \"%s\" cannot be used: %s", place, channel->name, channel->broken)));
	if (channel->needs_text && message->text == NULL && message->body == NULL && message->html == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.text: is missing or empty", place),
				 errdetail("Channel \"%s\" is of kind \"%s\", which sends texts.", channel->name, channel->kind)));
	respond_message_check_options(channel, message->options, place);
	check_receiver(message, place);
	if (channel->max_text > 0)
		cut.text = respond_text_cut(message->text, channel->max_text, channel->escape);
	message = &cut;
	if (message->options != NULL)
		options = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(options),
													 JsonbPGetDatum(message->options)));
	respond_message_begin(channel, origin, delivery);
	respond_message_roots_fill(&roots, channel, message, origin, options, delivery);
	root = respond_template_from_roots(&roots.all);
	switch (channel->transport)
	{
		case TRANSPORT_HTTP:
			build_http(channel, message, options, &roots, &root, place, delivery);
			break;
		case TRANSPORT_SMTP:
			respond_message_build_mail(channel, message, origin, options, place, delivery);
			break;
		case TRANSPORT_NOTIFY:
			build_notify(message, origin, place, delivery);
			break;
	}
}
