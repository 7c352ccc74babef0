/*-------------------------------------------------------------------------
 * http_session.h
 *	  A connection without a network: bytes in, requests or a refusal out, as text.
 *
 * test/unit/http_session.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_SESSION_H
#define RESPOND_HTTP_SESSION_H

#include <stddef.h>

#define HTTP_SESSION_BODY	1000	/* largest body */

/*
 * What comes out of the bytes, in parts of step bytes: "METHOD target body" for
 * each request, then, behind " | ", "refused", "large", "closed" (more bytes came behind the last
 * request of a connection) or "more" (a request is not whole).  Nothing is
 * behind the last whole request.  Bytes that do not print are escaped as in C.
 * Allocated.
 */
extern char *http_session(const char *bytes, size_t length, size_t step);

/* Turns escapes back into bytes, in place; returns how many. */
extern size_t http_unescape(char *text);

#endif							/* RESPOND_HTTP_SESSION_H */
