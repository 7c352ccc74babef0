/*-------------------------------------------------------------------------
 * http_transfer.c
 *	  A transfer over HTTP.
 *
 * src/transport/http_transfer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>
#include <unistd.h>

#include "transport/http_transfer.h"
#include "transport/socket_set.h"
#include "transport/transfer_kind.h"
#include "wire/retry_policy.h"

/*
 * As large as a record of TLS and a frame of HTTP/2: with less, libcurl 7.88 can
 * keep the end of a large answer back and wait for more, which does not come.
 */
#define BUFFER_OF_ANSWER	16384L

/* Longest value of Retry-After that is looked at. */
#define RETRY_AFTER_SIZE	64

/* So many digits of a Content-Length fit into 64 bits. */
#define MOST_DIGITS		18

static void
read_retry_after(Transfer *transfer, const char *value, size_t length)
{
	char		text[RETRY_AFTER_SIZE];

	if (length == 0 || length >= sizeof(text))
		return;
	memcpy(text, value, length);
	text[length] = '\0';
	transfer->retry_after_ms = respond_retry_policy_after(text, (int64_t) time(NULL));
}

/* Whether it is the header of this name, which ends with a colon; gives what stands behind that. */
static bool
is_header(const char *data, size_t length, const char *name, const char **value, size_t *value_length)
{
	size_t		size = strlen(name);

	if (length < size || pg_strncasecmp(data, name, size) != 0)
		return false;
	*value = data + size;
	*value_length = length - size;
	while (*value_length > 0 && (**value == ' ' || **value == '\t'))
	{
		(*value)++;
		(*value_length)--;
	}
	while (*value_length > 0 && strchr(" \t\r\n", (*value)[*value_length - 1]) != NULL)
		(*value_length)--;
	return true;
}

/*
 * libcurl believes the last of several, and cuts the body there.  One that it cannot
 * read counts for it as none, so that half a body looks like a whole one.
 */
static void
read_length(Transfer *transfer, const char *value, size_t length)
{
	int64_t		said = 0;

	transfer->length_unclear |= length == 0 || length > MOST_DIGITS;
	for (size_t i = 0; i < length && i < MOST_DIGITS; i++)
	{
		transfer->length_unclear |= value[i] < '0' || value[i] > '9';
		said = said * 10 + (value[i] - '0');
	}
	transfer->length_unclear |= transfer->length_said >= 0 && transfer->length_said != said;
	transfer->length_said = said;
}

static size_t
header_callback(char *data, size_t size, size_t count, void *state)
{
	Transfer   *transfer = state;
	size_t		length = size * count;
	const char *value;
	size_t		value_length;

	transfer->header_bytes += length;
	if (transfer->header_bytes > TRANSFER_HEADER_LIMIT)
		return 0;
	/* an interim answer says nothing about the next one */
	if (length >= 5 && memcmp(data, "HTTP/", 5) == 0 && !transfer->answered)
	{
		const char *space = memchr(data, ' ', length);

		transfer->retry_after_ms = -1;
		transfer->encoded = transfer->length_unclear = false;
		transfer->length_said = -1;
		transfer->is_final = space != NULL && space + 1 < data + length && space[1] != '1';
		if (transfer->whole != NULL)
			respond_answer_begin(transfer->whole);
		return length;
	}
	/* what comes behind the body is none of the headers */
	if (transfer->whole != NULL && !transfer->answered && !respond_answer_add_header(transfer->whole, data, length))
		return 0;
	if (length <= 2 && transfer->is_final)
		transfer->answered = true;
	else if (is_header(data, length, "retry-after:", &value, &value_length))
		read_retry_after(transfer, value, value_length);
	else if (is_header(data, length, "content-length:", &value, &value_length) && !transfer->answered)
		read_length(transfer, value, value_length);
	else if (is_header(data, length, "content-encoding:", &value, &value_length))
		transfer->encoded |= value_length > 0 && !(value_length == 8 && pg_strncasecmp(value, "identity", 8) == 0);
	return length;
}

/* A connection's socket, and not one that libcurl uses within itself: its end is told by close_socket(). */
static int
keep_socket(void *state, curl_socket_t socket, curlsocktype purpose)
{
	respond_socket_set_keep(socket);
	return CURL_SOCKOPT_OK;
}

