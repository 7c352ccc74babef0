/*-------------------------------------------------------------------------
 * rate.c
 *	  How many requests are let through in a time: a bucket that fills again.
 *
 * src/inbound/rate.c
 *-------------------------------------------------------------------------
 */
#include "inbound/rate.h"

#include <math.h>
#include <stddef.h>

#define MICROSECONDS	1000000.0

/* Nobody waits longer, however low the rate is. */
#define LONGEST_WAIT	86400.0

bool
respond_rate_take(RateBucket *bucket, double rate, double burst, int64_t now, int64_t *wait)
{
	if (!bucket->is_used)
		*bucket = (RateBucket) {true, burst, now};
	if (now > bucket->at)
		bucket->left = fmin(burst, bucket->left + (double) (now - bucket->at) / MICROSECONDS * rate);
	bucket->at = now;
	if (bucket->left >= 1)
	{
		bucket->left -= 1;
		return true;
	}
	if (wait != NULL)
		*wait = (int64_t) fmax(1, fmin(LONGEST_WAIT, ceil((1 - bucket->left) / rate)));
	return false;
}
