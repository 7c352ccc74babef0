/*-------------------------------------------------------------------------
 * http_head.h
 *	  The head of an HTTP request: read strictly, or refused.
 *
 * RFC 9110 and RFC 9112.  Where these leave it to the server whether to guess
 * what a sender meant, the answer is no: two programs on the way of a request
 * that guess differently disagree about where it ends, and what one takes for
 * its body the other takes for the next request.  It builds without a server.
 *
 * src/listener/http_head.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HTTP_HEAD_H
#define RESPOND_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_MAX_HEAD		16384	/* bytes of a head, its last line included */
#define HTTP_MAX_TARGET		8192	/* bytes of a request target */
#define HTTP_MAX_FIELDS		100
#define HTTP_MAX_METHOD		16	/* bytes of a method */

/* Bytes of the head; not terminated. */
typedef struct HttpText
{
	const char *bytes;
	size_t		length;
} HttpText;

typedef struct HttpField
{
	HttpText	name;
	HttpText	value;			/* without the blanks around it */
} HttpField;

/* How the end of the body is found. */
typedef enum HttpFraming
{
	HTTP_NO_BODY,
	HTTP_LENGTH,				/* body_length bytes */
	HTTP_CHUNKED
} HttpFraming;

typedef struct HttpHead
{
	HttpText	method;
	HttpText	target;			/* as sent */
	HttpText	path;			/* begins with '/', or is "*" */
	HttpText	query;			/* behind the '?'; bytes NULL: there is none */
	HttpText	host;			/* of the field Host; bytes NULL: none, in HTTP/1.0 */
	int			minor;			/* HTTP/1.minor, 0 or 1 */
	bool		keep_alive;		/* another request may follow on the connection */
	bool		expects_continue;	/* the body is sent after "100 Continue" */
	HttpFraming framing;
	uint64_t	body_length;	/* with HTTP_LENGTH */
	int			field_count;
	HttpField	fields[HTTP_MAX_FIELDS];
} HttpHead;

typedef enum HttpVerdict
{
	HTTP_MORE,					/* it may become one; call again with more */
	HTTP_WHOLE,
	HTTP_REFUSED				/* answer with the status, then close the connection */
} HttpVerdict;

/* Where the reading of a head stands between two calls; all zero before the first. */
typedef struct HttpHeadScan
{
	size_t		scanned;		/* bytes that were looked at */
	size_t		start;			/* where the request line begins: an empty line may stand before it */
} HttpHeadScan;

/* Why it was refused. */
typedef struct HttpRefusal
{
	int			status;			/* 400, 414, 417, 431 or 505 */
	const char *reason;			/* for a person, in lower case; a constant */
} HttpRefusal;

/*
 * Reads the head at the beginning of bytes.  With HTTP_WHOLE, *used is how
 * many bytes it has, and the texts of head point into bytes.  With HTTP_MORE,
 * the next call has the same bytes and those that came since.
 */
extern HttpVerdict respond_http_head_read(HttpHeadScan *scan, const char *bytes, size_t length,
										  HttpHead *head, size_t *used, HttpRefusal *refusal);

/* Whether two texts are the same but for the case of letters of ASCII. */
extern bool respond_http_text_is(HttpText text, const char *lower_case);

/*
 * Whether the bytes are lines of fields: to the end of trailer fields the same
 * rules apply as to those of a head.  Each line ends with CR LF.
 */
extern bool respond_http_is_field_line(const char *line, size_t length);

#endif							/* RESPOND_HTTP_HEAD_H */
