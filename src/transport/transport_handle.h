/*-------------------------------------------------------------------------
 * transport_handle.h
 *	  What the files of the transport share: libcurl's handles and how they are set.
 *
 * src/transport/transport_handle.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRANSPORT_HANDLE_H
#define RESPOND_TRANSPORT_HANDLE_H

#include "transport/transport.h"

typedef struct TransferHandle
{
	CURL	   *easy;
	struct TransferHandle *next;	/* among the idle ones */
	uint64		generation;		/* of the settings that it was made with */
	int64		started_us;
	char		error[CURL_ERROR_SIZE];
	struct curl_slist *recipients;	/* mail */
	CURLcode	(*perform) (struct TransferHandle *handle, Transfer *transfer); /* in a thread of its own */
} TransferHandle;

/* transfer.c: what HTTP and mail have in common */

/* Reads the settings; handles that were made before are of an older generation. */
extern void respond_transfer_configure(void);
extern uint64 respond_transfer_generation(void);

/* Options that stay for the life of a handle; false when memory is short. */
extern bool respond_transfer_prepare(CURL *easy, const TransferKind *kind);

/* Options of this transfer. */
extern CURLcode respond_transfer_fill(TransferHandle *handle, Transfer *transfer);

/* It has ended with this code: takes the result, and what it was given, out of libcurl's hands. */
extern void respond_transfer_end(TransferHandle *handle, Transfer *transfer);

/* Microseconds of a clock that only goes forward. */
extern int64 respond_transfer_now(void);

/* Longest time until there is a connection; of a mail, one of TCP. */
#define CONNECT_TIMEOUT_MS	10000L

/* Takes back what libcurl was given for this transfer, and frees it. */
extern void respond_transfer_clear(TransferHandle *handle, Transfer *transfer);

/* http_transfer.c: what libcurl's multi handle tells of */

/* It has ended, and was the first on its connection: which protocol that speaks. */
extern void respond_http_note_connection(const TransferHandle *handle);
/*
 * It has ended, and its handle is in nobody's hands: whether it failed because it
 * was sent on a connection that was over.  Then it is ready to be sent again.
 */
extern bool respond_http_begin_again(TransferHandle *handle, Transfer *transfer);

#endif							/* RESPOND_TRANSPORT_HANDLE_H */
