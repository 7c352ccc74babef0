/*-------------------------------------------------------------------------
 * token_scope.h
 *	  What a token may be used for, in words.
 *
 * "tickets:read" is one thing; "tickets" is all of tickets, "read" all reading,
 * and "*" everything.  It builds without a server.
 *
 * src/rest/token_scope.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TOKEN_SCOPE_H
#define RESPOND_TOKEN_SCOPE_H

#include <stdbool.h>

#define SCOPE_WORDS_AREA	"events, tickets, approvals, rules, runs, deliveries, health, stream, metrics"

/* Whether there is such a word. */
extern bool respond_scope_is_word(const char *word);

/* Whether the word allows what is asked for, which is AREA:read or AREA:write. */
extern bool respond_scope_allows(const char *word, const char *asked);

#endif							/* RESPOND_TOKEN_SCOPE_H */
