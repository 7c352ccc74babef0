/*-------------------------------------------------------------------------
 * stream_token.h
 *	  Whether the tokens of open streams are still good.
 *
 * src/stream/stream_token.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_TOKEN_H
#define RESPOND_STREAM_TOKEN_H

/* What a token must be good for. */
#define STREAM_SCOPE	"stream:read"

/*
 * Looks at all of them if anybody has changed a token since the last time, or
 * with again in any case: time passes, and roles change.  Sets is_good of each.
 * Returns whether they were looked at.
 */
extern bool respond_stream_tokens_check(bool again);

#endif							/* RESPOND_STREAM_TOKEN_H */
