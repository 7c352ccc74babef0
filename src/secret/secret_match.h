/*-------------------------------------------------------------------------
 * secret_match.h
 *	  Whether a secret stands at a place of a text, however that quotes it.
 *
 * src/secret/secret_match.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SECRET_MATCH_H
#define RESPOND_SECRET_MATCH_H

#include <stddef.h>

/*
 * Bytes of text, from its beginning on, that say secret; 0: they do not.  Case
 * does not count, nor does white space between two characters.  Each character
 * may be written as itself, or as JSON, JavaScript, C, HTML, urls, forms,
 * quoted-printable or the url-safe base64 write it, once or several times over.
 * When the text ends first, what it has counts from four bytes of the secret on.
 */
extern size_t respond_secret_match(const char *secret, const char *text, size_t length);

#endif							/* RESPOND_SECRET_MATCH_H */
