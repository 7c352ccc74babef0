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
 * src/delivery/mail_transfer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "delivery/transport_handle.h"

/* What the server answers to. */
enum
{
	COMMAND_OTHER,
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

/* A line that ends an answer: three digits and no hyphen behind them. */
static void
note_received(Transfer *transfer, const char *data, size_t length)
{
	MailReply  *reply;

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

bool
respond_mail_prepare(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, debug_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		/* one bad recipient must not keep the mail from the others (the name has three L) */
		curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) == CURLE_OK;
}

CURLcode
respond_mail_fill(TransferHandle *handle, Transfer *transfer)
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
	curl_easy_setopt(easy, CURLOPT_PASSWORD, transfer->password);
	return respond_transfer_fill(handle, transfer);
}

/*
 * libcurl would tell what was answered to QUIT.  A message that was sent whole
 * and not answered may have been taken; libcurl's code says it was not.
 */
void
respond_mail_result(Transfer *transfer)
{
	transfer->status = strtol(transfer->last_line, NULL, 10);
	if (transfer->code == CURLE_OK || transfer->last_line[0] == '\0')
		return;
	if (transfer->data_sent && transfer->last_line[0] == '3')
		strlcat(transfer->error, "; the message was sent and not answered", sizeof(transfer->error));
}
