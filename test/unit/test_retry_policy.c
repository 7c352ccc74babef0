/* links: src/wire/retry_policy.c */
/* libs: -lcurl */
/*-------------------------------------------------------------------------
 * test_retry_policy.c
 *	  Whether and when a delivery is tried again.
 *
 * test/unit/test_retry_policy.c
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "check.h"
#include "wire/retry_policy.h"

#define HOUR		INT64_C(3600000)
#define ROUNDS		100000

static bool
all_judged(DeliveryVerdict (*judge) (long), long first, long last, DeliveryVerdict verdict)
{
	for (long status = first; status <= last; status++)
	{
		if (judge(status) != verdict)
		{
			printf("# %ld is judged %d, not %d\n", status, (int) judge(status), (int) verdict);
			return false;
		}
	}
	return true;
}

static void
check_http(void)
{
	DeliveryVerdict (*judge) (long) = respond_retry_policy_judge_http;

	check(judge(0) == VERDICT_RETRY, "http: no answer is tried again");
	check(all_judged(judge, 100, 199, VERDICT_DEAD), "http: 1xx is no end of an exchange");
	check(all_judged(judge, 200, 299, VERDICT_DELIVERED), "http: 2xx is delivered");
	check(all_judged(judge, 300, 399, VERDICT_DEAD), "http: redirects are not followed");
	check(judge(408) == VERDICT_RETRY && judge(425) == VERDICT_RETRY && judge(429) == VERDICT_RETRY,
		  "http: 408, 425 and 429 pass");
	check(judge(410) == VERDICT_GONE, "http: 410 is gone");
	check(all_judged(judge, 400, 407, VERDICT_DEAD) && judge(409) == VERDICT_DEAD &&
		  all_judged(judge, 411, 424, VERDICT_DEAD) && all_judged(judge, 426, 428, VERDICT_DEAD) &&
		  all_judged(judge, 430, 499, VERDICT_DEAD), "http: other 4xx stay");
	check(all_judged(judge, 500, 599, VERDICT_RETRY), "http: 5xx passes");
	check(all_judged(judge, 1, 99, VERDICT_DEAD) && all_judged(judge, 600, 999, VERDICT_DEAD) &&
		  judge(-1) == VERDICT_DEAD, "http: what is no status is dead");
}

static void
check_smtp(void)
{
	DeliveryVerdict (*judge) (long) = respond_retry_policy_judge_smtp;

	check(judge(0) == VERDICT_RETRY, "smtp: no reply is tried again");
	check(all_judged(judge, 200, 299, VERDICT_DELIVERED), "smtp: 2yz is delivered");
	check(all_judged(judge, 300, 399, VERDICT_DEAD), "smtp: 3yz is no end");
	check(all_judged(judge, 400, 499, VERDICT_RETRY), "smtp: 4yz passes");
	check(all_judged(judge, 500, 599, VERDICT_DEAD), "smtp: 5yz stays");
}

static void
check_schedule(void)
{
	static const int64_t own[] = {1000, 60000, 3};
	static const int64_t odd[] = {-5, INT64_MAX};

	check(respond_retry_policy_default_count == 9, "nine waits between ten attempts");
	check(respond_retry_policy_span(NULL, 0, 10) == 75 * HOUR + 35 * 60000 + 5000,
		  "ten attempts take 75 h 35 min 5 s");
	check(respond_retry_policy_span(NULL, 0, 1) == 0 && respond_retry_policy_span(NULL, 0, 0) == 0 &&
		  respond_retry_policy_span(NULL, 0, INT_MIN) == 0, "one attempt takes no time");
	check(respond_retry_policy_span(NULL, 0, 11) == respond_retry_policy_span(NULL, 0, 10) + 24 * HOUR,
		  "the last wait repeats");
	check(respond_retry_policy_span(own, 3, 3) == 61000 && respond_retry_policy_span(own, 3, 1003) == 61000 + 3000,
		  "own waits");
	check(respond_retry_policy_span(odd, 2, INT_MAX) == INT64_MAX, "a span that is too long is the longest");
	check(respond_retry_policy_span(respond_retry_policy_soon, respond_retry_policy_soon_count, 3) == 1500 &&
		  respond_retry_policy_span(respond_retry_policy_soon, respond_retry_policy_soon_count, 7) == 31500,
		  "who waits for an answer has seven attempts in half a minute");
	check(respond_retry_policy_delay(own, 3, 1, 0.5) == 1000 && respond_retry_policy_delay(own, 3, 2, 0.5) == 60000 &&
		  respond_retry_policy_delay(own, 3, 3, 0.5) == 3 && respond_retry_policy_delay(own, 3, INT_MAX, 0.5) == 3,
		  "each attempt has its wait");
	check(respond_retry_policy_delay(own, 3, 0, 0.5) == 1000 && respond_retry_policy_delay(own, 3, INT_MIN, 0.5) == 1000,
		  "less than one attempt counts as one");
	check(respond_retry_policy_delay(odd, 2, 1, 0.9) == 0, "a negative wait is none");
	check(respond_retry_policy_delay(odd, 2, 2, 0.999) > 0, "a wait beyond all bounds does not overflow");
}

static void
check_jitter(void)
{
	bool		within = true;
	double		sum = 0;
	int64_t		last = -1;
	bool		grows = true;

	for (int i = 0; i < ROUNDS; i++)
	{
		int64_t		delay = respond_retry_policy_delay(NULL, 0, 2, (double) i / ROUNDS);

		within = within && delay >= 150000 && delay < 450000;
		grows = grows && delay >= last;
		last = delay;
		sum += (double) delay;
	}
	check(within, "a delay is at least half and less than one and a half of the wait");
	check(grows && last > 449000, "all of that range is used");
	check(fabs(sum / ROUNDS - 300000) < 10, "the mean is the wait");
	check(respond_retry_policy_delay(NULL, 0, 1, 0) == 2500, "0 gives half the wait");
	check(respond_retry_policy_delay(NULL, 0, 1, 1) == 7499 && respond_retry_policy_delay(NULL, 0, 1, 7) == 7499,
		  "a random number that is too large stays in the range");
	check(respond_retry_policy_delay(NULL, 0, 1, -7) == 2500 && respond_retry_policy_delay(NULL, 0, 1, NAN) == 2500,
		  "so does one that is too small, or none");
}

static void
check_retry_after(void)
{
	/* The example of RFC 9110 section 5.6.7 in its three forms. */
	int64_t		date = 784111777;
	static const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
	"Sun Nov  6 08:49:37 1994"};
	static const char *const illegal[] = {"", " ", "-5", "+5", "1.5", "5 s", "1e3", "soon", "Friday", "Sun, 06 Nov",
		"1994-11-06T08:49:37Z", "0x10", "Sun, 99 Xyz 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT", "5,6",
	"Sunday, 06-Nov-1994 08:49:37 GMT and then a lot of text that goes on and on"};

	for (int i = 0; i < 3; i++)
	{
		check(respond_retry_policy_after(forms[i], date - 120) == 120000, "\"%s\" is a date", forms[i]);
		check(respond_retry_policy_after(forms[i], date) == 0 && respond_retry_policy_after(forms[i], date + 9) == 0,
			  "a date that passed is no wait");
		check(respond_retry_policy_after(forms[i], date - 86401) == 24 * HOUR &&
			  respond_retry_policy_after(forms[i], INT64_MIN) == 24 * HOUR, "a late date is 24 hours");
		check(respond_retry_policy_after(forms[i], date - 86399) == 86399000, "a date just before that");
	}
	check(respond_retry_policy_after("120", 0) == 120000 && respond_retry_policy_after(" \t120 \t", 0) == 120000,
		  "seconds, with white space");
	check(respond_retry_policy_after("0", 0) == 0 && respond_retry_policy_after("007", 0) == 7000, "zeros");
	check(respond_retry_policy_after("86400", 0) == 24 * HOUR && respond_retry_policy_after("86401", 0) == 24 * HOUR &&
		  respond_retry_policy_after("99999999999999999999999999999", 0) == 24 * HOUR, "24 hours are the most");
	check(respond_retry_policy_after(" Sun, 06 Nov 1994 08:49:37 GMT ", date - 1) == 1000, "a date with white space");
	check(respond_retry_policy_after("Fri, 31 Dec 9999 23:59:59 GMT", date) == 24 * HOUR, "the last date");
	for (size_t i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
		check(respond_retry_policy_after(illegal[i], date) == -1, "\"%s\" is not legal", illegal[i]);
}

int
main(void)
{
	check_http();
	check_smtp();
	check_schedule();
	check_jitter();
	check_retry_after();
	return check_done();
}
