/*-------------------------------------------------------------------------
 * caller_life.h
 *	  From the first byte of a connection to its end.
 *
 * src/listener/caller_life.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_LIFE_H
#define RESPOND_CALLER_LIFE_H

#include "listener/caller.h"

/* How many connections there may be. */
typedef struct CallerLimits
{
	uint64_t	in_all;
	uint64_t	of_address;		/* 0: any number */
} CallerLimits;

extern CallerLimits respond_caller_limits;

/* Takes over a connection that was accepted: meets its caller, or refuses. */
extern void respond_caller_open(int fd, const Peer *peer, bool is_tls);

/* Closes the connection that has waited longest for its next request; false: none does. */
extern bool respond_caller_close_idle(void);

/* Does what is to be done without an event; true: there is more of it. */
extern bool respond_callers_go_on(void);

#endif							/* RESPOND_CALLER_LIFE_H */
