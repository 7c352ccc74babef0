/*-------------------------------------------------------------------------
 * source_check.c
 *	  Secrets that are given to a source.
 *
 * src/inbound/source_check.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "common/errors.h"
#include "inbound/source.h"
#include "inbound/source_check.h"
#include "secret/channel_secret.h"

/* Nobody's token is shorter; what is, can be tried out. */
#define SHORTEST_TEXT	3

/* Standard Webhooks asks for 24; some senders give less. */
#define SHORTEST_BYTES	16

static void
refuse(const char *place, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_SOURCE),
			 errmsg("%s: it %s", place, fault),
			 hint != NULL ? errhint("%s", hint) : 0,
			 errhidestmt(true)));
}

/* A key in PEM has lines. */
static bool
has_control_character(const char *secret)
{
	bool		is_pem = strstr(secret, "-----BEGIN") != NULL;

	for (const char *c = secret; *c != '\0'; c++)
		if (((unsigned char) *c < ' ' && !(is_pem && strchr("\r\n", *c) != NULL)) || *c == 0x7F)
			return true;
	return false;
}

static void
check_length(const SchemeRow *scheme, const SignatureKey *key, const char *place)
{
	bool		is_public = key->algorithm == SIGNATURE_ED25519 || key->algorithm == SIGNATURE_ECDSA;
	bool		is_text = scheme->scheme.secret_form == SECRET_TEXT || key->algorithm == SIGNATURE_BEARER ||
	key->algorithm == SIGNATURE_BASIC;

	if (!is_public && is_text && key->length < SHORTEST_TEXT)
		refuse(place, psprintf("is shorter than %d characters", SHORTEST_TEXT), NULL);
	if (!is_public && !is_text && key->length < SHORTEST_BYTES)
		refuse(place, psprintf("has less than %d bytes", SHORTEST_BYTES),
			   "A secret of Standard Webhooks is \"whsec_\" and 24 to 64 random bytes in base64.");
}

void
respond_source_check_secret(const SchemeRow *scheme, const char *place, const char *secret)
{
	SignatureKey key;
	const char *fault;

	if (scheme->scheme.algorithm == SIGNATURE_NONE)
		refuse(place, psprintf("cannot be given: scheme \"%s\" checks none", scheme->name), NULL);
	if (strlen(secret) > RESPOND_MAX_SECRET_LENGTH)
		refuse(place, psprintf("is longer than %d bytes", RESPOND_MAX_SECRET_LENGTH), NULL);
	if (has_control_character(secret))
		refuse(place, "contains a control character",
			   "A line break at its end often comes from reading it from a file.");
	fault = respond_source_key(scheme, secret, &key);
	if (fault != NULL)
		refuse(place, fault, psprintf("respond.inbound_scheme says what the secret of \"%s\" is.", scheme->name));
	check_length(scheme, &key, place);
	OPENSSL_cleanse(unconstify(unsigned char *, key.bytes), key.length);
}
