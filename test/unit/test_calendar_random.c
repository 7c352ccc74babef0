/* links: src/calendar/calendar.c src/calendar/openings.c src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c src/common/arena.c test/unit/libc_zone.c test/unit/naive_cron.c test/unit/naive_calendar.c */
/*-------------------------------------------------------------------------
 * test_calendar_random.c
 *	  Random calendars around changes of the clock, against a model that looks at
 *	  each second; and the laws of counting in open time.
 *
 * The seed is fixed; give another one, and a number of rounds, as arguments.
 *
 * test/unit/test_calendar_random.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "calendar/day.h"
#include "check.h"
#include "libc_zone.h"
#include "naive_calendar.h"
#include "naive_cron.h"

#define LENGTH(array)	((int) (sizeof(array) / sizeof((array)[0])))
#define SECOND			CALENDAR_SECOND

/* 2000-01-01 in seconds since 1970. */
#define EPOCH			INT64_C(946684800)

/* Zones and days around which clocks were changed: forward, back, at midnight, by half an hour, by a day. */
static const struct
{
	const char *zone;
	const char *around;
}			places[] = {
	{"Australia/Lord_Howe", "2026-10-03 15:30:00"}, {"Australia/Lord_Howe", "2026-04-04 15:00:00"},
	{"America/Chicago", "2026-03-08 08:00:00"}, {"America/Chicago", "2026-11-01 07:00:00"},
	{"America/Sao_Paulo", "2018-11-04 03:00:00"}, {"America/Sao_Paulo", "2018-02-18 02:00:00"},
	{"Europe/Berlin", "2026-03-29 01:00:00"}, {"Europe/Berlin", "2026-10-25 01:00:00"},
	{"Asia/Kathmandu", "1985-12-31 18:30:00"}, {"Asia/Kathmandu", "2026-06-15 00:00:00"},
	{"Pacific/Apia", "2011-12-30 10:00:00"}, {"Pacific/Kwajalein", "1993-08-21 12:00:00"},
	{"America/Havana", "2026-11-01 05:00:00"}, {"Europe/Berlin", "2024-02-28 00:00:00"},
	{"UTC", "2000-12-31 00:00:00"}, {"UTC", "1969-12-31 00:00:00"}, {"America/Caracas", "2016-05-01 07:00:00"},
	/* a day that was shown twice */
	{"Pacific/Kwajalein", "1969-09-30 13:00:00"},
	/* where one piece of openings.h ends and the next one begins */
	{"Europe/Berlin", "2026-08-01 00:53:20"}, {"Pacific/Apia", "1998-12-08 15:19:28"},
	{"America/Chicago", "2001-01-23 08:40:32"},
};

static NaiveCalendar naive;
static Calendar *calendar;

static int64_t
time_at(int64_t second)
{
	return (naive.first + second - EPOCH) * SECOND;
}

/* A second that the model knows, often one where something changes. */
static int64_t
pick(void)
{
	int64_t		second = naive_cron_random(NAIVE_SECONDS);

	if (naive_cron_random(2))
		return second;
	for (int64_t i = second; i < NAIVE_SECONDS - 1 && i > 0; i++)
		if (naive.open[i] != naive.open[i - 1])
			return i + naive_cron_random(3) - 1;
	return second;
}

static bool
differ(const char *what, int64_t a, int64_t b)
{
	printf("# %s at second %lld, %lld of %s\n", what, (long long) a, (long long) b, libc_zone_show(naive.first));
	naive_calendar_show(&naive);
	return false;
}

/* What comes next, as the model sees it; false if it is beyond what it knows. */
static bool
next_edge(int64_t second, bool opens, int64_t *found)
{
	for (int64_t i = second + 1; i < NAIVE_SECONDS; i++)
		if (naive.open[i] == opens && naive.open[i - 1] != opens)
		{
			*found = i;
			return true;
		}
	return false;
}

static bool
agree_at(int64_t second)
{
	int64_t		at = time_at(second);
	int64_t		expected;
	int64_t		next;
	bool		found;

	if (respond_calendar_is_open(calendar, at) != naive.open[second] ||
		respond_calendar_is_open(calendar, at + SECOND - 1) != naive.open[second])
		return differ("open", second, naive.open[second]);
	for (int opens = 0; opens <= 1; opens++)
	{
		found = opens ? respond_calendar_next_open(calendar, at, &next) :
			respond_calendar_next_close(calendar, at, &next);
		if (next_edge(second, opens, &expected))
		{
			if (!found || next != time_at(expected))
				return differ(opens ? "next open" : "next close", second, expected);
		}
		else if (found && next < time_at(NAIVE_SECONDS))
			return differ("an edge too many", second, opens);
	}
	return true;
}

static bool
agree_between(int64_t a, int64_t b)
{
	int64_t		sum = 0;
	int64_t		open;
	int64_t		close;
	int64_t		from = time_at(a);
	int64_t		periods = 0;

	for (int64_t i = a; i < b; i++)
		sum += naive.open[i];
	if (respond_calendar_between(calendar, time_at(a), time_at(b)) != sum * SECOND)
		return differ("between", a, b);
	/* the periods are those of the model, one after the other */
	while (respond_calendar_period(calendar, from, time_at(b), &open, &close))
	{
		int64_t		i = (open - time_at(0)) / SECOND;

		if ((i > a && naive.open[i - 1]) || !naive.open[i])
			return differ("a period begins", a, i);
		periods += close - open;
		from = close;
	}
	return periods == sum * SECOND ? true : differ("periods", a, b);
}

