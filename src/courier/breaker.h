/*-------------------------------------------------------------------------
 * breaker.h
 *	  Circuit breakers: a host that does not answer, and a channel whose receiver
 *	  answers with errors, are left alone for a while.
 *
 * No connection and no answer say something of the host, and so of all channels
 * that lead there.  An answer says that the host is well: an error in it is about
 * one channel, for many services share a host.
 *
 * A breaker is closed while all is well.  Some failures in a row open it:
 * nothing is sent for a time, which doubles with each failure.  Then it is
 * half-open: one request may try.  When that succeeds the breaker closes, and
 * the number of requests at a time begins with one and doubles with each
 * success, so that whoever comes back is not overrun.
 *
 * No clock of its own; times are those of the caller.
 *
 * src/courier/breaker.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BREAKER_H
#define RESPOND_BREAKER_H

#include "datatype/timestamp.h"

/* Failures in a row, by that many requests, that open it. */
#define BREAKER_FAILURES		5
#define BREAKER_FIRST_MS		1000
#define BREAKER_LONGEST_MS		60000

typedef enum BreakerState
{
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_HALF_OPEN			/* a probe is under way */
} BreakerState;

typedef struct Breaker
{
	const char *name;			/* scheme://host:port, whole, hash key; or that of the channel */
	bool		is_channel;
	int			last_answer;	/* that counted as a failure; 0: none came */
	int			shown;			/* place in shared memory, counted from 1; 0: none */
	BreakerState state;
	int			failures;		/* in a row */
	int			open_ms;		/* how long it was opened for */
	TimestampTz open_until;
	int			in_flight;
	int			ramp;			/* requests at a time; 0: no limit */
} Breaker;

/*
 * The breaker of a host, made when there is none.  It stays for the life of the
 * process: hosts are those that channels name, so they are few.
 */
extern Breaker *respond_breaker_find(const char *name);

/* Closes that of a channel, which was changed; name NULL: which is gone. */
extern void respond_breaker_reset(Breaker *breaker, const char *name);

/*
 * Whether a request may be sent now.  If not, *until is when to ask again
 * (0: when one that is under way has ended).
 */
extern bool respond_breaker_allows(Breaker *host, TimestampTz now, TimestampTz *until);

/* A request is sent; true when it is the probe. */
extern bool respond_breaker_begin(Breaker *host, TimestampTz now);

/* It ended, with this answer (0: none).  random: [0, 1). */
extern void respond_breaker_end(Breaker *host, bool is_probe, bool success, long answer, TimestampTz now,
								double random);

/* It ended without saying anything about it. */
extern void respond_breaker_cancel(Breaker *host, bool is_probe);

#endif							/* RESPOND_BREAKER_H */
