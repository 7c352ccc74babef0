/* links: src/schedule/ticks.c src/schedule/cron_parse.c src/schedule/cron_next.c src/calendar/stretch.c src/calendar/day.c test/unit/libc_zone.c test/unit/naive_cron.c */
/*-------------------------------------------------------------------------
 * test_ticks.c
 *	  Times of a cron expression that were missed, against a walk over all of them.
 *
 * The seed is fixed; give another one, and a number of rounds, as arguments.
 *
 * test/unit/test_ticks.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "libc_zone.h"
#include "naive_cron.h"
#include "schedule/ticks.h"

#define DAY			INT64_C(86400)
#define MOST_WALKED	2000

static int64_t walked[MOST_WALKED];

/* All times from first on and before until; -1 when they are too many. */
static int
walk(const Cron *cron, int64_t first, int64_t until)
{
	int64_t		tick = first - 1;
	int			count = 0;

	while (respond_cron_next(cron, &libc_zone, tick, until - 1, &tick))
	{
		if (count == MOST_WALKED)
			return -1;
		walked[count++] = tick;
	}
	return count;
}

static bool
agrees(void)
{
	NaiveCron	naive;
	Cron		cron;
	CronError	error;
	Ticks		ticks;
	int64_t		first;
	int64_t		until;
	int64_t		keep = 1 + naive_cron_random(20);
	int			count;

	naive_cron_make(&naive, naive_cron_random(2), naive_cron_random(2));
	if (!respond_cron_parse(naive.text, strlen(naive.text), &cron, &error) ||
		!respond_cron_next(&cron, &libc_zone, naive_cron_random(20000) * DAY, INT64_C(4000000000), &first))
		return true;
	until = first + 1 + naive_cron_random(1u << (4 + naive_cron_random(26)));
	count = walk(&cron, first, until);
	if (count <= 0)
		return true;
	respond_ticks_missed(&cron, &libc_zone, first, until, keep, &ticks);
	if (ticks.count == count && ticks.kept == walked[count > keep ? count - keep : 0] &&
		ticks.dropped == (count > keep ? count - keep : 0))
		return true;
	printf("# \"%s\": %d times, %d kept, first %s", naive.text, count, (int) keep, libc_zone_show(ticks.kept));
	printf(" instead of %s\n", libc_zone_show(walked[count > keep ? count - keep : 0]));
	return false;
}

static void
check_many(void)
{
	Cron		cron;
	CronError	error;
	Ticks		ticks;

	respond_cron_parse("* * * * * *", 11, &cron, &error);
	respond_ticks_missed(&cron, &libc_zone, 0, 100000 * DAY, 1, &ticks);
	check(ticks.count == TICKS_MOST && ticks.kept == 100000 * DAY - 1 && ticks.dropped == TICKS_MOST - 1,
		  "of billions of times the last is found");
	respond_ticks_missed(&cron, &libc_zone, 0, 100000 * DAY, 10000, &ticks);
	check(ticks.kept == 100000 * DAY - 10000 && ticks.dropped == TICKS_MOST - 10000, "or the last ten thousand");
	respond_cron_parse("0 0 29 2 *", 10, &cron, &error);
	respond_ticks_missed(&cron, &libc_zone, 789 * DAY, 100000 * DAY, 2, &ticks);
	check(ticks.count == 66 && strcmp(libc_zone_show(ticks.kept), "2236-02-29 00:00:00") == 0,
		  "of leap days the last two");
}

int
main(int argc, char **argv)
{
	long		rounds = argc > 2 ? atol(argv[2]) : 3000;
	bool		ok = true;

	libc_zone_use("Europe/Berlin");
	naive_cron_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	for (long i = 0; i < rounds && ok; i++)
		ok = agrees();
	check(ok, "%ld expressions and stretches of time", rounds);
	libc_zone_use("UTC");
	check_many();
	return check_done();
}
