/*-------------------------------------------------------------------------
 * message_request.c
 *	  A request that a step makes itself, as a delivery.
 *
 * The step says what is asked; a channel adds what its kind has in headers, its
 * secret, and how it signs.  A secret goes to the host that it was given for, so
 * with a channel all requests go to the host of its url.
 *
 * src/message/message_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "channel/host_channel.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "common/recode.h"
#include "message/message_delivery.h"
#include "message/message_http.h"
#include "message/message_request.h"
#include "wire/http_header.h"

/* Bytes of all headers. */
#define LARGEST_HEADERS		(32 * 1024)

/* What each request says of itself, whatever the channel: the same in all tries. */
#define KEY_HEADER			"Idempotency-Key"

pg_noreturn static void refuse(const char *place, const char *field, const char *fault, const char *hint);

static void
refuse(const char *place, const char *field, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.%s: %s", place, field, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* Its host, in UTF-8. */
static char *
check_url(const char *url, const char *place)
{
	char	   *host = NULL;
	const char *fault = respond_url_check(pg_server_to_any(url, strlen(url), PG_UTF8), TRANSPORT_HTTP, &host);

	if (fault != NULL)
		refuse(place, "url", psprintf("it %s", fault), NULL);
	return host;
}

/* A url of the step's own; what begins with a slash is at the host of the channel. */
static const char *
own_url(const Channel *channel, const char *url, const char *place)
{
	const char *whole = url;
	char	   *host;

	if (url[0] == '/' && channel->url != NULL)
		whole = psprintf("%s%s", respond_url_start(channel->url), url);
	host = check_url(whole, place);
	if (strcmp(host, channel->host) != 0)
		refuse(place, "url", psprintf("it leads to %s, but channel \"%s\" is for %s", host, channel->name,
									  channel->host[0] != '\0' ? channel->host : "no host"),
			   "Make a channel for each host, or leave out \"channel\".");
	return whole;
}

static bool
same_header(const JsonbValue *name, const char *other)
{
	return name->val.string.len == strlen(other) &&
		pg_strncasecmp(name->val.string.val, other, name->val.string.len) == 0;
}

static bool
has_header(Jsonb *headers, const JsonbValue *wanted)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *name = pnstrdup(wanted->val.string.val, wanted->val.string.len);

	if (headers == NULL)
		return false;
	iterator = JsonbIteratorInit(&headers->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_KEY && same_header(&item, name))
			return true;
	return false;
}

static bool
has_header_named(Jsonb *headers, const char *name)
{
	JsonbValue	wanted = {.type = jbvString};

	wanted.val.string.val = unconstify(char *, name);
	wanted.val.string.len = strlen(name);
	return has_header(headers, &wanted);
}

/* Names that come from data: of two that differ by case alone the receiver would take either. */
static void
check_once(const char *name, List **names, const char *place)
{
	ListCell   *cell;

	foreach(cell, *names)
		if (pg_strcasecmp(lfirst(cell), name) == 0)
			refuse(place, psprintf("headers.%s", name),
				   psprintf("is the same header as \"%s\"", (char *) lfirst(cell)), NULL);
	*names = lappend(*names, unconstify(char *, name));
}

/* Those of the step; a value that is empty is left out. */
static void
push_own_headers(JsonbParseState **state, Jsonb *headers, const char *place)
{
	JsonbIterator *iterator = JsonbIteratorInit(&headers->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *name = NULL;
	List	   *names = NIL;

	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			const char *fault;

			name = pnstrdup(item.val.string.val, item.val.string.len);
			fault = respond_http_header_check_name(name);
			if (fault != NULL)
				refuse(place, psprintf("headers.%s", name), fault, NULL);
			check_once(name, &names, place);
		}
		else if (token == WJB_VALUE && item.type == jbvBinary)
			refuse(place, psprintf("headers.%s", name), "is not a text", NULL);
		else if (token == WJB_VALUE && item.type != jbvNull)
			respond_message_push_header(state, psprintf("%s.headers", place), name, respond_jsonb_value_text(&item));
	}
}

