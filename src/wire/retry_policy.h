/*-------------------------------------------------------------------------
 * retry_policy.h
 *	  Whether and when a delivery is tried again: decisions without a clock.
 *
 * Time, randomness and the answer are handed in, so that each decision can be
 * tested and repeated.  Waits are in milliseconds, points in time in seconds
 * since 1970.
 *
 * src/wire/retry_policy.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RETRY_POLICY_H
#define RESPOND_RETRY_POLICY_H

#include <stdint.h>

typedef enum DeliveryVerdict
{
	VERDICT_DELIVERED,
	VERDICT_RETRY,				/* may work later */
	VERDICT_DEAD,				/* will never work with this content */
	VERDICT_GONE				/* the receiver wants nothing any more */
} DeliveryVerdict;

/*
 * Judges the status of an HTTP answer; 0 means that none came.  Source:
 * Standard Webhooks 1.0.0 (only 2xx succeeds, redirects fail, 410 disables the
 * endpoint) and RFC 9110 and 8470 for the states that pass (408, 425, 429,
 * 5xx).
 */
extern DeliveryVerdict respond_retry_policy_judge_http(long status);

/* Judges the reply code of SMTP (RFC 5321 section 4.2.1); 0: none came. */
extern DeliveryVerdict respond_retry_policy_judge_smtp(long reply);

/*
 * The schedule of Standard Webhooks: the waits, in ms, between its ten
 * attempts.  The first attempt is immediate, so the wait of 0 is not here.
 */
extern const int64_t respond_retry_policy_default_delays[];
extern const int respond_retry_policy_default_count;

/* For somebody who waits for the answer: half a second, a second, two and so on. */
extern const int64_t respond_retry_policy_soon[];
extern const int respond_retry_policy_soon_count;

/*
 * Milliseconds to wait after the given number of attempts (>= 1) failed.
 * delays has count waits in ms, the last one repeats; NULL or count 0 means
 * the default.  random is uniform in [0, 1): the result is uniform in
 * [wait / 2, 3 * wait / 2).
 */
extern int64_t respond_retry_policy_delay(const int64_t *delays, int count,
										  int attempts, double random);

/*
 * Milliseconds from the first to the last of max_attempts attempts when each
 * fails at once, without jitter (which keeps it on average).  INT64_MAX when
 * it is more than that.
 */
extern int64_t respond_retry_policy_span(const int64_t *delays, int count, int max_attempts);

/*
 * Reads the value of Retry-After (RFC 9110 section 10.2.3): seconds, or an HTTP
 * date in any of its three forms (section 5.6.7).  now is in seconds, better
 * the Date of the same answer than our clock: so a receiver whose clock is off
 * still gets the wait it meant.  Returns the wait in ms, 0 for a date in the
 * past, at most 24 hours, or -1 when the value is not legal.
 */
extern int64_t respond_retry_policy_after(const char *value, int64_t now);

#endif							/* RESPOND_RETRY_POLICY_H */