static int
close_socket(void *state, curl_socket_t socket)
{
	respond_socket_set_forget(socket);
	return close(socket);
}

static bool
prepare(CURL *easy)
{
	return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "pg_respond") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_callback) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, keep_socket) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK;
}

/* What libcurl says of a connection that was closed before it gave an answer. */
static bool
is_lost(CURLcode code)
{
	switch (code)
	{
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
		case CURLE_GOT_NOTHING:
		case CURLE_HTTP2:
		case CURLE_HTTP2_STREAM:
			return true;
		default:
			return false;
	}
}

/*
 * A receiver may close an idle connection at the moment when a request is put on
 * it.  Then it has not looked at the request, or says 408 (RFC 9110 section
 * 15.5.9) of the time that it waited for one.
 */
static bool
was_too_late(const TransferHandle *handle, const Transfer *transfer)
{
	long		connections = 1;
	long		status = 0;

	if (transfer->resent || transfer->refused)
		return false;
	curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &connections);
	curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
	if (connections > 0)
		return false;
	return (transfer->answered && status == 408) ||
		(is_lost(transfer->code) && transfer->header_bytes == 0 && transfer->received == 0);
}

void
respond_http_transfer_note_connection(const TransferHandle *handle)
{
	long		connections = 0;
	long		version = 0;
	curl_socket_t socket = CURL_SOCKET_BAD;

	curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &connections);
	curl_easy_getinfo(handle->easy, CURLINFO_HTTP_VERSION, &version);
	if (connections == 0 || version < CURL_HTTP_VERSION_2_0)
		return;
	if (curl_easy_getinfo(handle->easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK && socket != CURL_SOCKET_BAD)
		respond_socket_set_let_speak(socket);
}

bool
respond_http_transfer_begin_again(TransferHandle *handle, Transfer *transfer)
{
	long		left;

	if (!was_too_late(handle, transfer))
		return false;
	left = transfer->timeout_ms - (long) ((respond_transfer_now() - handle->started_us) / 1000);
	if (left <= 0)
		return false;
	transfer->resent = true;
	transfer->tried = false;
	transfer->is_final = transfer->answered = transfer->encoded = false;
	transfer->received = transfer->header_bytes = transfer->response_length = 0;
	if (transfer->whole != NULL)
		respond_answer_begin(transfer->whole);
	transfer->retry_after_ms = -1;
	transfer->error[0] = handle->error[0] = '\0';
	curl_easy_setopt(handle->easy, CURLOPT_TIMEOUT_MS, left);
	curl_easy_setopt(handle->easy, CURLOPT_FRESH_CONNECT, 1L);
	return true;
}

static CURLcode
fill(TransferHandle *handle, Transfer *transfer)
{
	CURL	   *easy = handle->easy;
	bool		is_get = strcmp(transfer->method, "GET") == 0;
	bool		is_head = strcmp(transfer->method, "HEAD") == 0;
	bool		without_body = transfer->body_length == 0 && (is_get || strcmp(transfer->method, "DELETE") == 0);

	/* libcurl keeps these pointers; the caller keeps what they point to */
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) transfer->body_length);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
	/* the handle may have sent a request of the other sort before */
	curl_easy_setopt(easy, without_body ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	/* libcurl gives a connection only to those with the same certificate */
	curl_easy_setopt(easy, CURLOPT_SSLCERT, transfer->client_cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, transfer->client_key);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, transfer->whole != NULL ? BUFFER_OF_ANSWER : TRANSFER_BUFFER);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
					 is_head || strcmp(transfer->method, without_body ? "GET" : "POST") == 0 ? NULL : transfer->method);
	/* its answer has the length of a body that does not come; a request of another method takes this back */
	if (is_head)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	return CURLE_OK;
}

static CURLcode
start(CURLM *multi, Transfer *transfer)
{
	return curl_multi_add_handle(multi, transfer->handle->easy) == CURLM_OK ? CURLE_OK : CURLE_FAILED_INIT;
}

static void
clear(TransferHandle *handle)
{
	curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, NULL);
}

const TransferKind respond_http_transfer = {
	.prepare = prepare,
	.fill = fill,
	.start = start,
	.clear = clear,
	.keeps_handles = true,
};
