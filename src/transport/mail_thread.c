/*-------------------------------------------------------------------------
 * mail_thread.c
 *	  Mails are sent by threads.
 *
 * libcurl can do many transfers in one thread, but not all of SMTP: it waits for
 * the answer to a message, and to QUIT, without letting others go on (smtp_done
 * and smtp_disconnect in its lib/smtp.c).  A mail server that takes its time, or
 * hangs, would stop every webhook.  So each mail has a thread of its own, as many
 * as there are mails under way.
 *
 * A thread runs libcurl and our callbacks, nothing of the server: no memory of
 * its contexts, no errors, no signals (they are blocked when it is made).  It
 * closes the connection itself: libcurl says QUIT then, and would wait for the
 * answer.
 *
 * A transfer has one holder at a time, and nobody else reads or writes any of it,
 * its handle, or what it points to:
 *
 *	  courier ──respond_mail_thread_start()──▶ thread ──give_back()──▶ list of
 *	  those that are done ──respond_mail_thread_take_done()──▶ courier
 *
 * A thread may end before respond_mail_thread_start() returns, so the courier
 * holds nothing from its call on, whatever it needs to know.  What was written
 * before a hand-over is seen behind it: making a thread orders memory, and so
 * does the lock of the list.  The descriptor only wakes the courier up.
 *
 * Threads that still run when the process ends end with it: it leaves by
 * _exit(), when the server has cleaned up, because libraries clean up in exit()
 * what the threads are using.
 *
 * src/transport/mail_thread.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storage/fd.h"
#include "storage/ipc.h"

#include "transport/mail_thread.h"

#define STACK_SIZE	(512 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Transfer *first_done = NULL; /* under the lock */
static int	event_fd = -1;

static void
leave_at_once(int code, Datum argument)
{
	_exit(code);
}

int
respond_mail_thread_open(void)
{
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not open the sockets of the courier: too many files are open")));
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not open the sockets of the courier: %m")));
	/* the first that is registered is the last that is called */
	on_proc_exit(leave_at_once, (Datum) 0);
	return event_fd;
}

/* QUIT is said, but nobody listens to the answer: there is nothing in it. */
static void
close_connection(TransferHandle *handle)
{
	curl_socket_t socket = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(handle->easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK && socket != CURL_SOCKET_BAD)
		shutdown(socket, SHUT_RD);
	curl_multi_remove_handle(handle->multi, handle->easy);
	curl_easy_cleanup(handle->easy);
	curl_multi_cleanup(handle->multi);
	handle->easy = NULL;
	handle->multi = NULL;
}

/* The last that a thread does: the transfer is the courier's again. */
static void
give_back(Transfer *transfer)
{
	uint64		one = 1;
	ssize_t		written;

	pthread_mutex_lock(&lock);
	transfer->next_done = first_done;
	first_done = transfer;
	pthread_mutex_unlock(&lock);
	/* it cannot be full: the courier reads it whenever it is not empty */
	written = write(event_fd, &one, sizeof(one));
	(void) written;
}

static void *
perform(void *argument)
{
	Transfer   *transfer = argument;
	TransferHandle *handle = transfer->handle;

	handle->multi = curl_multi_init();
	transfer->code = handle->multi != NULL ? handle->perform(handle, transfer) : CURLE_OUT_OF_MEMORY;
	respond_transfer_end(handle, transfer);
	close_connection(handle);
	give_back(transfer);
	return NULL;
}

bool
respond_mail_thread_start(Transfer *transfer)
{
	pthread_attr_t attributes;
	pthread_t	thread;
	bool		started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	started = pthread_create(&thread, &attributes, perform, transfer) == 0;
	pthread_attr_destroy(&attributes);
	return started;
}

Transfer *
respond_mail_thread_take_done(void)
{
	Transfer   *transfer;
	uint64		count;
	ssize_t		got;

	/* emptied before the list is looked at: what is put there later writes once more */
	got = read(event_fd, &count, sizeof(count));
	(void) got;
	pthread_mutex_lock(&lock);
	transfer = first_done;
	if (transfer != NULL)
		first_done = transfer->next_done;
	pthread_mutex_unlock(&lock);
	return transfer;
}
