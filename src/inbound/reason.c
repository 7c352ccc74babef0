/*-------------------------------------------------------------------------
 * reason.c
 *	  Why a request from outside did not become events.
 *
 * src/inbound/reason.c
 *-------------------------------------------------------------------------
 */
#include "inbound/reason.h"

#include <stddef.h>

const char *
respond_inbound_reason_word(InboundReason reason)
{
	static const char *const words[] = {
		NULL, "no_source", "method", "size", "rate", "network", "missing_signature", "missing_timestamp",
		"missing_id", "malformed", "stale", "signature", "challenge", "split", "invalid_event"
	};

	return words[reason];
}
