/*-------------------------------------------------------------------------
 * callback_token.h
 *	  What is secret in the url that a peer calls to end a step.
 *
 * Where the token goes, a mark stands in the request as it is recorded.  The token
 * is made of the mark and a key of the key file, anew for each try, so it is the same
 * in all of them and is kept nowhere: what is kept is its hash.
 *
 * src/secret/callback_token.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLBACK_TOKEN_H
#define RESPOND_CALLBACK_TOKEN_H

#define CALLBACK_TOKEN_LENGTH	96
#define CALLBACK_HASH_SIZE		32

/*
 * A new mark, for the first key of the file, palloc'd: letters, digits and _ alone, so it
 * stands in any text as it is.  Raises ERRCODE_CONFIG_FILE_ERROR when there is no key.
 */
extern char *respond_callback_mark(void);

/*
 * The token of a mark, palloc'd.  Raises ERRCODE_CONFIG_FILE_ERROR when its key is not
 * in the file.
 */
extern char *respond_callback_token(const char *mark);

/* SHA-256 of a token, palloc'd; NULL: the text is none. */
extern bytea *respond_callback_hash(const char *token);

/* Whether the token was made with a key that is still in the file. */
extern bool respond_callback_is_known(const char *token);

#endif							/* RESPOND_CALLBACK_TOKEN_H */
