/*-------------------------------------------------------------------------
 * retry_policy.c
 *	  Whether and when a delivery is tried again: decisions without a clock.
 *
 * Jitter spreads the retries of many deliveries that failed together.  "Full
 * jitter" as often described draws from (0, wait]: that would halve the time
 * which the schedule grants a receiver to come back, and may retry at once.
 * Here a wait is drawn from the interval of its own full width around it,
 * [wait / 2, 3 * wait / 2): the retries spread as far, the mean, and with it
 * the span of the schedule, stays, and no retry comes early.
 *
 * src/wire/retry_policy.c
 *-------------------------------------------------------------------------
 */
#include "wire/retry_policy.h"

#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define SECOND				((int64_t) 1000)
#define MINUTE				(60 * SECOND)
#define HOUR				(60 * MINUTE)

/* Longer waits are cut to this, a century: sums and jitter cannot overflow. */
#define WAIT_LONGEST		(INT64_C(100) * 366 * 24 * HOUR)

/* A receiver cannot put a delivery off for longer than this, in seconds. */
#define RETRY_AFTER_LONGEST (INT64_C(24) * 60 * 60)

/* Standard Webhooks 1.0.0, "Retry schedule". */
const int64_t respond_retry_policy_default_delays[] = {
	5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR,
	14 * HOUR, 20 * HOUR, 24 * HOUR
};
const int	respond_retry_policy_default_count =
	(int) (sizeof(respond_retry_policy_default_delays) / sizeof(respond_retry_policy_default_delays[0]));

const int64_t respond_retry_policy_soon[] = {
	SECOND / 2, SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND, 30 * SECOND
};
const int	respond_retry_policy_soon_count =
	(int) (sizeof(respond_retry_policy_soon) / sizeof(respond_retry_policy_soon[0]));

DeliveryVerdict
respond_retry_policy_judge_http(long status)
{
	if (status >= 200 && status <= 299)
		return VERDICT_DELIVERED;
	if (status == 410)
		return VERDICT_GONE;
	if (status == 0 || status == 408 || status == 425 || status == 429 ||
		(status >= 500 && status <= 599))
		return VERDICT_RETRY;
	return VERDICT_DEAD;
}

DeliveryVerdict
respond_retry_policy_judge_smtp(long reply)
{
	if (reply >= 200 && reply <= 299)
		return VERDICT_DELIVERED;
	if (reply == 0 || (reply >= 400 && reply <= 499))
		return VERDICT_RETRY;
	return VERDICT_DEAD;
}

/* The wait behind attempt number attempts, between 0 and WAIT_LONGEST. */
static int64_t
wait_after(const int64_t *delays, int count, int attempts)
{
	int			index = attempts < 1 ? 0 : attempts - 1;
	int64_t		wait = delays[index < count ? index : count - 1];

	if (wait < 0)
		return 0;
	return wait < WAIT_LONGEST ? wait : WAIT_LONGEST;
}

static void
use_default(const int64_t **delays, int *count)
{
	if (*delays == NULL || *count < 1)
	{
		*delays = respond_retry_policy_default_delays;
		*count = respond_retry_policy_default_count;
	}
}

int64_t
respond_retry_policy_delay(const int64_t *delays, int count, int attempts, double random)
{
	int64_t		wait;
	int64_t		drawn;

	use_default(&delays, &count);
	wait = wait_after(delays, count, attempts);
	/* Written so that NaN counts as 0; a conversion of it would be undefined. */
	drawn = random > 0 ? (int64_t) ((double) wait * (random < 1 ? random : 1)) : 0;
	if (drawn >= wait)
		drawn = wait == 0 ? 0 : wait - 1;
	/* Rounded up: of an odd wait the mean is then exactly the wait. */
	return wait - wait / 2 + drawn;
}

int64_t
respond_retry_policy_span(const int64_t *delays, int count, int max_attempts)
{
	int64_t		span = 0;
	int64_t		last;
	int64_t		repeats;

	use_default(&delays, &count);
	for (int attempts = 1; attempts < max_attempts && attempts <= count; attempts++)
	{
		int64_t		wait = wait_after(delays, count, attempts);

		if (span > INT64_MAX - wait)
			return INT64_MAX;
		span += wait;
	}
	repeats = (int64_t) max_attempts - 1 - count;
	if (repeats <= 0)
		return span;
	last = wait_after(delays, count, count);
	if (last > (INT64_MAX - span) / repeats)
		return INT64_MAX;
	return span + last * repeats;
}

static bool
is_white_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Seconds of a wait given as digits, RETRY_AFTER_LONGEST when it is more. */
static int64_t
read_seconds(const char *digits, size_t length)
{
	int64_t		seconds = 0;

	for (size_t i = 0; i < length && seconds < RETRY_AFTER_LONGEST; i++)
		seconds = seconds * 10 + (digits[i] - '0');
	return seconds < RETRY_AFTER_LONGEST ? seconds : RETRY_AFTER_LONGEST;
}

int64_t
respond_retry_policy_after(const char *value, int64_t now)
{
	char		date[64];
	size_t		length;
	time_t		when;

	while (is_white_space(*value))
		value++;
	length = strlen(value);
	while (length > 0 && is_white_space(value[length - 1]))
		length--;
	if (length > 0 && strspn(value, "0123456789") >= length)
		return read_seconds(value, length) * SECOND;

	/*
	 * curl_getdate takes more than dates of HTTP.  All of those begin with the
	 * name of a day, so what begins otherwise, such as "-5" or "1.5", is
	 * nothing that a wait should be guessed from.
	 */
	if (length == 0 || length >= sizeof(date) || value[0] < 'A' || value[0] > 'Z')
		return -1;
	memcpy(date, value, length);
	date[length] = '\0';
	when = curl_getdate(date, NULL);
	if (when == (time_t) -1)
		return -1;
	if ((int64_t) when <= now)
		return 0;
	if ((int64_t) when - RETRY_AFTER_LONGEST >= now)
		return RETRY_AFTER_LONGEST * SECOND;
	return ((int64_t) when - now) * SECOND;
}
