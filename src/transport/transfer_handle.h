/*-------------------------------------------------------------------------
 * transfer_handle.h
 *	  What all transfers have in common: libcurl's handles and how they are set.
 *
 * src/transport/transfer_handle.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRANSFER_HANDLE_H
#define RESPOND_TRANSFER_HANDLE_H

#include "transport/transfer.h"

typedef struct TransferHandle
{
	CURL	   *easy;
	struct TransferHandle *next;	/* among the idle ones */
	uint64		generation;		/* of the settings that it was made with */
	int64		started_us;
	char		error[CURL_ERROR_SIZE];
	struct curl_slist *recipients;	/* mail */
	CURLM	   *multi;			/* of a mail's thread, which has no other transfer */
	CURLcode	(*perform) (struct TransferHandle *handle, Transfer *transfer); /* in a thread of its own */
} TransferHandle;

/* For the setting: whether a list of allowed networks is legal, and why not. */
extern bool respond_transfer_check_networks(const char *text, char *error, size_t size);

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

#endif							/* RESPOND_TRANSFER_HANDLE_H */
