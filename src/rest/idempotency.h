/*-------------------------------------------------------------------------
 * idempotency.h
 *	  A request that is sent again with the same Idempotency-Key has the same answer, and acts once.
 *
 * src/rest/idempotency.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_IDEMPOTENCY_H
#define RESPOND_IDEMPOTENCY_H

#include "rest/rest_call.h"

/*
 * Before the request acts, in its transaction, as a worker.  False: call->answer is
 * the answer that it had before, or refuses it.
 */
extern bool respond_idempotency_begin(RestCall *call);

/* After it, in the same transaction: keeps the answer. */
extern void respond_idempotency_end(RestCall *call);

#endif							/* RESPOND_IDEMPOTENCY_H */
