/*-------------------------------------------------------------------------
 * mail_transfer.c
 *	  A transfer over SMTP.
 *
 * All of its callbacks run in a thread (mail_thread.c), and each mail has a
 * connection of its own.
 *
 * libcurl speaks the protocol.  It tells one code for the whole; what the server
 * said of each recipient, and what it said last before QUIT, is read from the
 * lines that go both ways, which libcurl shows to its debug callback.  Of those
 * lines only the server's answers are kept: what we send can hold a password.
 *
 * src/transport/mail_transfer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "transport/curl_compat.h"
#include "transport/mail_thread.h"
#include "transport/transfer_kind.h"

/* What the server answers to. */
enum
{
	COMMAND_OTHER,
	COMMAND_HELLO,
	COMMAND_RECIPIENT,
	COMMAND_DATA,
	COMMAND_MESSAGE,
	COMMAND_QUIT				/* what is answered to it says nothing of the mail */
};

static void
note_sent(Transfer *transfer, const char *data, size_t length)
{
	if (length >= 5 && pg_strncasecmp(data, "RCPT ", 5) == 0)
		transfer->command = COMMAND_RECIPIENT;
	else if (length >= 4 && pg_strncasecmp(data, "DATA", 4) == 0)
		transfer->command = COMMAND_DATA;
	else if (length >= 4 && pg_strncasecmp(data, "EHLO", 4) == 0)
	{
		/* what was offered before STARTTLS is offered no longer */
		transfer->command = COMMAND_HELLO;
		transfer->offers_utf8 = false;
		transfer->mechanisms[0] = '\0';
	}
	else if (length >= 4 && pg_strncasecmp(data, "QUIT", 4) == 0)
		transfer->command = COMMAND_QUIT;
	else
		transfer->command = COMMAND_OTHER;
}

static void
copy_line(char *line, size_t size, const char *data, size_t length)
{
	while (length > 0 && (data[length - 1] == '\r' || data[length - 1] == '\n'))
		length--;
	length = Min(length, size - 1);
	memcpy(line, data, length);
	line[length] = '\0';
	for (char *s = line; *s != '\0'; s++)
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			*s = '?';
}

/* One of the words that EHLO is answered with: "250-AUTH PLAIN LOGIN". */
static void
note_offer(Transfer *transfer, const char *data, size_t length)
{
	static const char utf8[] = "SMTPUTF8";
	static const char auth[] = "AUTH ";

	if (length < 4)
		return;
	data += 4;
	length -= 4;
	if (length >= sizeof(utf8) - 1 && pg_strncasecmp(data, utf8, sizeof(utf8) - 1) == 0)
		transfer->offers_utf8 = true;
	else if (length >= sizeof(auth) - 1 && pg_strncasecmp(data, auth, sizeof(auth) - 1) == 0)
		copy_line(transfer->mechanisms, sizeof(transfer->mechanisms), data + sizeof(auth) - 1,
				  length - (sizeof(auth) - 1));
}

/* A line that ends an answer: three digits and no hyphen behind them. */
static void
note_received(Transfer *transfer, const char *data, size_t length)
{
	MailReply  *reply;

	if (transfer->command == COMMAND_HELLO)
		note_offer(transfer, data, length);
	if (length < 3 || data[0] < '2' || data[0] > '5' || (length > 3 && data[3] == '-') ||
		transfer->command == COMMAND_QUIT)
		return;
	copy_line(transfer->last_line, sizeof(transfer->last_line), data, length);
	if (transfer->command == COMMAND_DATA)
	{
		transfer->data_sent = data[0] == '3';
		transfer->command = COMMAND_MESSAGE;
		return;
	}
	if (transfer->command != COMMAND_RECIPIENT || transfer->recipients_answered >= transfer->recipient_count)
		return;
	reply = &transfer->replies[transfer->recipients_answered++];
	reply->status = strtol(transfer->last_line, NULL, 10);
	strlcpy(reply->text, transfer->last_line, sizeof(reply->text));
}

static int
debug_callback(CURL *easy, curl_infotype type, char *data, size_t size, void *state)
{
	Transfer   *transfer = state;

	if (transfer == NULL)
		return 0;
	if (type == CURLINFO_HEADER_OUT)
		note_sent(transfer, data, size);
	else if (type == CURLINFO_HEADER_IN)
		note_received(transfer, data, size);
	return 0;
}

