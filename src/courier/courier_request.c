/*-------------------------------------------------------------------------
 * courier_request.c
 *	  The request of a delivery: what of it is known only when it is sent.
 *
 * Body and headers were rendered when the delivery was recorded.  Now come the
 * secrets in the places that were kept for them, the signature, and the url of the
 * channel, unless that depends on the event.  Values come from events and
 * secrets, so everything that becomes part of a protocol line is looked at once
 * more: a control character would begin a line of its own.
 *
 * src/courier/courier_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "common/base64.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/pg_compat.h"
#include "courier/courier_request.h"
#include "courier/mail_request.h"
#include "courier/outcome.h"
#include "courier/request_line.h"
#include "message/message.h"
#include "secret/callback_token.h"
#include "secret/redact.h"
#include "wire/http_header.h"
#include "wire/signature.h"
#include "wire/url.h"

/* The secret as it stands inside a text of this encoding. */
static char *
quote_secret(const char *secret, BodyEncoding encoding)
{
	if (encoding == ENCODING_TEXT)
		return pstrdup(secret);
	if (encoding == ENCODING_JSON)
		return respond_template_escape(secret, TEMPLATE_ESCAPE_JSON);
	return respond_template_escape(respond_request_line_utf8(secret), TEMPLATE_ESCAPE_URL);
}

/* A url that was rendered for the delivery: the secret is quoted where its mark was. */
static char *
put_secret_into_url(const char *url, const char *mark, const char *secret)
{
	if (mark == NULL)
		return unconstify(char *, url);
	url = respond_request_line_put_secret(url, psprintf("%s%s", mark, SECRET_MARK_END_QUOTED),
										  quote_secret(secret, ENCODING_FORM));
	return respond_request_line_put_secret(url, psprintf("%s%s", mark, SECRET_MARK_END), secret);
}

/* The channel's own url, with what it may name. */
static char *
render_url(const CourierChannel *channel, const char *key)
{
	const Channel *config = channel->config;
	TemplateRoot roots[] = {
		{"options", respond_template_from_jsonb(config->options)},
		{"secret", respond_template_from_secret(channel->secret)},
		{"channel", respond_template_from_cstring(channel->name)},
		{"key", respond_template_from_cstring(key)},
	};
	TemplateRoots all = {lengthof(roots), roots};
	TemplateValue root = respond_template_from_roots(&all);

	if (config->url == NULL)
		respond_request_line_refuse("url", "is missing: the channel has none");
	if (config->url_template == NULL)
		return pstrdup(config->url);
	return respond_template_render_cstring(config->url_template, &root, TEMPLATE_ESCAPE_URL, NULL);
}

static void
add_header(Outgoing *outgoing, const char *name, const char *value)
{
	const char *fault = respond_http_header_check(name, value);

	if (fault != NULL)
		respond_request_line_refuse(psprintf("header \"%s\"", name), fault);
	respond_request_line_add(&outgoing->transfer, psprintf("%s: %s", name, respond_request_line_utf8(value)));
}

static void
add_stored_headers(Outgoing *outgoing, Jsonb *headers, const char *mark)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;
	char	   *name = NULL;

	if (headers == NULL)
		return;
	iterator = JsonbIteratorInit(&headers->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token == WJB_VALUE && item.type == jbvString)
			add_header(outgoing, name,
					   respond_request_line_put_secret(pnstrdup(item.val.string.val, item.val.string.len), mark,
												  outgoing->channel->secret));
	}
}

/* Standard Webhooks 1.0: the id stays over all tries, the time is that of the try. */
static void
add_signature(Outgoing *outgoing)
{
	Transfer   *transfer = &outgoing->transfer;
	int64		now = (int64) time(NULL);
	char		signature[SIGNATURE_SIZE];
	SigningKeys keys;
	bool		made;

	add_header(outgoing, "webhook-id", outgoing->key);
	add_header(outgoing, "webhook-timestamp", psprintf(INT64_FORMAT, now));
	if (outgoing->channel->secret == NULL)
		return;
	made = respond_signature_read(outgoing->channel->secret, &keys) == NULL &&
		respond_signature_make(&keys, outgoing->key, now, transfer->body, transfer->body_length, signature,
							   sizeof(signature));
	respond_signature_wipe(&keys);
	if (!made)
		respond_request_line_refuse("signature", "could not be made");
	add_header(outgoing, "webhook-signature", signature);
}

