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

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "event/cloud_event.h"
#include "event/event_roots.h"
#include "event/event_text.h"
#include "message/message.h"
#include "message/message_mail.h"
#include "wire/http_header.h"
#include "wire/mail_address.h"
#include "wire/text_cut.h"
#include "wire/url.h"

/* What templates of kinds and urls can name beside the fields of the event, which come first. */
enum
{
	ROOT_EVENT = EVENT_ROOTS, ROOT_CE, ROOT_TEXT, ROOT_BODY, ROOT_TITLE, ROOT_TO, ROOT_CHANNEL, ROOT_OPTIONS,
	ROOT_SECRET, ROOT_RULE, ROOT_RUN_ID, ROOT_TICKET_ID, ROOT_COUNT
};

static const char *const root_names[ROOT_COUNT - EVENT_ROOTS] = {
	"event", "ce", "text", "body", "title", "to", "channel", "options", "secret", "rule", "run_id", "ticket_id"
};

/* Attributes of CloudEvents, under "ce". */
enum
{
	CE_ID, CE_SOURCE, CE_TYPE, CE_SUBJECT, CE_TIME, CE_COUNT
};

static const char *const ce_names[CE_COUNT] = {"id", "source", "type", "subject", "time"};

typedef struct MessageRoots
{
	TemplateRoot values[ROOT_COUNT];
	TemplateRoots all;
	TemplateRoot event_values[EVENT_ROOTS];
	TemplateRoots event;
	TemplateRoot ce_values[CE_COUNT];
	TemplateRoots ce;
} MessageRoots;

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

static char *
key_text(const pg_uuid_t *key)
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
	for (int i = 0; i < CE_COUNT; i++)
		roots->ce_values[i].name = ce_names[i];
	roots->ce_values[CE_ID].value = respond_template_from_cstring(event != NULL ?
																  respond_cloud_event_id(event->id,
																						 event->recorded_at) : key);
	roots->ce_values[CE_SOURCE].value = event != NULL ?
		respond_template_from_cstring(respond_cloud_event_source(event->source)) :
			roots->values[EVENT_ROOT_SOURCE].value;
	roots->ce_values[CE_TYPE].value = event != NULL ?
		respond_template_from_cstring(respond_cloud_event_text(event->type)) : roots->values[EVENT_ROOT_TYPE].value;
	roots->ce_values[CE_SUBJECT].value =
		respond_template_from_cstring(event != NULL ? respond_cloud_event_text(event->subject) : NULL);
	roots->ce_values[CE_TIME].value = respond_template_from_cstring(respond_cloud_event_time(time));
	roots->ce = (TemplateRoots) {CE_COUNT, roots->ce_values};
	roots->event = (TemplateRoots) {EVENT_ROOTS, roots->event_values};
	roots->values[ROOT_EVENT].value = respond_template_from_roots(&roots->event);
	roots->values[ROOT_CE].value = respond_template_from_roots(&roots->ce);
}

static void
fill_roots(MessageRoots *roots, const Channel *channel, const Message *message, const MessageOrigin *origin,
		   Jsonb *options, const NewDelivery *delivery)
{
	char	   *key = key_text(&delivery->key);

	for (int i = EVENT_ROOTS; i < ROOT_COUNT; i++)
		roots->values[i].name = root_names[i - EVENT_ROOTS];
	fill_event(roots, origin, key);
	roots->values[ROOT_TEXT].value = respond_template_from_cstring(message->text);
	roots->values[ROOT_BODY].value = respond_template_from_jsonb(message->body);
	roots->values[ROOT_TITLE].value = respond_template_from_cstring(message->title);
	roots->values[ROOT_TO].value = respond_template_from_cstring(message->to != NULL ? message->to :
																 respond_channel_option(options, "to"));
	roots->values[ROOT_CHANNEL].value = respond_template_from_cstring(channel->name);
	roots->values[ROOT_OPTIONS].value = respond_template_from_jsonb(options);
	/* only templates that name it are among those that a secret is bound to */
	roots->values[ROOT_SECRET].value = respond_template_from_secret(delivery->secret_mark);
	roots->values[ROOT_RULE].value = respond_template_from_cstring(origin->rule);
	roots->values[ROOT_RUN_ID].value = number(origin->run_id);
	roots->values[ROOT_TICKET_ID].value = number(origin->ticket_id);
	roots->all = (TemplateRoots) {ROOT_COUNT, roots->values};
}

static bool
is_empty(const JsonbValue *value)
{
	return value->type == jbvNull || (value->type == jbvString && value->val.string.len == 0);
}

/* Calls add for each member of an object that is not null or empty. */
static void
each_member(Jsonb *object, void (*add) (void *state, JsonbValue *name, JsonbValue *value), void *state)
{
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	name = {0};
	JsonbValue	item;

	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = item;
		else if (token == WJB_VALUE && !is_empty(&item))
			add(state, &name, &item);
	}
}

