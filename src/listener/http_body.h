/*-------------------------------------------------------------------------
 * http_body.h
 *	  The body of an HTTP request: where it ends, and its bytes without their framing.
 *
 * RFC 9112 sections 6 and 7.1, as strictly as http_head.h.  It builds without a server.
 *
 * src/listener/http_body.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_BODY_H
#define RESPOND_HTTP_BODY_H

#include "listener/http_head.h"

#define HTTP_MAX_EXTENSION	256		/* bytes behind the size of a chunk */
#define HTTP_MAX_TRAILER	4096	/* bytes of trailer fields, which nobody reads */
#define HTTP_MAX_CHUNK_DIGITS 8

typedef enum HttpBodyState
{
	HTTP_BODY_SIZE,				/* before or in the size of a chunk */
	HTTP_BODY_EXTENSION,
	HTTP_BODY_SIZE_END,			/* the line feed behind it */
	HTTP_BODY_DATA,
	HTTP_BODY_DATA_RETURN,		/* the line end behind the data */
	HTTP_BODY_DATA_END,
	HTTP_BODY_TRAILER,			/* in a line behind the last chunk */
	HTTP_BODY_TRAILER_END,
	HTTP_BODY_WHOLE
} HttpBodyState;

typedef struct HttpBody
{
	HttpBodyState state;
	bool		chunked;
	uint64_t	left;			/* bytes of data that are still to come of the length or the chunk */
	uint64_t	limit;			/* bytes of data that the body may still have */
	int			digits;			/* of the size of the chunk */
	size_t		extras;			/* bytes of the extension or the trailer fields */
	size_t		line;			/* bytes of the line of the trailer */
	char		kept[HTTP_MAX_TRAILER];	/* the extension, or the line of the trailer */
} HttpBody;

typedef enum HttpBodyVerdict
{
	HTTP_BODY_MORE,				/* all bytes were taken; there are more to come */
	HTTP_BODY_DONE,				/* the body is whole; the bytes behind *used are of the next request */
	HTTP_BODY_TOO_LARGE,		/* it has more bytes than limit */
	HTTP_BODY_REFUSED			/* not understood; answer with 400, then close the connection */
} HttpBodyVerdict;

/* Prepares for the body of this head.  A body that cannot fit is told of at the first call of take. */
extern void respond_http_body_begin(HttpBody *body, const HttpHead *head, uint64_t limit);

/*
 * Takes bytes of the connection, in place: the data among them is moved to the
 * beginning of bytes, and *data is how many bytes that are.  *used: bytes that
 * belong to the body.
 */
extern HttpBodyVerdict respond_http_body_take(HttpBody *body, char *bytes, size_t length, size_t *used, size_t *data,
											  const char **reason);

#endif							/* RESPOND_HTTP_BODY_H */
