/*-------------------------------------------------------------------------
 * mail_request.c
 *	  The mail of a delivery, ready to be sent.
 *
 * The headers are RFC 5322's.  Date and Message-ID are those of the delivery, so
 * they are the same in each try and receivers can know a repeat.
 *
 * src/courier/mail_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/string.h"
#include "lib/stringinfo.h"
#include "utils/formatting.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "courier/mail_request.h"
#include "courier/request_line.h"
#include "wire/mail_address.h"
#include "wire/mail_body.h"
#include "wire/mail_header.h"

/* Adds the header that was formatted, unless it was at fault; frees it in either case. */
static void
add_formatted(StringInfo message, MailText *text, const char *name, const char *fault)
{
	if (fault == NULL && text->failed)
		fault = "is too long";
	if (fault == NULL)
		appendStringInfo(message, "%s\r\n", respond_mail_text_string(text));
	respond_mail_text_free(text);
	if (fault != NULL)
		respond_request_line_refuse(psprintf("header %s", name), fault);
}

/*
 * Returns the first address, in the current memory context.  Only where the
 * envelope has an address that needs SMTPUTF8 may the headers have one.
 */
static char *
add_addresses(StringInfo message, const char *name, const char *value, int most, bool in_ascii)
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
		respond_request_line_refuse(psprintf("header %s:", name), error);
	}
	list->in_ascii = in_ascii;
	fault = respond_mail_header_addresses(name, list, &text);
	first = list->count > 0 ? pstrdup(list->items[0].address) : NULL;
	respond_mail_addresses_free(list);
	add_formatted(message, &text, name, fault);
	return first;
}

static void
add_message_id(StringInfo message, const char *key, const char *sender)
{
	const char *at = strrchr(sender, '@');

	appendStringInfo(message, "Message-ID: <%s@%s>\r\n", key, at[1] != '\0' ? at + 1 : "localhost");
}

/* The address that mail comes from; notes it if it needs SMTPUTF8. */
static char *
read_sender(Transfer *transfer, const char *from)
{
	MailAddresses *list = palloc0(sizeof(MailAddresses));
	char	   *sender = NULL;

	if (respond_mail_addresses_parse(from, 1, list))
	{
		sender = pstrdup(list->items[0].address);
		if (respond_mail_addresses_find_utf8(list) != NULL)
			transfer->utf8_address = sender;
	}
	respond_mail_addresses_free(list);
	return sender;
}

static void
add_headers(StringInfo message, Outgoing *outgoing, Jsonb *headers, TimestampTz created_at)
{
	char	   *from = respond_request_line_utf8(respond_channel_option(headers, "From"));
	bool		in_ascii;
	char	   *subject = respond_request_line_utf8(respond_channel_option(headers, "Subject"));
	char	   *sender;
	MailText	text = {0};
	const char *fault;

	if (from == NULL)
		respond_request_line_refuse("header From", "is missing");
	sender = read_sender(&outgoing->transfer, from);
	if (sender == NULL)
		respond_request_line_refuse("header From", "holds no address");
	outgoing->transfer.sender = sender;
	in_ascii = outgoing->transfer.utf8_address == NULL;
	add_addresses(message, "From", from, 1, in_ascii);
	add_addresses(message, "To", respond_request_line_utf8(respond_channel_option(headers, "To")), 100, in_ascii);
	add_addresses(message, "Cc", respond_request_line_utf8(respond_channel_option(headers, "Cc")), 100, in_ascii);
	add_addresses(message, "Reply-To", respond_request_line_utf8(respond_channel_option(headers, "Reply-To")), 100,
				  in_ascii);
	fault = respond_mail_header_text("Subject", subject != NULL ? subject : "", &text);
	add_formatted(message, &text, "Subject", fault);
	memset(&text, 0, sizeof(text));
	fault = respond_mail_header_date((int64_t) timestamptz_to_time_t(created_at), &text);
	add_formatted(message, &text, "Date", fault);
	add_message_id(message, outgoing->key, sender);
	/* RFC 3834: no out-of-office replies to this */
	appendStringInfoString(message, "Auto-Submitted: auto-generated\r\n");
}

/* The headers are followed by the content; the content may be longer than a StringInfo can be. */
static void
set_message(Transfer *transfer, const StringInfoData *headers, const char *text, const char *html, const char *key)
{
	MailText	content = {0};
	char	   *message;

	respond_mail_body_write(text, html, key, &content);
	if (content.failed)
	{
		respond_mail_text_free(&content);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	message = MemoryContextAllocExtended(CurrentMemoryContext, headers->len + content.length + 1,
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
	if (message != NULL)
	{
		memcpy(message, headers->data, headers->len);
		memcpy(message + headers->len, respond_mail_text_string(&content), content.length + 1);
		transfer->body = message;
		transfer->body_length = headers->len + content.length;
	}
	respond_mail_text_free(&content);
	if (message == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
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
respond_mail_request_fill(Outgoing *outgoing, const RequestRow *row)
{
	Transfer   *transfer = &outgoing->transfer;
	const Channel *config = outgoing->channel->config;
	const char *secret = outgoing->channel->secret;
	char	   *tls = respond_channel_option(config->options, "tls");
	const char **addresses = palloc(sizeof(char *) * Max(row->recipient_count, 1));
	const char *body = row->body;
	StringInfoData message;

	if (row->headers == NULL || row->recipient_count == 0)
		respond_request_line_refuse("the mail", "has no recipient");
	for (int i = 0; i < row->recipient_count; i++)
	{
		const char *fault;

		addresses[i] = respond_request_line_utf8(row->recipients[i]);
		fault = respond_mail_address_check(addresses[i]);
		if (fault != NULL)
			respond_request_line_refuse(psprintf("recipient \"%s\"", row->recipients[i]), fault);
		if (transfer->utf8_address == NULL && !pg_is_ascii(addresses[i]))
			transfer->utf8_address = addresses[i];
	}
	initStringInfo(&message);
	add_headers(&message, outgoing, row->headers, row->created_at);
	transfer->recipients = addresses;
	transfer->recipient_count = row->recipient_count;
	transfer->replies = palloc0(sizeof(MailReply) * row->recipient_count);
	/* an empty text beside HTML is none */
	if (row->html != NULL && body != NULL && body[0] == '\0')
		body = NULL;
	set_message(transfer, &message, respond_request_line_utf8(respond_request_line_put_secret(body, row->mark, secret)),
				respond_request_line_utf8(respond_request_line_put_secret(row->html, row->mark, secret)),
				outgoing->key);
	transfer->username = respond_request_line_utf8(respond_channel_option(config->options, "username"));
	if (transfer->username != NULL && secret == NULL)
		respond_request_line_refuse("the channel",
									"has an option \"username\", but no secret; see respond.set_secret()");
	/* a copy: the channel's own is wiped when channels are read again */
	transfer->password = transfer->username != NULL ? respond_request_line_utf8(pstrdup(secret)) : NULL;
	transfer->mechanism = respond_channel_option(config->options, "auth");
	if (transfer->mechanism != NULL)
		transfer->mechanism = asc_toupper(transfer->mechanism, strlen(transfer->mechanism));
	transfer->in_clear = tls != NULL && strcmp(tls, "none") == 0 && strncmp(transfer->url, "smtps:", 6) != 0;
	transfer->tls_required = tls == NULL || strcmp(tls, "none") != 0;
	transfer->url = url_with_domain(transfer->url, respond_channel_option(config->options, "domain"));
}
