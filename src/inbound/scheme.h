/*-------------------------------------------------------------------------
 * scheme.h
 *	  How a provider signs its requests.
 *
 * A scheme says where the signature, the time and the id of a request stand and
 * what was signed.  It builds without a server.
 *
 * src/inbound/scheme.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_SCHEME_H
#define RESPOND_INBOUND_SCHEME_H

#include <stddef.h>

#include "inbound/signature_check.h"

#define SCHEME_NO_TOLERANCE		(-1)

/* NULL: it has none of it.  Places are paths of request_path.h. */
typedef struct InboundScheme
{
	SignatureAlgorithm algorithm;
	SignatureEncoding encoding;
	SecretForm	secret_form;
	const char *signature_place;
	const char *prefix;			/* before each signature; for basic and bearer in any case of letters */
	const char *public_prefix;	/* the same before those of ed25519 in base64, beside those of the algorithm */
	char		separator;		/* between signatures; NUL: there is one */
	const char *pairs;			/* "t={{timestamp}},v1={{signature}}" */
	const char *signed_text;	/* "{{timestamp}}.{{body}}", see respond_scheme_fault() */
	const char *timestamp_place;
	bool		milliseconds;	/* the timestamp counts these, not seconds */
	int			tolerance;		/* seconds, both ways, or SCHEME_NO_TOLERANCE */
	const char *id_place;
} InboundScheme;

/*
 * What is wrong with a scheme, as the rest of a sentence, and *column, the name
 * of what is wrong; NULL: nothing.  signed_text may hold {{id}}, {{timestamp}},
 * {{body}}, {{url}}, {{form}} (respond_form_sorted()) and {{data.PATH}}; pairs
 * has the two tags {{timestamp}} and {{signature}}, of which the first may be left out.
 */
extern const char *respond_scheme_fault(const InboundScheme *scheme, const char **column);

/* Whether its algorithm signs something, as basic and bearer do not. */
extern bool respond_scheme_has_signature(const InboundScheme *scheme);

/* "name=" before a tag, in pairs. */
typedef struct PairName
{
	const char *name;
	size_t		length;
} PairName;

typedef struct Pairs
{
	PairName	timestamp;
	PairName	signature;
	char		separator;
} Pairs;

/* Reads InboundScheme.pairs; false: they are not as they have to be. */
extern bool respond_scheme_pairs(const char *text, Pairs *pairs);

typedef enum SignedPart
{
	SIGNED_TEXT,
	SIGNED_ID,
	SIGNED_TIMESTAMP,
	SIGNED_BODY,
	SIGNED_URL,
	SIGNED_FORM,
	SIGNED_DATA,
	SIGNED_END,
	SIGNED_WRONG
} SignedPart;

/*
 * The next part of signed_text, and the text between its braces, or that of a
 * SIGNED_TEXT.  *at: where it begins, then where it ends.
 */
extern SignedPart respond_scheme_next_signed(const char **at, const char **text, size_t *length);

/* Whether signed_text has such a part; SIGNED_END: whether all of it is legal. */
extern bool respond_scheme_signs(const InboundScheme *scheme, SignedPart wanted);

#endif							/* RESPOND_INBOUND_SCHEME_H */
