/*-------------------------------------------------------------------------
 * scheme_read.h
 *	  What a request says about who signed it, by its scheme.
 *
 * Reading gives claims and contents for signature_check.h.  It builds without a
 * server.
 *
 * src/inbound/scheme_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SCHEME_READ_H
#define RESPOND_SCHEME_READ_H

#include "inbound/reason.h"
#include "inbound/request_path.h"
#include "inbound/scheme.h"

/* The url with a port and without one. */
#define SCHEME_CONTENTS_MOST	2

typedef struct SchemeReading
{
	int			claim_count;
	SignatureClaim claims[SIGNATURE_CLAIMS_MOST];
	int			content_count;	/* one of them has to be what was signed */
	const char *contents[SCHEME_CONTENTS_MOST];
	size_t		content_lengths[SCHEME_CONTENTS_MOST];
	const char *timestamp;		/* NULL: the scheme has none */
	const char *id;				/* NULL: not sent, or the scheme has none */
} SchemeReading;

/*
 * Reads a request by a scheme without fault.  data: the body, NULL when it is not
 * JSON.  public_url: scheme and host that the sender knows, such as
 * "https://hooks.example.com"; NULL: those of the request.  The reading points
 * into the arena, the scheme and the request.
 */
extern InboundReason respond_scheme_read(Arena *arena, const InboundScheme *scheme, const WebRequest *request,
										 const JsonValue *data, const char *public_url, SchemeReading *reading);

/* Whether what was read is signed with one of the keys, in constant time. */
extern InboundReason respond_scheme_check_signature(const InboundScheme *scheme, const SchemeReading *reading,
													const SignatureKey *keys, int key_count);

/* Whether it is neither too old nor from the future.  now: milliseconds since 1970. */
extern InboundReason respond_scheme_check_time(const InboundScheme *scheme, const SchemeReading *reading, int64_t now);

#endif							/* RESPOND_SCHEME_READ_H */