static size_t
header_callback(char *data, size_t size, size_t count, void *state)
{
	Transfer   *transfer = state;
	size_t		length = size * count;

	/* the answer to QUIT, when the transfer is over */
	if (transfer == NULL)
		return length;
	transfer->header_bytes += length;
	return transfer->header_bytes > TRANSFER_HEADER_LIMIT ? 0 : length;
}

static size_t
read_callback(char *buffer, size_t size, size_t count, void *state)
{
	Transfer   *transfer = state;
	size_t		length = Min(size * count, transfer->body_length - transfer->read);

	memcpy(buffer, transfer->body + transfer->read, length);
	transfer->read += length;
	return length;
}

/* Before MAIL. */
static bool
suits(Transfer *transfer)
{
	if (transfer->utf8_address == NULL || transfer->offers_utf8)
		return true;
	transfer->unfit = true;
	snprintf(transfer->error, sizeof(transfer->error),
			 "the mail server does not offer SMTPUTF8, which the address \"%s\" needs",
			 transfer->utf8_address);
	return false;
}

static bool
prepare(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, debug_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		/* one bad recipient must not keep the mail from the others (the name has three L) */
		curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L) == CURLE_OK;
}

static bool
takes_token(const Transfer *transfer)
{
	return transfer->mechanism != NULL && strstr(transfer->mechanism, "OAUTH") != NULL;
}

/*
 * libcurl would take NTLM before PLAIN and LOGIN, which is what servers mean under
 * TLS.  In the clear, what does not say the password goes first.
 */
static void
set_mechanism(CURL *easy, const Transfer *transfer)
{
	char		options[64];

	if (transfer->mechanism != NULL)
	{
		snprintf(options, sizeof(options), "AUTH=%s", transfer->mechanism);
		curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, options);
	}
	else if (transfer->in_clear)
		curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS,
						 "AUTH=SCRAM-SHA-256;AUTH=SCRAM-SHA-1;AUTH=CRAM-MD5;AUTH=PLAIN;AUTH=LOGIN");
	else
		curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
}

/* Whether a word is among those that the server offers. */
static bool
offers(const Transfer *transfer, const char *word)
{
	size_t		length = strlen(word);

	for (const char *at = transfer->mechanisms; *at != '\0'; at += strcspn(at, " "))
	{
		at += strspn(at, " ");
		if (strcspn(at, " ") == length && pg_strncasecmp(at, word, length) == 0)
			return true;
	}
	return false;
}

/* Whether logging in failed because the server knows none of the usual ways. */
static bool
wants_other_mechanism(const Transfer *transfer)
{
	return transfer->username != NULL && transfer->mechanism == NULL && transfer->mechanisms[0] != '\0' &&
		!offers(transfer, "PLAIN") && !offers(transfer, "LOGIN");
}

/* What the first try has noted is not of the second. */
static void
begin_again(TransferHandle *handle, Transfer *transfer)
{
	int64		now = respond_transfer_now();
	long		left = transfer->timeout_ms - (long) ((now - handle->started_us) / 1000);

	transfer->begun_us = now;
	transfer->connected = false;
	transfer->command = COMMAND_OTHER;
	transfer->header_bytes = 0;
	transfer->last_line[0] = '\0';
	handle->error[0] = '\0';
	curl_easy_setopt(handle->easy, CURLOPT_TIMEOUT_MS, Max(left, 1));
	curl_easy_setopt(handle->easy, CURLOPT_LOGIN_OPTIONS,
					 "AUTH=SCRAM-SHA-256;AUTH=SCRAM-SHA-1;AUTH=CRAM-MD5;AUTH=DIGEST-MD5;AUTH=NTLM");
}

/*
 * Whether the time to connect is over.  libcurl takes the greeting, STARTTLS and
 * AUTH for a part of connecting, and a mail server may take minutes for each
 * (RFC 5321 section 4.5.3.2).
 */
static bool
connects_too_long(CURL *easy, Transfer *transfer)
{
	curl_off_t	connected = 0;

	if (transfer->connected)
		return false;
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	transfer->connected = connected > 0;
	if (transfer->connected || respond_transfer_now() - transfer->begun_us < CONNECT_TIMEOUT_MS * 1000)
		return false;
	snprintf(transfer->error, sizeof(transfer->error), "no connection within %ld s", CONNECT_TIMEOUT_MS / 1000);
	return true;
}