/* Those of the kind that the step has not named. */
static void
push_other_headers(JsonbParseState **state, Jsonb *headers, Jsonb *own)
{
	JsonbIterator *iterator = JsonbIteratorInit(&headers->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	bool		skip = false;

	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			skip = has_header(own, &item);
		if (!skip && (token == WJB_KEY || token == WJB_VALUE))
			pushJsonbValue(state, token, &item);
	}
}

static Jsonb *
all_headers(const RequestMessage *request, Jsonb *of_kind, const char *key, const char *place)
{
	JsonbParseState *state = NULL;
	Jsonb	   *headers;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_other_headers(&state, of_kind, request->headers);
	if (request->headers != NULL)
		push_own_headers(&state, request->headers, place);
	if (!has_header_named(request->headers, KEY_HEADER))
		respond_jsonb_push_text(&state, KEY_HEADER, key);
	headers = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	if (VARSIZE(headers) > LARGEST_HEADERS)
		refuse(place, "headers", psprintf("have more than %d kB together", LARGEST_HEADERS / 1024), NULL);
	return headers;
}

/* A form, when the step calls it one. */
static bool
is_form(Jsonb *headers)
{
	static const char form[] = "application/x-www-form-urlencoded";
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	bool		is_type = false;

	if (headers == NULL)
		return false;
	iterator = JsonbIteratorInit(&headers->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			is_type = same_header(&item, "Content-Type");
		else if (token == WJB_VALUE && is_type && item.type == jbvString && item.val.string.len >= strlen(form) &&
				 pg_strncasecmp(item.val.string.val, form, strlen(form)) == 0)
			return true;
	}
	return false;
}

static void
check_channel(const Channel *channel, const RequestMessage *request, const char *place)
{
	if (channel->broken != NULL)
		refuse(place, "channel", psprintf("channel \"%s\" cannot be used: %s", channel->name, channel->broken), NULL);
	if (channel->transport != TRANSPORT_HTTP)
		refuse(place, "channel", psprintf("channel \"%s\" is of kind \"%s\", which does not send over HTTP",
										  channel->name, channel->kind), NULL);
	if (channel->auth != AUTH_NONE && has_header_named(request->headers, "Authorization"))
		refuse(place, "headers.Authorization",
			   psprintf("the secret of channel \"%s\" goes there", channel->name), NULL);
}

static void
check_body(const RequestMessage *request, const char *method, const char *place)
{
	if (request->body != NULL && strcmp(method, "HEAD") == 0)
		refuse(place, "body", "a request with method HEAD has none", NULL);
}

void
respond_message_build_request(const Channel *channel, const RequestMessage *request, const MessageOrigin *origin,
							  const char *place, NewDelivery *delivery, const char **method)
{
	Message		nothing = {.body = request->body};
	Channel		encoding = {.encoding = is_form(request->headers) ? ENCODING_FORM : ENCODING_JSON};
	const char *content_type = NULL;
	MessageRoots roots;
	TemplateValue root;

	*method = request->method != NULL ? request->method : request->body != NULL ? "POST" : "GET";
	check_body(request, *method, place);
	if (channel == NULL && request->url == NULL)
		refuse(place, "url", "is missing", NULL);
	if (channel == NULL)
	{
		char	   *host = check_url(request->url, place);
		pg_uuid_t	id = respond_host_channel_id(host);

		channel = respond_host_channel_make(&id, respond_from_encoding(host, strlen(host), PG_UTF8));
	}
	check_channel(channel, request, place);
	respond_message_begin(channel, origin, delivery);
	respond_message_roots_fill(&roots, channel, &nothing, origin, channel->options, delivery);
	root = respond_template_from_roots(&roots.all);
	if (request->body != NULL)
		delivery->body = respond_message_encode_body(&encoding, request->body, &content_type);
	delivery->headers = all_headers(request,
									respond_message_render_headers(channel, &root, content_type, place),
									respond_message_key_text(&delivery->key), place);
	/* the last one: it changes a root */
	delivery->url = request->url == NULL ?
		respond_message_render_url(channel, &nothing, &roots, delivery->secret_mark, place) :
		respond_host_channel_is(&channel->id) ? request->url : own_url(channel, request->url, place);
}
