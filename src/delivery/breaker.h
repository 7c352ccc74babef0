/*-------------------------------------------------------------------------
 * breaker.h
 *	  Circuit breakers: a host that does not answer is left alone for a while.
 *
 * A breaker is closed while all is well.  Some failures in a row open it:
 * nothing is sent for a time, which doubles with each failure.  Then it is
 * half-open: one request may try.  When that succeeds the breaker closes, and
 * the number of requests at a time begins with one and doubles with each
 * success, so that whoever comes back is not overrun.
 *
 * No clock of its own; times are those of the caller.
 *
 * src/delivery/breaker.h
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

typedef struct BreakerHost
{
	const char *name;			/* scheme://host:port, whole; hash key */
	BreakerState state;
	int			failures;		/* in a row */
	int			open_ms;		/* how long it was opened for */
	TimestampTz open_until;
	int			in_flight;
	int			ramp;			/* requests at a time; 0: no limit */
} BreakerHost;

/*
 * The breaker of a host, made when there is none.  It stays for the life of the
 * process: hosts are those that channels name, so they are few.
 */
extern BreakerHost *respond_breaker_find(const char *name);

/*
 * Whether a request may be sent now.  If not, *until is when to ask again
 * (0: when one that is under way has ended).
 */
extern bool respond_breaker_allows(BreakerHost *host, TimestampTz now, TimestampTz *until);

/* A request is sent; true when it is the probe. */
extern bool respond_breaker_begin(BreakerHost *host, TimestampTz now);

/* It ended.  random: [0, 1). */
extern void respond_breaker_end(BreakerHost *host, bool is_probe, bool success, TimestampTz now, double random);

/* It ended without saying anything about the host. */
extern void respond_breaker_cancel(BreakerHost *host, bool is_probe);

#endif							/* RESPOND_BREAKER_H */
