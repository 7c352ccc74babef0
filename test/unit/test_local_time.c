/* links: src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c src/schedule/cron_parse.c src/schedule/cron_next.c test/unit/libc_zone.c test/unit/naive_cron.c */
/*-------------------------------------------------------------------------
 * test_local_time.c
 *	  The instants of local times, against a model that looks at the clock second
 *	  by second, and against cron expressions for one local time.
 *
 * test/unit/test_local_time.c
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "calendar/local_time.h"
#include "check.h"
#include "libc_zone.h"
#include "naive_cron.h"
#include "schedule/cron.h"

#define DAY			INT64_C(86400)
#define LENGTH(array)	((int) (sizeof(array) / sizeof((array)[0])))

typedef struct Known
{
	const char *zone;
	const char *local;
	const char *first;			/* in UTC */
	const char *last;
} Known;

static const Known known[] = {
	{"UTC", "2026-11-30 08:00:00", "2026-11-30 08:00:00", "2026-11-30 08:00:00"},
	{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 00:59:59", "2026-03-29 00:59:59"},
	{"Europe/Berlin", "2026-03-29 02:00:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"},
	{"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"},
	{"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"},
	{"Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24 23:59:59", "2026-10-24 23:59:59"},
	{"Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25 00:00:00", "2026-10-25 01:00:00"},
	{"Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25 00:59:59", "2026-10-25 01:59:59"},
	{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25 02:00:00", "2026-10-25 02:00:00"},
	{"America/Chicago", "2026-03-08 02:30:00", "2026-03-08 08:00:00", "2026-03-08 08:00:00"},
	{"America/Chicago", "2026-11-01 01:30:00", "2026-11-01 06:30:00", "2026-11-01 07:30:00"},
	{"Australia/Lord_Howe", "2026-10-04 02:10:00", "2026-10-03 15:30:00", "2026-10-03 15:30:00"},
	{"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04 14:45:00", "2026-04-04 15:15:00"},
	{"America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04 03:00:00", "2018-11-04 03:00:00"},
	{"America/Sao_Paulo", "2018-02-17 23:30:00", "2018-02-18 01:30:00", "2018-02-18 02:30:00"},
	{"Asia/Kathmandu", "1986-01-01 00:10:00", "1985-12-31 18:30:00", "1985-12-31 18:30:00"},
	{"Asia/Kathmandu", "2026-01-01 00:00:00", "2025-12-31 18:15:00", "2025-12-31 18:15:00"},
	{"Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59", "2011-12-30 09:59:59"},
	{"Pacific/Apia", "2011-12-30 00:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00"},
	{"Pacific/Apia", "2011-12-30 23:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00"},
	{"Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00"},
	{"America/Metlakatla", "1867-10-19 00:00:00", "1867-10-18 08:46:18", "1867-10-19 08:46:18"},
};

static const char *const zones[] = {
	"Australia/Lord_Howe", "America/Chicago", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia",
	"Africa/Casablanca", "Pacific/Kwajalein", "America/Havana", "Asia/Gaza", "Antarctica/Troll", "America/St_Johns",
	"Pacific/Chatham", "America/Caracas", "Africa/Monrovia", "Antarctica/Casey", "Asia/Tehran"
};

static void
check_known(const Known *one)
{
	int64_t		local;
	int64_t		first;
	char		name[64];

	if (!libc_zone_use(one->zone))
	{
		check_skip(one->zone, "no such zone here");
		return;
	}
	libc_zone_read(one->local, &local);
	first = respond_local_instant(&libc_zone, local, NULL);
	snprintf(name, sizeof(name), "%s in %s", one->local, one->zone);
	check_string(libc_zone_show(first), one->first, name);
	check_string(libc_zone_show(respond_local_instant_last(&libc_zone, local)), one->last, name);
}

/* A second near a change of the clock, in local time, if there is a change in the years after a random day. */
static int64_t
near_change(void)
{
	int64_t		instant = (int64_t) naive_cron_random(27000) * DAY;
	int64_t		end;
	int64_t		before;
	int64_t		after;

	libc_zone.offset(libc_zone.zone, instant, &end);
	before = libc_zone_offset(end - 1);
	after = libc_zone_offset(end);
	if (naive_cron_random(3) == 0 || before == after)
		return end + (int64_t) naive_cron_random(DAY) - DAY / 2;
	/* at an edge, or within what is left out or repeated */
	if (naive_cron_random(3) == 0)
		return end + (naive_cron_random(2) ? before : after) + (int64_t) naive_cron_random(3) - 1;
	return end + (before < after ? before : after) + (int64_t) naive_cron_random((uint32_t) llabs(before - after));
}

/* All instants at which the clock shows it; if there is none, the first one after. */
static void
look(int64_t local, int64_t *first, int64_t *last, bool *left_out)
{
	bool		found = false;
	int64_t		behind = 0;

	for (int64_t instant = local - 27 * 3600; instant < local + 27 * 3600; instant++)
	{
		int64_t		shown = instant + libc_zone_offset(instant);

		if (shown == local)
		{
			if (!found)
				*first = instant;
			*last = instant;
			found = true;
		}
		else if (shown > local && behind == 0)
			behind = instant;
	}
	*left_out = !found;
	if (!found)
		*first = *last = behind;
}

static bool
agrees_with_model(void)
{
	const char *zone = zones[naive_cron_random(LENGTH(zones))];
	int64_t		local;
	int64_t		first = 0;
	int64_t		last = 0;
	bool		left_out;
	bool		expected;

	if (!libc_zone_use(zone))
		return true;
	local = near_change();
	look(local, &first, &last, &expected);
	if (respond_local_instant(&libc_zone, local, &left_out) == first && left_out == expected &&
		respond_local_instant_last(&libc_zone, local) == last)
		return true;
	printf("# %s in %s\n", libc_zone_show(local), zone);
	return false;
}

/* An expression for one local time of the year fires at its instant. */
static bool
agrees_with_cron(void)
{
	const char *zone = zones[naive_cron_random(LENGTH(zones))];
	time_t		local;
	struct tm	tm;
	char		text[64];
	Cron		cron;
	CronError	error;
	int64_t		next;

	if (!libc_zone_use(zone))
		return true;
	local = (time_t) near_change();
	gmtime_r(&local, &tm);
	snprintf(text, sizeof(text), "%d %d %d %d %d ?", tm.tm_sec, tm.tm_min, tm.tm_hour, tm.tm_mday, tm.tm_mon + 1);
	if (respond_cron_parse(text, strlen(text), &cron, &error) &&
		respond_cron_next(&cron, &libc_zone, local - 40 * DAY, local + 40 * DAY, &next) &&
		next == respond_local_instant(&libc_zone, local, NULL))
		return true;
	printf("# %s in %s\n", text, zone);
	return false;
}

int
main(int argc, char **argv)
{
	long		rounds = argc > 2 ? atol(argv[2]) : 100;
	bool		model = true;
	bool		cron = true;

	naive_cron_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	for (int i = 0; i < LENGTH(known); i++)
		check_known(&known[i]);
	for (long i = 0; i < rounds && model; i++)
		model = agrees_with_model();
	check(model, "%ld local times near changes of the clock, as the clock shows them", rounds);
	for (long i = 0; i < rounds * 20 && cron; i++)
		cron = agrees_with_cron();
	check(cron, "%ld cron expressions for one local time", rounds * 20);
	return check_done();
}
