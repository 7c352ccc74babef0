/*-------------------------------------------------------------------------
 * mail_request.c
 *	  The mail of a delivery, ready to be sent.
 *
 * The headers are RFC 5322's.  Date and Message-ID are those of the delivery, so
 * they are the same in each try and receivers can know a repeat.
 *
 * src/delivery/mail_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "delivery/mail_address.h"
#include "delivery/mail_header.h"
#include "delivery/mail_request.h"

static void
refuse(const char *what, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s %s", what, fault)));
}

static char *
to_utf8(const char *text)
{
	return text != NULL ? pg_server_to_any(text, strlen(text), PG_UTF8) : NULL;
}

/* Adds what was formatted, unless it was at fault; frees it in either case. */
static void
add_formatted(Outgoing *outgoing, MailText *text, const char *name, const char *fault)
{
	char	   *line = NULL;

	if (fault == NULL && text->failed)
		fault = "is too long";
	if (fault == NULL)
		line = pstrdup(respond_mail_text_string(text));
	respond_mail_text_free(text);
	if (fault != NULL)
		refuse(psprintf("header %s", name), fault);
	respond_request_add_line(&outgoing->transfer, line);
}

/* Returns the first address, in the current memory context. */
static char *
add_addresses(Outgoing *outgoing, const char *name, const char *value, int most)
{
	MailAddresses *list = palloc0(sizeof(MailAddresses));
	MailText	text = {0};
	const char *fault;
	char	   *first;

	if (value == NULL)
		return NULL;
	if (!respond_mail_addresses_parse(value, most, list))
	{
		char	   *error = pstrdup(list->error);

		respond_mail_addresses_free(list);
		refuse(psprintf("header %s:", name), error);
	}
	fault = respond_mail_header_addresses(name, list, &text);
	first = list->count > 0 ? pstrdup(list->items[0].address) : NULL;
	respond_mail_addresses_free(list);
	add_formatted(outgoing, &text, name, fault);
	return first;
}

static void
add_message_id(Outgoing *outgoing, const char *sender)
{
	const char *at = strrchr(sender, '@');

	respond_request_add_line(&outgoing->transfer, psprintf("Message-ID: <%s@%s>", outgoing->key, at[1] != '\0' ? at + 1 : "localhost"));
}

static void
add_headers(Outgoing *outgoing, Jsonb *headers, TimestampTz created_at)
{
	char	   *from = to_utf8(respond_channel_option(headers, "From"));
	char	   *subject = to_utf8(respond_channel_option(headers, "Subject"));
	char	   *sender;
	MailText	text = {0};
	const char *fault;

	if (from == NULL)
		refuse("header From", "is missing");
	sender = add_addresses(outgoing, "From", from, 1);
	if (sender == NULL)
		refuse("header From", "holds no address");
	outgoing->transfer.sender = sender;
	add_addresses(outgoing, "To", to_utf8(respond_channel_option(headers, "To")), 100);
	add_addresses(outgoing, "Cc", to_utf8(respond_channel_option(headers, "Cc")), 100);
	add_addresses(outgoing, "Reply-To", to_utf8(respond_channel_option(headers, "Reply-To")), 100);
	fault = respond_mail_header_text("Subject", subject != NULL ? subject : "", &text);
	add_formatted(outgoing, &text, "Subject", fault);
	memset(&text, 0, sizeof(text));
	fault = respond_mail_header_date((int64_t) timestamptz_to_time_t(created_at), &text);
	add_formatted(outgoing, &text, "Date", fault);
	add_message_id(outgoing, sender);
	/* RFC 3834: no out-of-office replies to this */
	respond_request_add_line(&outgoing->transfer, pstrdup("Auto-Submitted: auto-generated"));
	respond_request_add_line(&outgoing->transfer, pstrdup("Content-Type: multipart/alternative"));
}

/* libcurl takes the name for EHLO from the path of the url. */
static char *
url_with_domain(const char *url, const char *domain)
{
	size_t		length = strlen(url);

	if (domain == NULL)
		return unconstify(char *, url);
	return psprintf("%s%s%s", url, url[length - 1] == '/' ? "" : "/", domain);
}

void
respond_mail_request_fill(Outgoing *outgoing, Jsonb *headers, const char **recipients, int recipient_count,
						  const char *body, const char *html, const char *mark, TimestampTz created_at)
{
	Transfer   *transfer = &outgoing->transfer;
	const Channel *config = outgoing->channel->config;
	const char *secret = outgoing->channel->secret;
	char	   *tls = respond_channel_option(config->options, "tls");
	const char **addresses = palloc(sizeof(char *) * Max(recipient_count, 1));

	if (headers == NULL || recipient_count == 0)
		refuse("the mail", "has no recipient");
	for (int i = 0; i < recipient_count; i++)
	{
		const char *fault;

		addresses[i] = to_utf8(recipients[i]);
		fault = respond_mail_address_check(addresses[i]);
		if (fault != NULL)
			refuse(psprintf("recipient \"%s\"", recipients[i]), fault);
	}
	add_headers(outgoing, headers, created_at);
	transfer->recipients = addresses;
	transfer->recipient_count = recipient_count;
	transfer->replies = palloc0(sizeof(MailReply) * recipient_count);
	transfer->body = to_utf8(respond_request_put_secret(body != NULL ? body : "", mark, secret));
	transfer->body_length = strlen(transfer->body);
	transfer->html = to_utf8(respond_request_put_secret(html, mark, secret));
	transfer->username = respond_channel_option(config->options, "username");
	if (transfer->username != NULL && secret == NULL)
		refuse("the channel", "has an option \"username\", but no secret; see respond.set_secret()");
	transfer->password = transfer->username != NULL ? secret : NULL;
	transfer->tls_required = tls == NULL || strcmp(tls, "none") != 0;
	transfer->url = url_with_domain(transfer->url, respond_channel_option(config->options, "domain"));
}
