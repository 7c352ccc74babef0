/*-------------------------------------------------------------------------
 * secret_scan.h
 *	  Telling from a text whether it may hold a secret.
 *
 * src/secret/secret_scan.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SECRET_SCAN_H
#define RESPOND_SECRET_SCAN_H

/* What a text contains. */
#define SAYS_SET_SECRET		(1 << 0)	/* set_secret, inbound_secret, inbound_test, or whsec_ */
#define SAYS_SECRET			(1 << 1)
#define SAYS_CHANNEL		(1 << 2)
#define SAYS_CHANNEL_WORD	(1 << 3)	/* as a word of its own */
#define SAYS_OUR_CHANNEL	(1 << 4)	/* respond.channel */
#define SAYS_WRITE			(1 << 5)	/* insert, update, merge or copy */
#define SAYS_SOURCE			(1 << 6)	/* inbound_source */

/*
 * What the text says, SAYS_*; of NULL nothing.  With follow_execute also what
 * the prepared statements say that it executes.  Raises nothing, allocates
 * nothing.
 */
extern int	respond_secret_scan(const char *text, bool follow_execute);

/* Whether a statement, or else a message, that says this may hold a secret. */
extern bool respond_secret_suspected(int says, bool is_statement);

#endif							/* RESPOND_SECRET_SCAN_H */
