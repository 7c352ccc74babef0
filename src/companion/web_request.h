/*-------------------------------------------------------------------------
 * web_request.h
 *	  A request from the network and its answer, and how both stand in a frame.
 *
 * The program that meets the callers reads requests; a worker answers them.  A
 * worker does not trust the program: what it takes from a frame is checked once
 * more, so that the rooms above may rely on what is said here.  It builds
 * without a server.
 *
 * src/companion/web_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WEB_REQUEST_H
#define RESPOND_WEB_REQUEST_H

#include "common/arena.h"
#include "companion/frame.h"

#define WEB_MAX_FIELDS		100
#define WEB_MAX_METHOD		16

typedef struct WebField
{
	const char *name;			/* a token in lower case */
	const char *value;			/* without control characters but tabs; bytes from 0x80 on are of no
								 * known encoding */
} WebField;

typedef enum WebFlaw
{
	WEB_WHOLE,
	WEB_TOO_LARGE,				/* the body is larger than the limit of its path: 413 */
	WEB_TOO_SLOW				/* it did not come in time: 408 */
} WebFlaw;

#define WEB_LAST_FLAW		WEB_TOO_SLOW

/* Texts end with NUL and have none inside; those of the head are ASCII but for values of fields. */
typedef struct WebRequest
{
	uint64_t	id;				/* for the answer */
	const char *method;			/* a token */
	const char *path;			/* behind the name of the database, as sent; begins with '/' */
	const char *query;			/* behind the '?', as sent; NULL: there is none */
	const char *target;			/* all of it, as sent */
	const char *host;			/* as sent, in lower case; empty: not sent */
	bool		secure;			/* came over TLS */
	const char *peer;			/* address of the caller as inet writes it; empty: a Unix socket */
	WebFlaw		flaw;			/* with one, the body is empty */
	int			field_count;
	WebField   *fields;
	const char *body;			/* raw bytes; a NUL follows them */
	size_t		body_length;
} WebRequest;

/* The value of the first field of this name; NULL: there is none.  name: in lower case. */
extern const char *respond_web_field(const WebRequest *request, const char *name);

/*
 * The values of all fields of this name as one list with commas, which is what they mean
 * when each is a list (RFC 9110 section 5.3); NULL: there is none, or memory is lacking.
 */
extern const char *respond_web_field_list(Arena *arena, const WebRequest *request, const char *name);

/* How many fields have this name. */
extern int	respond_web_field_count(const WebRequest *request, const char *name);

/* Writes FRAME_REQUEST; false: it does not fit into a frame, or memory is lacking. */
extern bool respond_web_request_write(FrameBuffer *buffer, const WebRequest *request);

/*
 * Reads FRAME_REQUEST; all of the request is in the arena.  NULL: it is not as
 * said above.
 */
extern WebRequest *respond_web_request_read(Arena *arena, Frame *frame);

#endif							/* RESPOND_WEB_REQUEST_H */
