/*-------------------------------------------------------------------------
 * caller_request.h
 *	  The request of a caller, on its way to a worker.
 *
 * src/listener/caller_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_REQUEST_H
#define RESPOND_CALLER_REQUEST_H

#include "listener/caller.h"

/* Where a request lies that is whole, or is what came of one with a flaw. */
typedef struct RequestBytes
{
	const HttpHead *head;
	HttpText	body;
	HttpText	head_bytes;		/* all of the head as it came; it is kept if the request has to wait */
} RequestBytes;

/* Has a worker asked, or refuses. */
extern void respond_caller_ask(Caller *caller, const RequestBytes *request);

/* The caller will send no more. */
extern void respond_caller_note_end(Caller *caller);

/* The Host of the head in lower case; in place, until the next call. */
extern HttpText respond_caller_host(const HttpHead *head);

#endif							/* RESPOND_CALLER_REQUEST_H */