/* Adding, second by second. */
static bool
agree_add(int64_t second, int64_t amount)
{
	int64_t		i = second;
	int64_t		left = amount;
	int64_t		result;

	if (amount > 0)
	{
		while (left > 0 && i < NAIVE_SECONDS)
			left -= naive.open[i++];
	}
	else if (amount < 0)
	{
		while (left < 0 && i > 0)
			left += naive.open[--i];
	}
	else
		while (i < NAIVE_SECONDS && !naive.open[i])
			i++;
	if (left != 0 || i == NAIVE_SECONDS)
		return true;
	if (!respond_calendar_add(calendar, time_at(second), amount * SECOND, &result) || result != time_at(i))
		return differ("add", second, amount);
	return true;
}

/* With parts of seconds, and far beyond what the model knows. */
static bool
keep_laws(int64_t at)
{
	int64_t		x = (int64_t) naive_cron_random(50 * 86400) * SECOND + naive_cron_random(1000000);
	int64_t		y = 1 + (int64_t) naive_cron_random(200 * 86400) * SECOND + naive_cron_random(1000000);
	int64_t		later = at + naive_cron_random(3 * 86400) * SECOND + naive_cron_random(1000000);
	int64_t		a;
	int64_t		b;
	int64_t		both;
	int64_t		other;

	if (naive_cron_random(5) == 0)
		x = 0;
	if (!respond_calendar_add(calendar, at, x, &a) || !respond_calendar_add(calendar, a, y, &b))
		return true;
	/* what is further away is not looked for */
	if (b - at > CALENDAR_HORIZON)
		return true;
	if (respond_calendar_between(calendar, at, a) != x)
		return differ("between(a, add(a, x)) is not x", at, x);
	if (!respond_calendar_add(calendar, at, x + y, &both) || both != b)
		return differ("add(add(a, x), y) is not add(a, x + y)", at, x + y);
	if (x > 0 && respond_calendar_is_open(calendar, a - 1) == false)
		return differ("add(a, x) is neither open nor closing", at, x);
	if (!respond_calendar_add(calendar, later, x, &other) || other < a)
		return differ("add() goes back as time goes on", at, x);
	if (b < a)
		return differ("add() goes back as the amount grows", at, y);
	/* and back */
	if (!respond_calendar_add(calendar, b, -y, &other) || respond_calendar_between(calendar, other, b) != y)
		return differ("between(add(a, -y), a) is not y", at, y);
	if (!respond_calendar_is_open(calendar, other))
		return differ("add(a, -y) is neither open nor opening", at, y);
	if (respond_calendar_add(calendar, other, -x - 1, &a) &&
		respond_calendar_add(calendar, b, -x - y - 1, &both) && a != both)
		return differ("add(add(a, -y), -x) is not add(a, -x - y)", at, y);
	return true;
}

/* Right to an edge, or wherever else there is something to count. */
static bool
agree_add_up_to(int64_t a, int64_t b)
{
	int64_t		amount = 0;

	for (int64_t i = a; i < b; i++)
		amount += naive.open[i];
	for (int64_t i = b; i < a; i++)
		amount -= naive.open[i];
	return agree_add(a, amount);
}

static bool
try_one(int64_t around)
{
	bool		agreed = true;

	naive_calendar_make(&naive, around);
	naive_calendar_look(&naive);
	calendar = respond_calendar_create(&naive.rules, &respond_arena_malloc_source);
	for (int i = 0; i < 40 && agreed; i++)
	{
		int64_t		a = pick();
		int64_t		b = pick();

		agreed = agree_at(a) && agree_between(a < b ? a : b, a < b ? b : a) &&
			agree_add(a, naive_cron_random(3) == 0 ? 0 : (int64_t) naive_cron_random(12 * 86400) - 6 * 86400) &&
			agree_add(a, (int64_t) naive_cron_random(7200) - 3600) && agree_add_up_to(a, b) &&
			keep_laws(time_at(a) + (naive_cron_random(2) ? 0 : naive_cron_random(1000000)));
	}
	respond_calendar_destroy(calendar);
	return agreed;
}

int
main(int argc, char **argv)
{
	long		rounds = argc > 2 ? atol(argv[2]) : 4;

	naive_cron_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	for (int i = 0; i < LENGTH(places); i++)
	{
		int64_t		around;
		bool		agreed = true;

		if (!libc_zone_use(places[i].zone))
		{
			check_skip(places[i].zone, "no such zone here");
			continue;
		}
		libc_zone_read(places[i].around, &around);
		for (long round = 0; round < rounds && agreed; round++)
			agreed = try_one(around);
		check(agreed, "%ld calendars in %s around %s", rounds, places[i].zone, places[i].around);
	}
	return check_done();
}