/* As the kind says; the time is that of the try. */
static void
add_hmac(Outgoing *outgoing, const HmacScheme *scheme)
{
	HmacRequest request = {.body = outgoing->transfer.body,.key = outgoing->key,.timestamp = (int64) time(NULL)};
	char	   *signature;

	if (outgoing->channel->secret == NULL)
		return;
	signature = respond_hmac_scheme_sign(scheme, outgoing->channel->secret, &request);
	if (signature == NULL)
		respond_request_line_refuse("signature", "could not be made");
	for (int i = 0; i < scheme->header_count; i++)
		add_header(outgoing, scheme->headers[i].name,
				   respond_hmac_scheme_header(&scheme->headers[i], &request, signature));
}

static void
require_secret(const CourierChannel *channel)
{
	if (channel->secret == NULL)
		respond_request_line_refuse("the channel",
									"has no secret, and its request needs one; see respond.set_secret()");
}

static void
add_authorization(Outgoing *outgoing)
{
	const Channel *config = outgoing->channel->config;
	const char *secret = outgoing->channel->secret;
	char	   *user = respond_channel_option(config->options, "username");
	char	   *pair;
	char	   *encoded;
	int			length;

	if (config->auth == AUTH_NONE || secret == NULL)
		return;
	if (config->auth == AUTH_BEARER)
	{
		add_header(outgoing, "Authorization", psprintf("Bearer %s", secret));
		return;
	}
	pair = respond_request_line_utf8(psprintf("%s:%s", user != NULL ? user : "", secret));
	encoded = palloc0(pg_b64_enc_len(strlen(pair)) + 1);
	length = respond_base64_encode(pair, strlen(pair), encoded, pg_b64_enc_len(strlen(pair)));
	if (length < 0)
		elog(ERROR, "could not encode credentials");
	encoded[length] = '\0';
	add_header(outgoing, "Authorization", psprintf("Basic %s", encoded));
}

static void
fill_http(Outgoing *outgoing, const RequestRow *row)
{
	const Channel *config = outgoing->channel->config;
	Transfer   *transfer = &outgoing->transfer;
	const char *secret = outgoing->channel->secret;
	const char *body = row->body != NULL ? row->body : "";

	if (row->mark != NULL)
		body = respond_request_line_put_secret(body, row->mark, quote_secret(secret, config->encoding));
	transfer->method = pstrdup(outgoing->terms != NULL && outgoing->terms->method != NULL ?
							   outgoing->terms->method : config->method);
	transfer->client_cert = respond_channel_option(config->options, "client_cert");
	transfer->client_key = respond_channel_option(config->options, "client_key");
	transfer->body = respond_request_line_utf8(body);
	transfer->body_length = strlen(transfer->body);
	add_stored_headers(outgoing, row->headers, row->mark);
	if (config->signature)
		add_signature(outgoing);
	if (config->shared->hmac != NULL)
		add_hmac(outgoing, config->shared->hmac);
	add_authorization(outgoing);
	if (transfer->body_length == 0 && outgoing->terms != NULL)
		/* or libcurl calls the body that is not there a form */
		respond_request_line_add(transfer, pstrdup("Content-Type:"));
	/* do not ask whether the body is welcome, nor wait for the answer */
	respond_request_line_add(transfer, pstrdup("Expect:"));
}

static void
check_url(Outgoing *outgoing)
{
	const char *fault = respond_url_check(outgoing->transfer.url, outgoing->channel->config->transport,
										  &outgoing->host_name);

	if (fault != NULL)
		respond_request_line_refuse("url", fault);
}

/* Rendered and judged once, if it does not change from request to request. */
static void
set_channel_url(Outgoing *outgoing)
{
	CourierChannel *channel = outgoing->channel;

	if (channel->url != NULL)
	{
		outgoing->transfer.url = pstrdup(channel->url);
		outgoing->host_name = pstrdup(channel->host_name);
		return;
	}
	outgoing->transfer.url = respond_request_line_utf8(render_url(channel, outgoing->key));
	check_url(outgoing);
	if (channel->config->url_names_key)
		return;
	channel->url = MemoryContextStrdup(TopMemoryContext, outgoing->transfer.url);
	channel->host_name = MemoryContextStrdup(TopMemoryContext, outgoing->host_name);
}

/*
 * The secret is for one host, and for the places that the kind and the url have
 * for it now.  A delivery that was filled in before that changed must not take the
 * secret of today to where things led then.
 */
