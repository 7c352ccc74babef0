/* links: src/schedule/cron_parse.c src/schedule/cron_next.c src/calendar/stretch.c src/calendar/day.c test/unit/libc_zone.c test/unit/naive_cron.c */
/*-------------------------------------------------------------------------
 * test_cron_random.c
 *	  Random cron expressions, around changes of real clocks and over decades,
 *	  against a model that looks at each second, minute or day in turn.
 *
 * The seed is fixed; give another one, and a number of rounds, as arguments.
 *
 * test/unit/test_cron_random.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "libc_zone.h"
#include "naive_cron.h"
#include "schedule/cron.h"

#define DAY			INT64_C(86400)
#define NO_LIMIT	INT64_C(40000000000)	/* the year 3237 */

/* With changes of an hour, half an hour, two hours, a day and some minutes, at midnight, in summer and winter. */
static const char *const zones[] = {
	"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia",
	"Asia/Amman", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kwajalein", "Europe/Dublin", "America/Havana",
	"Asia/Beirut", "Asia/Gaza", "Antarctica/Troll", "America/St_Johns", "America/Santiago", "Pacific/Chatham",
	"America/Caracas", "Asia/Pyongyang", "Pacific/Enderbury", "Africa/Monrovia", "Antarctica/Casey", "Asia/Tehran",
	"Europe/Volgograd"
};

#define ZONES		((int) (sizeof(zones) / sizeof(zones[0])))

static const char *
show(bool found, int64_t instant)
{
	return found ? libc_zone_show(instant) : "none";
}

static bool
differ(const NaiveCron *naive, const char *zone, int64_t after, bool found, int64_t next, int64_t expected)
{
	printf("# \"%s\" in %s after %s", naive->text, zone, libc_zone_show(after));
	printf(": %s", show(found, next));
	printf(", expected %s\n", show(expected >= 0, expected));
	return false;
}

/* A moment near a change of the clock, if there is one in the years after a random day. */
static int64_t
near_change(void)
{
	int64_t		instant = naive_cron_random(27000) * DAY;
	int64_t		end;

	libc_zone.offset(libc_zone.zone, instant, &end);
	return end + (int64_t) naive_cron_random(2 * DAY) - DAY - DAY / 2;
}

static bool
agrees_near_change(bool with_seconds, int64_t horizon)
{
	NaiveCron	naive;
	Cron		cron;
	CronError	error;
	const char *zone = zones[naive_cron_random(ZONES)];
	int64_t		after;
	int64_t		next = 0;
	int64_t		expected;
	bool		found;

	if (!libc_zone_use(zone))
		return true;
	after = near_change();
	naive_cron_make(&naive, with_seconds, true);
	if (!respond_cron_parse(naive.text, strlen(naive.text), &cron, &error))
	{
		printf("# \"%s\" is refused: %s: %s\n", naive.text, error.field != NULL ? error.field : "", error.reason);
		return false;
	}
	/* the model goes by whole minutes; Monrovia had seconds in its offset until 1972 */
	if (!with_seconds && libc_zone_offset(after - 3 * DAY) % 60 != 0)
		return true;
	expected = naive_cron_next(&naive, after, after + horizon);
	found = respond_cron_next(&cron, &libc_zone, after, after + horizon, &next);
	if (found != (expected >= 0) || (found && next != expected))
		return differ(&naive, zone, after, found, next, expected);
	return true;
}

static bool
agrees_over_decades(void)
{
	NaiveCron	naive;
	Cron		cron;
	CronError	error;
	int64_t		after = naive_cron_random(36000) * DAY - 1;
	int64_t		expected = -1;
	int64_t		next = 0;
	bool		found;

	naive_cron_make(&naive, false, false);
	if (!respond_cron_parse(naive.text, strlen(naive.text), &cron, &error))
		return false;
	for (int64_t day = after + 1; day < after + 41 * 366 * DAY && expected < 0; day += DAY)
		if (naive_cron_fits_day(&naive, day))
			expected = day;
	for (; expected >= 0 && !naive_cron_fits(&naive, expected); expected += 60);
	found = respond_cron_next(&cron, &libc_zone, after, NO_LIMIT, &next);
	if (found != (expected >= 0) || (found && next != expected) || found == respond_cron_is_impossible(&cron))
		return differ(&naive, "UTC", after, found, next, expected);
	return true;
}

int
main(int argc, char **argv)
{
	long		rounds = argc > 2 ? atol(argv[2]) : 100;
	bool		minutes = true;
	bool		seconds = true;
	bool		decades = true;

	naive_cron_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	for (long i = 0; i < rounds * 4 && minutes; i++)
		minutes = agrees_near_change(false, 3 * DAY);
	check(minutes, "%ld expressions near changes of the clock", rounds * 4);
	for (long i = 0; i < rounds && seconds; i++)
		seconds = agrees_near_change(true, DAY / 4);
	check(seconds, "%ld expressions with seconds near changes of the clock", rounds);
	libc_zone_use("UTC");
	for (long i = 0; i < rounds * 8 && decades; i++)
		decades = agrees_over_decades();
	check(decades, "%ld expressions over decades", rounds * 8);
	return check_done();
}
