/*-------------------------------------------------------------------------
 * message_mail.c
 *	  The part of a message's making that is about mail.
 *
 * What cannot be mailed is found out now, as a failure of the step, and not by
 * the courier hours later.
 *
 * src/message/message_mail.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>
#include <unistd.h>

#include "mb/pg_wchar.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "message/message_mail.h"
#include "wire/mail_address.h"
#include "wire/mail_header.h"

/* Recipients of one mail, all lists together. */
#define MAX_RECIPIENTS	300

typedef struct MailBuilder
{
	const char *place;
	JsonbParseState *headers;
	const char **recipients;
	int			recipient_count;
} MailBuilder;

static char *
from_utf8(const char *text)
{
	return pg_any_to_server(text, strlen(text), PG_UTF8);
}

static char *
to_utf8(const char *text)
{
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}

static void
add_recipient(MailBuilder *builder, const char *address)
{
	for (int i = 0; i < builder->recipient_count; i++)
		if (strcmp(builder->recipients[i], address) == 0)
			return;
	if (builder->recipient_count == MAX_RECIPIENTS)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: the mail has more than %d recipients", builder->place, MAX_RECIPIENTS)));
	builder->recipients[builder->recipient_count++] = address;
}

/*
 * Reads a list of addresses that stands in field.  name: the header that shows
 * it, NULL for none.  recipients: whether the mail goes to them.
 */
static void
add_list(MailBuilder *builder, const char *field, const char *name, const char *value, int most, bool recipients)
{
	MailAddresses *list = palloc0(sizeof(MailAddresses));
	char	   *error = NULL;

	if (value == NULL || value[0] == '\0')
		return;
	if (!respond_mail_addresses_parse(to_utf8(value), most, list))
		error = from_utf8(pstrdup(list->error));
	for (int i = 0; recipients && i < list->count && error == NULL; i++)
		add_recipient(builder, from_utf8(pstrdup(list->items[i].address)));
	respond_mail_addresses_free(list);
	if (error != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: %s", builder->place, field, error)));
	if (name != NULL)
		respond_jsonb_push_text(&builder->headers, name, value);
}

static const char *
either(const char *given, Jsonb *options, const char *option)
{
	return given != NULL ? given : respond_channel_option(options, option);
}

static char *
own_host(void)
{
	char	   *name = palloc0(256);

	if (gethostname(name, 255) != 0 || respond_mail_address_check(psprintf("pg_respond@%s", name)) != NULL)
		strcpy(name, "localhost");
	return name;
}

/* A channel that says nothing of it sends as pg_respond at its server's name. */
static const char *
sender(const Channel *channel, Jsonb *options)
{
	char	   *from = respond_channel_option(options, "from");
	CURLU	   *parsed;
	char	   *host = NULL;
	char	   *result;

	if (from != NULL)
		return from;
	parsed = curl_url();
	if (parsed != NULL && channel->url != NULL &&
		curl_url_set(parsed, CURLUPART_URL, channel->url, 0) == CURLUE_OK)
		curl_url_get(parsed, CURLUPART_HOST, &host, 0);
	/* a number is no name that mail can come from */
	if (host != NULL && strspn(host, "0123456789.") < strlen(host) && host[0] != '[')
		result = psprintf("pg_respond@%s", host);
	else
		result = psprintf("pg_respond@%s", own_host());
	curl_free(host);
	curl_url_cleanup(parsed);
	return result;
}

static void
add_subject(MailBuilder *builder, const Message *message, const MessageOrigin *origin)
{
	const char *subject = message->title;
	MailText	encoded = {0};
	const char *fault;

	if (subject == NULL)
		subject = origin->event != NULL ? origin->event->type : "pg_respond";
	fault = respond_mail_header_text("Subject", to_utf8(subject), &encoded);
	respond_mail_text_free(&encoded);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.subject: it %s", builder->place, fault)));
	respond_jsonb_push_text(&builder->headers, "Subject", subject);
}

/* NULL when there is HTML alone. */
static char *
body_text(const Message *message)
{
	if (message->text != NULL)
		return pstrdup(message->text);
	if (message->body == NULL)
		return message->html != NULL ? NULL : pstrdup("");
	return respond_jsonb_text(message->body);
}

void
respond_message_build_mail(const Channel *channel, const Message *message, const MessageOrigin *origin,
						   Jsonb *options, const char *place, NewDelivery *delivery)
{
	MailBuilder builder = {.place = place};

	builder.recipients = palloc(sizeof(char *) * MAX_RECIPIENTS);
	pushJsonbValue(&builder.headers, WJB_BEGIN_OBJECT, NULL);
	add_list(&builder, "options.from", "From", sender(channel, options), 1, false);
	add_list(&builder, "to", "To", either(message->to, options, "to"), MAIL_ADDRESSES_MOST, true);
	add_list(&builder, "cc", "Cc", either(message->cc, options, "cc"), MAIL_ADDRESSES_MOST, true);
	add_list(&builder, "bcc", NULL, either(message->bcc, options, "bcc"), MAIL_ADDRESSES_MOST, true);
	add_list(&builder, "reply_to", "Reply-To", either(message->reply_to, options, "reply_to"), MAIL_ADDRESSES_MOST,
			 false);
	add_subject(&builder, message, origin);
	if (builder.recipient_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.to: there is no recipient", place),
				 errhint("Give the step a \"to\", or the channel an option of that name.")));
	delivery->headers = JsonbValueToJsonb(pushJsonbValue(&builder.headers, WJB_END_OBJECT, NULL));
	delivery->recipients = builder.recipients;
	delivery->recipient_count = builder.recipient_count;
	delivery->body = body_text(message);
	delivery->html = message->html;
}
