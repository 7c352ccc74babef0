/*-------------------------------------------------------------------------
 * kept_secret.h
 *	  Secrets of channels and sources between the trigger before a row and the one after it.
 *
 * src/channel/kept_secret.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KEPT_SECRET_H
#define RESPOND_KEPT_SECRET_H

/* Keeps a secret until the row of the channel is there; one that was kept before is forgotten. */
extern void respond_kept_secret_put(const char *channel, const char *secret);

/* That which this statement gives the channel already: in an INSERT whose conflict led to an UPDATE; NULL: none. */
extern const char *respond_kept_secret_peek(const char *channel);

/* The same, and it is kept no longer: the caller wipes it. */
extern char *respond_kept_secret_take(const char *channel);

/* A statement begins, or ends for good. */
extern void respond_kept_secret_forget(void);

#endif							/* RESPOND_KEPT_SECRET_H */
