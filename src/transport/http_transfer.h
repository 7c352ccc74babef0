/*-------------------------------------------------------------------------
 * http_transfer.h
 *	  A transfer over HTTP: what libcurl's multi handle tells of it.
 *
 * src/transport/http_transfer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_TRANSFER_H
#define RESPOND_HTTP_TRANSFER_H

#include "transport/transfer_handle.h"

/* It has ended, and was the first on its connection: which protocol that speaks. */
extern void respond_http_transfer_note_connection(const TransferHandle *handle);

/*
 * It has ended, and its handle is in nobody's hands: whether it failed because it
 * was sent on a connection that was over.  Then it is ready to be sent again.
 */
extern bool respond_http_transfer_begin_again(TransferHandle *handle, Transfer *transfer);

#endif							/* RESPOND_HTTP_TRANSFER_H */
