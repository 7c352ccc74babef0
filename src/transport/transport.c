/*-------------------------------------------------------------------------
 * transport.c
 *	  Requests over the network: one libcurl multi handle and its sockets.
 *
 * libcurl says which sockets it waits for and until when.  The sockets are in
 * an epoll descriptor of our own, which the courier puts into its set of wait
 * events beside its latch; the time becomes the timeout of that wait.  (A timer
 * descriptor that is set anew for each transfer costs more than half of the
 * throughput.)
 *
 * Connections stay open and are used again, and so are libcurl's handles.
 *
 * A transfer that is started waits until the transport runs next; many are handed
 * to libcurl together.
 *
 * libcurl resolves names in threads.  A signal that one of them took would be
 * handled there, by code that knows only one thread; so signals are blocked
 * while libcurl may start one.
 *
 * Callbacks must not raise errors: they would jump out of libcurl.  They note
 * what is wrong, return the value that ends the transfer, and allocate nothing
 * from the server.
 *
 * src/transport/transport.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "transport/http_transfer.h"
#include "transport/mail_thread.h"
#include "transport/socket_set.h"
#include "transport/transfer_kind.h"
#include "transport/transport.h"

/* Handles that are kept for the next transfer. */
#define KEPT_HANDLES	256

/* Sockets that one look asks for. */
#define EVENTS_AT_ONCE	128

static CURLM *multi = NULL;
static int	epoll_fd = -1;
static int64 deadline_us = -1;	/* when libcurl wants to be called; -1: never */
static int	running = 0;
static Transfer *first_waiting = NULL;	/* to be handed to libcurl */
static Transfer *last_waiting = NULL;
static Transfer *first_done = NULL;
static Transfer *last_done = NULL;
static TransferHandle *idle = NULL;	/* of the kind that keeps its handles */
static int	idle_count = 0;
static int	mail_fd = -1;

/* All but those that tell of a fault of this thread. */
static void
block_signals(sigset_t *before)
{
	sigset_t	all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGTRAP);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

static void
unblock_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* libcurl: wait for this of the socket. */
static int
socket_callback(CURL *easy, curl_socket_t socket, int what, void *state, void *unused)
{
	uint32		events = 0;

	if (what != CURL_POLL_REMOVE)
		events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	return respond_socket_set_wait(epoll_fd, socket, events) ? 0 : -1;
}

static int
timer_callback(CURLM *which, long milliseconds, void *state)
{
	deadline_us = milliseconds < 0 ? -1 : respond_transfer_now() + milliseconds * 1000;
	return 0;
}

int
respond_transport_open(void)
{
	struct epoll_event event = {0};

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not initialize libcurl")));
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not open the sockets of the courier: too many files are open")));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	multi = curl_multi_init();
	if (epoll_fd < 0 || multi == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not open the sockets of the courier: %m")));
	event.events = EPOLLIN;
	event.data.fd = mail_fd = respond_mail_thread_open();
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mail_fd, &event) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not open the sockets of the courier: %m")));
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_callback);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_callback);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) KEPT_HANDLES);
	return epoll_fd;
}

void
respond_transport_configure(void)
{
	/* a handle is given the settings when it is made */
	while (idle != NULL)
	{
		TransferHandle *handle = idle;

		idle = handle->next;
		curl_easy_cleanup(handle->easy);
		free(handle);
	}
	idle_count = 0;
	respond_transfer_configure();
}

static TransferHandle *
take_handle(const TransferKind *kind)
{
	TransferHandle *handle = idle;

	if (handle != NULL && kind->keeps_handles)
	{
		idle = handle->next;
		idle_count--;
		return handle;
	}
	handle = calloc(1, sizeof(TransferHandle));
	if (handle == NULL)
		return NULL;
	handle->generation = respond_transfer_generation();
	handle->easy = curl_easy_init();
	if (handle->easy == NULL || !respond_transfer_prepare(handle->easy, kind))
	{
		curl_easy_cleanup(handle->easy);
		free(handle);
		return NULL;
	}
	return handle;
}

static void
give_back(TransferHandle *handle, const TransferKind *kind)
{
	if (!kind->keeps_handles || idle_count >= KEPT_HANDLES || handle->generation != respond_transfer_generation())
	{
		curl_easy_cleanup(handle->easy);
		free(handle);
		return;
	}
	handle->next = idle;
	idle = handle;
	idle_count++;
}

