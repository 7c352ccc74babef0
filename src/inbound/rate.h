/*-------------------------------------------------------------------------
 * rate.h
 *	  How many requests are let through in a time: a bucket that fills again.
 *
 * It builds without a server.
 *
 * src/inbound/rate.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INBOUND_RATE_H
#define RESPOND_INBOUND_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is a full one. */
typedef struct RateBucket
{
	bool		is_used;
	double		left;			/* requests that may come at once, at this time */
	int64_t		at;				/* microseconds */
} RateBucket;

/*
 * Takes a request from the bucket, which fills by rate (> 0) requests in a second
 * up to burst.  False: it is empty, and in *wait seconds, at least one, the next
 * one may come.  A time that goes back fills nothing.
 */
extern bool respond_rate_take(RateBucket *bucket, double rate, double burst, int64_t now, int64_t *wait);

#endif							/* RESPOND_INBOUND_RATE_H */
