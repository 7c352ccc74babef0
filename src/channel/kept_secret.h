/*-------------------------------------------------------------------------
 * kept_secret.h
 *	  Secrets of channels between the trigger before a row and the one after it.
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

#endif							/* RESPOND_KEPT_SECRET_H */
