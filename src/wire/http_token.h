/*-------------------------------------------------------------------------
 * http_token.h
 *	  What may stand in a token of HTTP: names of fields, methods.
 *
 * src/wire/http_token.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_TOKEN_H
#define RESPOND_HTTP_TOKEN_H

#include <stdbool.h>
#include <string.h>

/* RFC 9110 section 5.6.2, in any locale. */
static inline bool
respond_http_is_token(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

#endif							/* RESPOND_HTTP_TOKEN_H */
