/*-------------------------------------------------------------------------
 * token.h
 *	  Whose a request is: the token that it brings.
 *
 * src/rest/token.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TOKEN_H
#define RESPOND_TOKEN_H

#include "companion/web_answer.h"
#include "companion/web_request.h"
#include "rest/token_text.h"

/* A token that is good for a request. */
typedef struct Token
{
	const char *name;
	Oid			role;			/* that it acts as */
	unsigned char hash[TOKEN_HASH_SIZE];	/* tells it from all others, also from a later one of its name */
	const char *peer;			/* who uses it; as in WebRequest */
	bool		is_use_old;		/* its use is to be noted, see below */
} Token;

/*
 * The token of "Authorization: Bearer", if it is good for this scope
 * ("tickets:read", see token_scope.h) and from where the request comes; in the
 * arena.  NULL: *answer refuses with 401 or 403, and says no more than who asks may
 * know.  In a transaction of a worker; reads the table each time, so what is
 * changed holds at once.
 */
extern const Token *respond_token_check(Arena *arena, const WebRequest *request, const char *scope,
										WebAnswer **answer);

/*
 * Whether the token of this hash is good, from there and for this scope, and acts
 * as the role: for whoever was checked before, and has been here for long.
 */
extern bool respond_token_is_good(Arena *arena, const unsigned char *hash, const char *peer, const char *scope,
								  Oid role);

/*
 * Notes that the token is used, if that is not known for the last minutes; in a transaction of
 * a worker that writes, where nothing else hangs on it.  Waits for nobody.
 */
extern void respond_token_note_use(const Token *token);

#endif							/* RESPOND_TOKEN_H */
