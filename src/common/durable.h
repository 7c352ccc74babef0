/*-------------------------------------------------------------------------
 * durable.h
 *	  Whether what was committed is safe, before anybody is told so.
 *
 * src/common/durable.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DURABLE_H
#define RESPOND_DURABLE_H

/*
 * Waits until all that was committed by now, by whomever, is on disk, here and
 * where a synchronous standby keeps it; for five seconds at most, then false.
 * Unlike the server's own wait at a commit it ends.  Outside a transaction, in a
 * process that commits with synchronous_commit = off.
 */
extern bool respond_durable_wait(void);

#endif							/* RESPOND_DURABLE_H */
