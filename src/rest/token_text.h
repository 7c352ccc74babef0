/*-------------------------------------------------------------------------
 * token_text.h
 *	  How tokens of the REST interface are written.
 *
 * "prt_", 32 random bytes and 4 bytes that depend on what stands before them, in
 * hex.  So a token is found by whoever looks for leaked ones, and a mistyped one is known without looking
 * it up.  What is kept of a token is the SHA-256 of its text.  It builds without a server.
 *
 * src/rest/token_text.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TOKEN_TEXT_H
#define RESPOND_TOKEN_TEXT_H

#include <stdbool.h>

#define TOKEN_PREFIX		"prt_"
#define TOKEN_RANDOM_SIZE	32
#define TOKEN_LENGTH		76
#define TOKEN_HASH_SIZE		32

/* Writes TOKEN_LENGTH bytes and a NUL; false: the library has no memory. */
extern bool respond_token_text_make(const unsigned char *random, char *text);

/* The hash of a token; false: the text is none. */
extern bool respond_token_text_hash(const char *text, unsigned char *hash);

/* The token in the value of a header Authorization, NULL when it holds none. */
extern const char *respond_token_text_find(const char *authorization);

#endif							/* RESPOND_TOKEN_TEXT_H */