static void
put_done(Transfer *transfer)
{
	transfer->next_done = NULL;
	if (last_done == NULL)
		first_done = transfer;
	else
		last_done->next_done = transfer;
	last_done = transfer;
}

/* It was never under way. */
static void
fail_start(Transfer *transfer, CURLcode code, const char *error)
{
	transfer->code = code;
	strlcpy(transfer->error, error, sizeof(transfer->error));
	running--;
	put_done(transfer);
}

void
respond_transport_start(Transfer *transfer)
{
	Assert(transfer->kind != NULL && transfer->handle == NULL);
	transfer->retry_after_ms = -1;
	transfer->next_done = NULL;
	if (last_waiting == NULL)
		first_waiting = transfer;
	else
		last_waiting->next_done = transfer;
	last_waiting = transfer;
	running++;
}

/*
 * Once it is started, nothing of it may be read or written any more: a mail is
 * its thread's then, which may even have ended already.
 */
static void
begin(Transfer *transfer)
{
	const TransferKind *kind = transfer->kind;
	TransferHandle *handle = take_handle(kind);
	CURLcode	code;

	if (handle == NULL)
	{
		fail_start(transfer, CURLE_OUT_OF_MEMORY, "out of memory");
		return;
	}
	transfer->handle = handle;
	handle->started_us = respond_transfer_now();
	code = respond_transfer_fill(handle, transfer);
	if (code == CURLE_OK)
		code = kind->start(multi, transfer);
	if (code == CURLE_OK)
		return;
	respond_transfer_clear(handle, transfer);
	give_back(handle, kind);
	transfer->handle = NULL;
	fail_start(transfer, code, curl_easy_strerror(code));
}

static void
finish(Transfer *transfer)
{
	Assert(transfer->handle != NULL && running > 0);
	give_back(transfer->handle, transfer->kind);
	transfer->handle = NULL;
	running--;
	put_done(transfer);
}

static void
collect_mails(void)
{
	Transfer   *transfer;

	while ((transfer = respond_mail_thread_take_done()) != NULL)
		finish(transfer);
}

static void
collect_done(void)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		Transfer   *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
		transfer->code = message->data.result;
		respond_http_transfer_note_connection(transfer->handle);
		curl_multi_remove_handle(multi, message->easy_handle);
		if (respond_http_transfer_begin_again(transfer->handle, transfer) &&
			curl_multi_add_handle(multi, transfer->handle->easy) == CURLM_OK)
			continue;
		respond_transfer_end(transfer->handle, transfer);
		finish(transfer);
	}
}

void
respond_transport_run(void)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	sigset_t	before;
	int			handles;
	int			count;

	block_signals(&before);
	/* first what was said on connections that are idle: they are not used again */
	do
	{
		count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, 0);
		for (int i = 0; i < count; i++)
		{
			int			what = 0;

			if (events[i].data.fd == mail_fd)
			{
				collect_mails();
				continue;
			}
			if (events[i].events & EPOLLIN)
				what |= CURL_CSELECT_IN;
			if (events[i].events & EPOLLOUT)
				what |= CURL_CSELECT_OUT;
			if (events[i].events & (EPOLLERR | EPOLLHUP))
				what |= CURL_CSELECT_ERR;
			if (respond_socket_set_is_awaited(epoll_fd, events[i].data.fd))
				curl_multi_socket_action(multi, events[i].data.fd, what, &handles);
		}
	} while (count == EVENTS_AT_ONCE);
	while (first_waiting != NULL)
	{
		Transfer   *transfer = first_waiting;

		first_waiting = transfer->next_done;
		if (first_waiting == NULL)
			last_waiting = NULL;
		begin(transfer);
	}
	if (deadline_us >= 0 && respond_transfer_now() >= deadline_us)
	{
		deadline_us = -1;
		curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &handles);
	}
	collect_done();
	unblock_signals(&before);
}

long
respond_transport_timeout(void)
{
	int64		left;

	if (deadline_us < 0)
		return -1;
	left = deadline_us - respond_transfer_now();
	return left <= 0 ? 0 : (long) ((left + 999) / 1000);
}

Transfer *
respond_transport_take_done(void)
{
	Transfer   *transfer = first_done;

	if (transfer == NULL)
		return NULL;
	first_done = transfer->next_done;
	if (first_done == NULL)
		last_done = NULL;
	return transfer;
}

int
respond_transport_running(void)
{
	return running;
}
