/*-------------------------------------------------------------------------
 * transfer_kind.h
 *	  What differs between transfers, kind by kind: a table of functions.
 *
 * The transport and what all transfers have in common (transfer.c) know of HTTP
 * and mail by these tables alone.  Another kind is a file with a table of its own.
 *
 * src/transport/transfer_kind.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRANSFER_KIND_H
#define RESPOND_TRANSFER_KIND_H

#include "transport/transfer_handle.h"

struct TransferKind
{
	/* Options that stay for the life of a handle; false when memory is short. */
	bool		(*prepare) (CURL *easy);

	/* Options of this transfer. */
	CURLcode	(*fill) (TransferHandle *handle, Transfer *transfer);

	/*
	 * Sets it going, when it is filled; CURLE_OK when that was done.  Then it may
	 * have ended already, in a thread.
	 */
	CURLcode	(*start) (CURLM *multi, Transfer *transfer);

	/*
	 * Whether the receiver, as it has shown itself, can take what is about to be
	 * sent; notes why not.  NULL: all can.
	 */
	bool		(*suits) (Transfer *transfer);

	/* It has ended: what libcurl does not tell of it.  NULL: nothing. */
	void		(*result) (Transfer *transfer);

	/* Takes back what fill gave to libcurl for this transfer alone. */
	void		(*clear) (TransferHandle *handle);

	/* Its handles are kept for the next transfer; of one kind only, since they lie in one list. */
	bool		keeps_handles;
};

#endif							/* RESPOND_TRANSFER_KIND_H */
