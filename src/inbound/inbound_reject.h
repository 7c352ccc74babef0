/*-------------------------------------------------------------------------
 * inbound_reject.h
 *	  A sample of the requests that were refused, in respond.inbound_reject.
 *
 * src/inbound/inbound_reject.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_REJECT_H
#define RESPOND_INBOUND_REJECT_H

#include "companion/web_request.h"
#include "inbound/rate.h"
#include "inbound/reason.h"

/* Rows that are kept. */
#define INBOUND_REJECTS_MOST	1000

/* How many of the refusals of one source become rows; all zero: none so far. */
typedef struct RejectSample
{
	RateBucket	buckets[INBOUND_LAST_REASON + 1];
} RejectSample;

/* Whether this refusal shall become a row: the first ones do, and then one in a second. */
extern bool respond_inbound_reject_is_sampled(RejectSample *sample, InboundReason reason);

/*
 * Writes the row, in a transaction.  source NULL: the request found none.
 * hidden: names of headers that nobody may see, beside those that look so.
 */
extern void respond_inbound_reject_write(const char *source, InboundReason reason, const char *detail,
										 const WebRequest *request, const char *const *hidden, int hidden_count);

#endif							/* RESPOND_INBOUND_REJECT_H */