static void
check_secret_place(const Outgoing *outgoing, const char *mark, const char *definition)
{
	const CourierChannel *channel = outgoing->channel;
	const Channel *config = channel->config;

	if (channel->secret == NULL)
		return;
	if (strcmp(outgoing->host_name, config->host) != 0)
		respond_request_line_refuse("url",
									psprintf("leads to %s, but the secret of the channel is for %s;"
											 " respond.replay(event_id) makes a new delivery",
											 outgoing->host_name, config->host));
	if (mark != NULL && (definition == NULL || strcmp(definition, respond_channel_definition(config)) != 0))
		respond_request_line_refuse("the request",
									"was made before the kind or the url of the channel changed, so it"
									" has no place for the secret;"
									" respond.replay(event_id) makes a new delivery");
}

static void
fill_notify(Outgoing *outgoing, const RequestRow *row)
{
	const CourierChannel *channel = outgoing->channel;

	outgoing->notify_channel = row->recipient_count > 0 ? row->recipients[0] :
		respond_channel_option(channel->config->options, "notify_channel");
	if (outgoing->notify_channel == NULL)
		outgoing->notify_channel = channel->name;
	outgoing->transfer.body = row->body != NULL ? row->body : "";
}

/* By the transport of the channel. */
static const struct
{
	const TransferKind *transfer;	/* NULL: nothing goes over the network */
	const OutcomeKind *outcome;
	void		(*fill) (Outgoing *outgoing, const RequestRow *row);
}			kinds[] = {
	[TRANSPORT_HTTP] = {&respond_http_transfer, &respond_http_outcome, fill_http},
	[TRANSPORT_SMTP] = {&respond_mail_transfer, &respond_mail_outcome, respond_mail_request_fill},
	[TRANSPORT_NOTIFY] = {NULL, NULL, fill_notify},
};

/* Where it goes; the secret, if there is one, may go there. */
static void
set_url(Outgoing *outgoing, const RequestRow *row)
{
	if (row->url == NULL)
		set_channel_url(outgoing);
	else
	{
		outgoing->transfer.url =
			respond_request_line_utf8(put_secret_into_url(row->url, row->mark, outgoing->channel->secret));
		check_url(outgoing);
	}
	check_secret_place(outgoing, row->mark, row->definition);
}

/* A request whose answer is waited for: how long a try may take, and what its answer means. */
static void
set_terms(Outgoing *outgoing)
{
	const RequestTerms *terms = outgoing->terms;
	long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), terms->deadline);

	outgoing->transfer.timeout_ms = Max(1, Min(terms->attempt_timeout_ms, left));
	if (outgoing->transfer.kind == &respond_http_transfer)
		outgoing->outcome_kind = &respond_answer_outcome;
}

/* The token with which the receiver calls back, in the places that were kept for it. */
static const RequestRow *
put_token(Outgoing *outgoing, const RequestRow *row)
{
	RequestRow *filled = palloc(sizeof(RequestRow));
	char	   *token = respond_callback_token(row->callback_mark);

	outgoing->callback_forms = respond_secret_forms(token, NULL, false);
	respond_secret_forms_hold(outgoing->callback_forms, outgoing->context);
	respond_secret_forms_release(outgoing->callback_forms);
	*filled = *row;
	filled->url = respond_request_line_put_secret(row->url, row->callback_mark, token);
	filled->body = respond_request_line_put_secret(row->body, row->callback_mark, token);
	if (row->headers != NULL)
	{
		char	   *headers = JsonbToCString(NULL, &row->headers->root, VARSIZE(row->headers));

		/* mark and token stand in JSON as they are */
		headers = respond_request_line_put_secret(headers, row->callback_mark, token);
		filled->headers = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(headers)));
	}
	return filled;
}

void
respond_courier_request_fill(Outgoing *outgoing, const RequestRow *row)
{
	const Channel *config = outgoing->channel->config;
	Transfer   *transfer = &outgoing->transfer;

	transfer->owner = outgoing;
	transfer->timeout_ms = config->timeout_ms;
	outgoing->channel_url = config->url != NULL ? pstrdup(config->url) : NULL;
	if (row->callback_mark != NULL)
		row = put_token(outgoing, row);
	if (row->mark != NULL || (row->url == NULL && config->url_names_secret))
		require_secret(outgoing->channel);
	transfer->kind = kinds[config->transport].transfer;
	outgoing->outcome_kind = kinds[config->transport].outcome;
	if (outgoing->terms != NULL)
		set_terms(outgoing);
	if (transfer->kind != NULL)
		set_url(outgoing, row);
	kinds[config->transport].fill(outgoing, row);
}
