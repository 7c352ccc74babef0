/*-------------------------------------------------------------------------
 * transfer.c
 *	  One transfer: what holds for all of them, whatever the protocol.
 *
 * Nothing of the process's environment counts: no proxies, no .netrc, no
 * redirects, no other protocols.  The guard judges each address in binary form
 * when a socket is opened for it, and the peer once more before a request goes
 * out, because a connection may be an old one.
 *
 * src/transport/transfer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "common/guc.h"
#include "transport/curl_compat.h"
#include "transport/guard.h"
#include "transport/transfer_kind.h"
#include "wire/retry_policy.h"

/* An unused connection is closed after this many seconds. */
#define IDLE_CONNECTION_S	60L

/*
 * Threads that send mail look into it.  A list is not changed once it is here;
 * those of before a reload are kept, since nobody knows who looks into them.
 */
static _Atomic(GuardList *) allowed = NULL;
static char *ca_file = NULL;
static uint64 generation = 0;

void
respond_transfer_configure(void)
{
	GuardNetwork scratch[GUARD_MAX_NETWORKS];
	char		error[256];
	int			count = respond_guard_parse(respond_allowed_networks, scratch, GUARD_MAX_NETWORKS, error,
											sizeof(error));
	GuardList  *list = MemoryContextAlloc(TopMemoryContext, sizeof(GuardList));

	/* the setting was checked when it was set */
	list->count = Max(count, 0);
	list->networks = MemoryContextAlloc(TopMemoryContext, sizeof(GuardNetwork) * Max(count, 1));
	memcpy(list->networks, scratch, sizeof(GuardNetwork) * list->count);
	/* whoever sees the list sees what is in it */
	atomic_store_explicit(&allowed, list, memory_order_release);
	free(ca_file);
	ca_file = respond_ca_file != NULL && respond_ca_file[0] != '\0' ? strdup(respond_ca_file) : NULL;
	if (ca_file != NULL && access(ca_file, R_OK) != 0)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\" of \"%s\": %m", ca_file, "pg_respond.ca_file"),
				 errdetail("Deliveries over TLS fail and are retried.")));
	generation++;
}

bool
respond_transfer_check_networks(const char *text, char *error, size_t size)
{
	GuardNetwork scratch[GUARD_MAX_NETWORKS];

	return respond_guard_parse(text, scratch, GUARD_MAX_NETWORKS, error, size) >= 0;
}

uint64
respond_transfer_generation(void)
{
	return generation;
}

static void
note_refusal(Transfer *transfer, const struct sockaddr *address, socklen_t length, const char *reason)
{
	char		text[96];

	transfer->refused = true;
	respond_guard_format(address, length, text, sizeof(text));
	snprintf(transfer->error, sizeof(transfer->error), "connection to %s refused: %s; see \"%s\"",
			 text, reason, "pg_respond.allowed_networks");
}

static const GuardList *
allowed_networks(void)
{
	return atomic_load_explicit(&allowed, memory_order_acquire);
}

static curl_socket_t
open_socket(void *state, curlsocktype purpose, struct curl_sockaddr *address)
{
	Transfer   *transfer = state;
	const char *reason = respond_guard_judge(&address->addr, address->addrlen, allowed_networks());

	if (purpose != CURLSOCKTYPE_IPCXN || reason != NULL)
	{
		note_refusal(transfer, &address->addr, address->addrlen, reason != NULL ? reason : "not a connection");
		return CURL_SOCKET_BAD;
	}
	transfer->tried = true;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int
check_peer(void *state, char *address, char *local, int port, int local_port)
{
	Transfer   *transfer = state;
	struct sockaddr_storage peer;
	socklen_t	length;
	const char *reason = "not an internet address";

	if (address != NULL && respond_guard_from_text(address, port, &peer, &length))
		reason = respond_guard_judge((struct sockaddr *) &peer, length, allowed_networks());
	else
	{
		memset(&peer, 0, sizeof(peer));
		length = sizeof(peer);
	}
	if (reason == NULL)
		return transfer->kind->suits == NULL || transfer->kind->suits(transfer) ?
			CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
	transfer->tried = false;
	note_refusal(transfer, (struct sockaddr *) &peer, length, reason);
	return CURL_PREREQFUNC_ABORT;
}

static size_t
write_callback(char *data, size_t size, size_t count, void *state)
{
	Transfer   *transfer = state;
	size_t		length = size * count;
	size_t		room = TRANSFER_RESPONSE_SIZE - transfer->response_length;

	memcpy(transfer->response + transfer->response_length, data, Min(length, room));
	transfer->response_length += Min(length, room);
	transfer->received += length;
	if (transfer->whole != NULL)
		return respond_answer_add_body(transfer->whole, data, length) ? length : 0;
	return transfer->received > TRANSFER_RESPONSE_LIMIT ? 0 : length;
}

#define SET(option, value) \
	do { \
		if (curl_easy_setopt(easy, (option), (value)) != CURLE_OK) \
			return false; \
	} while (0)

bool
respond_transfer_prepare(CURL *easy, const TransferKind *kind)
{
	SET(CURLOPT_NOSIGNAL, 1L);
	/* a name that is slow to resolve must not hold up the end of its transfer */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL)
		SET(CURLOPT_CAINFO, ca_file);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	SET(CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_BUFFERSIZE, TRANSFER_BUFFER);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_PREREQFUNCTION, check_peer);
	SET(CURLOPT_WRITEFUNCTION, write_callback);
	return kind->prepare(easy);
}

