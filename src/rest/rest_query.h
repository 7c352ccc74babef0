/*-------------------------------------------------------------------------
 * rest_query.h
 *	  The query of a request, checked against what its route takes.
 *
 * src/rest/rest_query.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_QUERY_H
#define RESPOND_REST_QUERY_H

#include "rest/rest_call.h"

/* Pages have as many items as "limit" says. */
#define PAGE_LIMIT			50
#define PAGE_MAX_LIMIT		500

/* Reads the query, in a transaction; false: call->answer refuses it and names the parameter. */
extern bool respond_rest_query_read(RestCall *call);

/* The value of a parameter; NULL: it is not there. */
extern const char *respond_rest_query_text(const RestCall *call, const char *name);

/* How many items a page may have, and the key behind which it begins; NULL: at the beginning. */
extern int	respond_rest_query_limit(const RestCall *call);
extern bool respond_rest_query_cursor(RestCall *call, uint32 *list, const char **after);

#endif							/* RESPOND_REST_QUERY_H */