static CURLcode
result_code(CURLM *multi)
{
	int			left;
	CURLMsg    *message = curl_multi_info_read(multi, &left);

	return message != NULL && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

/*
 * What curl_easy_perform() does, and about once a second a look at the
 * connection: from 8.20 on, libcurl calls no progress callback before there is one.
 */
static CURLcode
perform_once(TransferHandle *handle, Transfer *transfer)
{
	int			running;

	if (curl_multi_add_handle(handle->multi, handle->easy) != CURLM_OK)
		return CURLE_FAILED_INIT;
	for (;;)
	{
		if (curl_multi_perform(handle->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (running == 0)
			return result_code(handle->multi);
		if (connects_too_long(handle->easy, transfer))
			return CURLE_ABORTED_BY_CALLBACK;
		if (curl_multi_poll(handle->multi, NULL, 0, 1000, NULL) != CURLM_OK)
			return CURLE_FAILED_INIT;
	}
}

/* In its thread; the transfer's own code is not set. */
static CURLcode
perform(TransferHandle *handle, Transfer *transfer)
{
	CURLcode	code;

	transfer->begun_us = handle->started_us;
	code = perform_once(handle, transfer);
	if (code != CURLE_LOGIN_DENIED || !wants_other_mechanism(transfer))
		return code;
	curl_multi_remove_handle(handle->multi, handle->easy);
	begin_again(handle, transfer);
	return perform_once(handle, transfer);
}

static CURLcode
fill(TransferHandle *handle, Transfer *transfer)
{
	CURL	   *easy = handle->easy;

	for (int i = 0; i < transfer->recipient_count; i++)
	{
		struct curl_slist *longer = curl_slist_append(handle->recipients, transfer->recipients[i]);

		if (longer == NULL)
			return CURLE_OUT_OF_MEMORY;
		handle->recipients = longer;
	}
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, transfer->sender);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, handle->recipients);
	curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) transfer->body_length);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long) (transfer->tls_required ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	curl_easy_setopt(easy, CURLOPT_USERNAME, transfer->username);
	curl_easy_setopt(easy, takes_token(transfer) ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, transfer->password);
	set_mechanism(easy, transfer);
	/* the whole time is for all of it, see connects_too_long() */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, transfer->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (transfer->timeout_ms + 999) / 1000);
	return CURLE_OK;
}

static CURLcode
start(CURLM *multi, Transfer *transfer)
{
	transfer->handle->perform = perform;
	return respond_mail_thread_start(transfer) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/*
 * libcurl would tell what was answered to QUIT.  A message that was sent whole
 * and not answered may have been taken; libcurl's code says it was not.
 */
static void
result(Transfer *transfer)
{
	transfer->status = strtol(transfer->last_line, NULL, 10);
	if (transfer->code == CURLE_OK || transfer->last_line[0] == '\0')
		return;
	if (transfer->code == CURLE_LOGIN_DENIED && transfer->status < 400)
		snprintf(transfer->error, sizeof(transfer->error),
				 "no way to log in that the mail server offers can be used: %s; see option \"auth\"",
				 transfer->mechanisms[0] != '\0' ? transfer->mechanisms : "none");
	if (transfer->data_sent && transfer->last_line[0] == '3')
		strlcat(transfer->error, "; the message was sent and not answered", sizeof(transfer->error));
}

static void
clear(TransferHandle *handle)
{
	curl_easy_setopt(handle->easy, CURLOPT_DEBUGDATA, NULL);
	curl_easy_setopt(handle->easy, CURLOPT_MAIL_RCPT, NULL);
	/* libcurl holds copies of these otherwise */
	curl_easy_setopt(handle->easy, CURLOPT_USERNAME, NULL);
	curl_easy_setopt(handle->easy, CURLOPT_PASSWORD, NULL);
	curl_easy_setopt(handle->easy, CURLOPT_XOAUTH2_BEARER, NULL);
	curl_slist_free_all(handle->recipients);
	handle->recipients = NULL;
}

const TransferKind respond_mail_transfer = {
	.prepare = prepare,
	.fill = fill,
	.start = start,
	.suits = suits,
	.result = result,
	.clear = clear,
};
