/*-------------------------------------------------------------------------
 * reason.h
 *	  Why a request from outside did not become events.
 *
 * These are the words in inbound_reject.reason; whoever sent the request reads none of them.
 *
 * src/inbound/reason.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_REASON_H
#define RESPOND_INBOUND_REASON_H

typedef enum InboundReason
{
	INBOUND_ACCEPTED,
	INBOUND_NO_SOURCE,
	INBOUND_METHOD,
	INBOUND_SIZE,
	INBOUND_RATE,
	INBOUND_NETWORK,
	INBOUND_MISSING_SIGNATURE,
	INBOUND_MISSING_TIMESTAMP,
	INBOUND_MISSING_ID,
	INBOUND_MALFORMED,
	INBOUND_STALE,
	INBOUND_SIGNATURE,
	INBOUND_CHALLENGE,
	INBOUND_SPLIT,
	INBOUND_INVALID_EVENT
} InboundReason;

#define INBOUND_LAST_REASON		INBOUND_INVALID_EVENT

/* The word; NULL for INBOUND_ACCEPTED. */
extern const char *respond_inbound_reason_word(InboundReason reason);

#endif							/* RESPOND_INBOUND_REASON_H */
