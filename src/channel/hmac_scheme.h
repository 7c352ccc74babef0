/*-------------------------------------------------------------------------
 * hmac_scheme.h
 *	  How a provider wants requests signed: an HMAC in headers of its own.
 *
 * src/channel/hmac_scheme.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HMAC_SCHEME_H
#define RESPOND_HMAC_SCHEME_H

#include "utils/jsonb.h"

typedef struct HmacHeader
{
	const char *name;
	const char *value;			/* with {{signature}}, {{timestamp}}, {{key}} */
} HmacHeader;

typedef struct HmacScheme
{
	const char *algorithm;		/* sha1, sha256, sha384 or sha512 */
	const char *encoding;		/* of the signature: hex, base64 or base64url */
	const char *secret;			/* what the secret is: text, hex or base64 */
	const char *content;		/* that is signed: with {{body}}, {{timestamp}}, {{key}} */
	HmacHeader *headers;
	int			header_count;
} HmacScheme;

/* Of one request. */
typedef struct HmacRequest
{
	const char *body;			/* in UTF-8 */
	const char *key;			/* of the delivery */
	int64		timestamp;		/* seconds since 1970 */
} HmacRequest;

/*
 * Reads column hmac of channel_kind, in the current memory context; raises
 * ERRCODE_RESPOND_INVALID_CHANNEL with the place when it is none.
 */
extern HmacScheme *respond_hmac_scheme_read(Jsonb *hmac);

/* Why the secret cannot be a key of this scheme, as the rest of a sentence about it; NULL: it can. */
extern const char *respond_hmac_scheme_check_secret(const HmacScheme *scheme, const char *secret);

/* The signature of the request as a text, palloc'd; NULL when it could not be made. */
extern char *respond_hmac_scheme_sign(const HmacScheme *scheme, const char *secret, const HmacRequest *request);

/* A header's value, palloc'd. */
extern char *respond_hmac_scheme_header(const HmacHeader *header, const HmacRequest *request, const char *signature);

#endif							/* RESPOND_HMAC_SCHEME_H */