#undef SET

CURLcode
respond_transfer_fill(TransferHandle *handle, Transfer *transfer)
{
	CURL	   *easy = handle->easy;
	CURLcode	code;

	handle->error[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->error);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, transfer->timeout_ms);
	code = curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
	return code == CURLE_OK ? transfer->kind->fill(handle, transfer) : code;
}

/* What libraries say in their own words only. */
static const char *
explain_error(const TransferHandle *handle, const Transfer *transfer)
{
	if (transfer->code == CURLE_USE_SSL_FAILED)
		return "; the mail server offers no encryption here";
	if (transfer->code == CURLE_SSL_CONNECT_ERROR && strstr(handle->error, "wrong version number") != NULL)
		return "; the server does not speak TLS on this port";
	return "";
}

/* libcurl keeps a line until its end has come; more than it keeps is a lack of memory to it. */
static bool
has_endless_header(const TransferHandle *handle, const Transfer *transfer)
{
	curl_off_t	first_byte = 0;

	if (transfer->code != CURLE_OUT_OF_MEMORY && transfer->code != CURLE_TOO_LARGE)
		return false;
	curl_easy_getinfo(handle->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
	return first_byte > 0 && !transfer->answered;
}

/* What went wrong in the words of whoever knows best: our own callbacks, libcurl's buffer, the code. */
static void
describe_error(TransferHandle *handle, Transfer *transfer)
{
	if (transfer->error[0] != '\0' && (!transfer->tried || transfer->code == CURLE_ABORTED_BY_CALLBACK))
		return;
	if (transfer->whole != NULL && respond_answer_fault(transfer->whole, transfer->error, sizeof(transfer->error)))
		return;
	if (transfer->whole == NULL && transfer->received > TRANSFER_RESPONSE_LIMIT)
		snprintf(transfer->error, sizeof(transfer->error), "the answer is longer than %d kB",
				 TRANSFER_RESPONSE_LIMIT / 1024);
	else if (transfer->header_bytes > TRANSFER_HEADER_LIMIT || has_endless_header(handle, transfer))
		snprintf(transfer->error, sizeof(transfer->error), "the headers of the answer are longer than %d kB",
				 TRANSFER_HEADER_LIMIT / 1024);
	else if (transfer->code == CURLE_OPERATION_TIMEDOUT)
		snprintf(transfer->error, sizeof(transfer->error), "timeout after %ld ms%s%s",
				 (long) (transfer->duration_us / 1000),
				 handle->error[0] != '\0' ? ": " : "", handle->error);
	else
		snprintf(transfer->error, sizeof(transfer->error), "%s%s",
				 handle->error[0] != '\0' ? handle->error : curl_easy_strerror(transfer->code),
				 explain_error(handle, transfer));
}

int64
respond_transfer_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
}

void
respond_transfer_clear(TransferHandle *handle, Transfer *transfer)
{
	curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(handle->easy, CURLOPT_PRIVATE, NULL);
	curl_easy_setopt(handle->easy, CURLOPT_HEADERDATA, NULL);
	transfer->kind->clear(handle);
}

void
respond_transfer_end(TransferHandle *handle, Transfer *transfer)
{
	transfer->duration_us = respond_transfer_now() - handle->started_us;
	curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
	/* some of the addresses were refused, and another one was connected to */
	if (transfer->tried)
		transfer->refused = false;
	if (transfer->code == CURLE_OK)
		transfer->error[0] = '\0';
	else
		describe_error(handle, transfer);
	Assert(transfer->code == CURLE_OK || transfer->error[0] != '\0');
	if (transfer->kind->result != NULL)
		transfer->kind->result(transfer);
	respond_transfer_clear(handle, transfer);
}