static void
keep_member(void *state, JsonbValue *name, JsonbValue *value)
{
	JsonbParseState **object = state;

	pushJsonbValue(object, WJB_KEY, name);
	pushJsonbValue(object, WJB_VALUE, value);
}

static Jsonb *
without_empty(Jsonb *body)
{
	JsonbParseState *state = NULL;

	if (!JB_ROOT_IS_OBJECT(body))
		return body;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	each_member(body, keep_member, &state);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
append_form(TemplateOutput *output, const char *text)
{
	char	   *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);

	respond_template_write(output, utf8, strlen(utf8));
}

static void
add_form_member(void *state, JsonbValue *name, JsonbValue *value)
{
	TemplateOutput *output = state;

	if (output->length > 0)
		respond_template_append(output, "&", 1);
	append_form(output, pnstrdup(name->val.string.val, name->val.string.len));
	respond_template_append(output, "=", 1);
	append_form(output, respond_jsonb_value_text(value));
}

static char *
form_text(Jsonb *body)
{
	TemplateOutput output;

	respond_template_begin_output(&output, 0);
	output.escape = TEMPLATE_ESCAPE_URL;
	each_member(body, add_form_member, &output);
	respond_template_append(&output, "", 1);
	respond_template_raise(output.status);
	return output.data;
}

/* The body as text, and what kind of text it is. */
static char *
encode_body(const Channel *channel, Jsonb *body, const char **content_type)
{
	JsonbValue	scalar;

	if (JB_ROOT_IS_SCALAR(body) && JsonbExtractScalar(&body->root, &scalar) && scalar.type == jbvString)
	{
		*content_type = "text/plain; charset=utf-8";
		return respond_jsonb_value_text(&scalar);
	}
	if (channel->encoding == ENCODING_FORM && JB_ROOT_IS_OBJECT(body))
	{
		*content_type = "application/x-www-form-urlencoded";
		return form_text(body);
	}
	*content_type = "application/json";
	return respond_jsonb_text(body);
}

/* CloudEvents' headers have an encoding of their own, so that any value can be in them. */
static char *
cloudevents_value(const char *value)
{
	MailText	encoded = {0};
	char	   *result;

	respond_http_header_cloudevents(pg_server_to_any(value, strlen(value), PG_UTF8), &encoded);
	if (encoded.failed)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	result = pstrdup(respond_mail_text_string(&encoded));
	respond_mail_text_free(&encoded);
	return result;
}

static void
push_header(JsonbParseState **state, const char *place, const char *name, char *value)
{
	const char *fault;

	if (value == NULL || value[0] == '\0')
		return;
	if (pg_strncasecmp(name, "ce-", 3) == 0)
		value = cloudevents_value(value);
	fault = respond_http_header_check(name, value);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: header \"%s\" %s", place, name, fault)));
	respond_jsonb_push_text(state, name, value);
}

static Jsonb *
render_headers(const Channel *channel, const TemplateValue *root, const char *content_type, const char *place)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_header(&state, place, "Content-Type", unconstify(char *, content_type));
	for (int i = 0; i < channel->header_count; i++)
		push_header(&state, place, channel->headers[i].name,
					respond_template_render_cstring(channel->headers[i].value, root, TEMPLATE_ESCAPE_NONE, NULL));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * Whether a template quotes the secret is seen from what becomes of the character
 * behind the mark.
 */
static const char *
render_url(const Channel *channel, const Message *message, MessageRoots *roots, const TemplateValue *root,
		   const char *mark, const char *place)
{
	char	   *url;
	const char *fault;

	if (!channel->url_per_delivery && !(channel->url_names_options && message->options != NULL))
		return NULL;
	if (mark != NULL)
		roots->values[ROOT_SECRET].value = respond_template_from_secret(psprintf("%s%s", mark, SECRET_MARK_END));
	url = respond_template_render_cstring(channel->url_template, root, TEMPLATE_ESCAPE_URL, NULL);
	fault = respond_url_check(url, channel->transport, NULL);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: the url of channel \"%s\" %s", place, channel->name, fault)));
	return url;
}

static void
build_http(const Channel *channel, const Message *message, Jsonb *options, MessageRoots *roots,
		   const TemplateValue *root, const char *place, NewDelivery *delivery)
{
	Jsonb	   *body = message->body;
	const char *content_type = NULL;
	char	   *wanted = respond_channel_option(options, "content_type");

	if (body == NULL && channel->body != NULL)
		body = without_empty(respond_json_template_render_jsonb(channel->body, root, channel->escape));
	if (body != NULL)
		delivery->body = encode_body(channel, body, &content_type);
	delivery->headers = render_headers(channel, root, wanted != NULL ? wanted : content_type, place);
	/* the last one: it changes a root */
	delivery->url = render_url(channel, message, roots, root, delivery->secret_mark, place);
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
		payload = encode_body(&plain, message->body, &content_type);
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
		is_empty(&value);
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
	fill_roots(&roots, channel, message, origin, options, delivery);
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
