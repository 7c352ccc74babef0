/*-------------------------------------------------------------------------
 * query_text.h
 *	  Parameters of a query, and percent-encoding.
 *
 * It builds without a server.
 *
 * src/rest/query_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_QUERY_TEXT_H
#define RESPOND_QUERY_TEXT_H

#include <stdbool.h>

#include "common/arena.h"

#define QUERY_MAX_PARAMETERS	32

typedef struct WebParameter
{
	const char *name;
	const char *value;
} WebParameter;

typedef struct WebQuery
{
	int			count;
	WebParameter parameters[QUERY_MAX_PARAMETERS];
} WebQuery;

/*
 * Reads a query as forms have it; NULL is an empty one.  Returns NULL, or why it
 * is none, as the rest of a sentence that begins with the query.  Texts have no
 * NUL inside; bytes from 0x80 on are of no known encoding.
 */
extern const char *respond_query_read(Arena *arena, const char *text, WebQuery *query);

/* The value of a parameter; NULL: it is not there. */
extern const char *respond_query_value(const WebQuery *query, const char *name);

/* Decodes %XX, and with plus + as a blank; NULL: there is a % that begins none, or %00. */
extern char *respond_percent_decode(Arena *arena, const char *bytes, size_t length, bool plus);

/* Encodes all but what RFC 3986 section 2.3 calls unreserved. */
extern char *respond_percent_encode(Arena *arena, const char *text);

#endif							/* RESPOND_QUERY_TEXT_H */
