/*-------------------------------------------------------------------------
 * message_http.c
 *	  Body, headers and url of a message that goes over HTTP.
 *
 * src/message/message_http.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "message/message_http.h"
#include "wire/http_header.h"
#include "wire/url.h"

bool
respond_message_is_empty(const JsonbValue *value)
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
		else if (token == WJB_VALUE && !respond_message_is_empty(&item))
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

Jsonb *
respond_message_without_empty(Jsonb *body)
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

char *
respond_message_encode_body(const Channel *channel, Jsonb *body, const char **content_type)
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
static bool
is_cloudevents(const char *name)
{
	return pg_strncasecmp(name, "ce-", 3) == 0;
}

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

const char *
respond_message_header_fault(const char *name, const char *value)
{
	return respond_http_header_check(name, is_cloudevents(name) ? NULL : value);
}

void
respond_message_push_header(JsonbParseState **state, const char *place, const char *name, char *value)
{
	const char *fault;

	if (value == NULL || value[0] == '\0')
		return;
	if (is_cloudevents(name))
		value = cloudevents_value(value);
	fault = respond_message_header_fault(name, value);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: header \"%s\" %s", place, name, fault)));
	respond_jsonb_push_text(state, name, value);
}

Jsonb *
respond_message_render_headers(const Channel *channel, const TemplateValue *root, const char *content_type,
							   const char *place)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_message_push_header(&state, place, "Content-Type", unconstify(char *, content_type));
	for (int i = 0; i < channel->header_count; i++)
		respond_message_push_header(&state, place, channel->headers[i].name,
					respond_template_render_cstring(channel->headers[i].value, root, TEMPLATE_ESCAPE_NONE, NULL));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * Whether a template quotes the secret is seen from what becomes of the character
 * behind the mark.
 */
char *
respond_message_render_url(const Channel *channel, const Message *message, MessageRoots *roots, const char *mark,
						   const char *place)
{
	TemplateValue root = respond_template_from_roots(&roots->all);
	char	   *url;
	const char *fault;

	if (!channel->url_per_delivery && !(channel->url_names_options && message->options != NULL))
		return NULL;
	if (mark != NULL)
		roots->values[MESSAGE_ROOT_SECRET].value =
			respond_template_from_secret(psprintf("%s%s", mark, SECRET_MARK_END));
	url = respond_template_render_cstring(channel->url_template, &root, TEMPLATE_ESCAPE_URL, NULL);
	fault = respond_url_check(url, channel->transport, NULL);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: the url of channel \"%s\" %s", place, channel->name, fault)));
	return url;
}
