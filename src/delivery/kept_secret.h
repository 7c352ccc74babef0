/*-------------------------------------------------------------------------
 * kept_secret.h
 *	  Secrets of channels between the trigger before a row and the one after it.
 *
 * src/delivery/kept_secret.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KEPT_SECRET_H
#define RESPOND_KEPT_SECRET_H

/* Keeps a secret until the row of the channel is there; one that was kept before is forgotten. */
extern void respond_kept_secret_put(const char *channel, const char *secret);

#endif							/* RESPOND_KEPT_SECRET_H */
