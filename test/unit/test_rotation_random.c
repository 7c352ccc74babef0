/* links: src/on_call/rotation.c src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c test/unit/libc_zone.c src/common/arena.c test/unit/naive_cron.c */
/*-------------------------------------------------------------------------
 * test_rotation_random.c
 *	  Random rotations, whose members change, around changes of the clock, against
 *	  a model that looks at each minute.
 *
 * The seed is fixed; give another one, and a number of rounds, as arguments.
 *
 * test/unit/test_rotation_random.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "libc_zone.h"
#include "naive_cron.h"
#include "on_call/rotation.h"

#define LENGTH(array)	((int) (sizeof(array) / sizeof((array)[0])))
#define EPOCH			INT64_C(946684800)	/* 2000-01-01 */
#define MINUTE			INT64_C(60)
#define MINUTES			(130 * 24 * 60)
#define MOST_MEMBERS	6

/* A time shortly before clocks were changed. */
static const struct
{
	const char *zone;
	const char *before;
}			places[] = {
	{"Australia/Lord_Howe", "2026-09-20 00:00:00"}, {"Australia/Lord_Howe", "2026-03-20 00:00:00"},
	{"America/Chicago", "2026-01-28 00:00:00"}, {"America/Chicago", "2026-10-20 00:00:00"},
	{"America/Sao_Paulo", "2018-10-25 00:00:00"}, {"America/Sao_Paulo", "2018-01-29 00:00:00"},
	{"Europe/Berlin", "2026-01-25 00:00:00"}, {"Europe/Berlin", "2026-10-15 00:00:00"},
	{"Asia/Kathmandu", "1985-12-20 00:00:00"}, {"Pacific/Apia", "2011-12-10 00:00:00"},
	{"Pacific/Kwajalein", "1993-08-10 00:00:00"}, {"UTC", "1969-12-01 00:00:00"},
};

static RotationMember members[MOST_MEMBERS];
static Rotation rotation;

/* What the model found: who is on in each minute, -1 nobody, and since when. */
static int	who[MINUTES];
static int	since[MINUTES];

static int64_t first;			/* the first minute */

/* When a shift would begin, as the local clock shows it. */
static int64_t
local_handoff(int number)
{
	static const int64_t seconds[] = {3600, 86400, 7 * 86400};
	time_t		starts = rotation.starts;
	struct tm	tm;
	int			day;
	time_t		found;

	if (rotation.unit != ROTATION_MONTH)
		return rotation.starts + (int64_t) number * rotation.length * seconds[rotation.unit];
	gmtime_r(&starts, &tm);
	day = tm.tm_mday;
	tm.tm_mday = 1;
	tm.tm_mon += number * rotation.length;
	found = timegm(&tm);
	gmtime_r(&found, &tm);
	/* day after day, as long as it is the same month */
	for (int month = tm.tm_mon; day > 1; day--)
	{
		time_t		next = found + 86400;

		gmtime_r(&next, &tm);
		if (tm.tm_mon != month)
			break;
		found = next;
	}
	return found;
}

static bool
is_member(int member, int minute)
{
	int64_t		at = (first + minute * MINUTE - EPOCH) * 1000000;

	return members[member].valid_from <= at && at < members[member].valid_to;
}

static int
next_member(int last, int minute)
{
	for (int i = 1; i <= rotation.member_count; i++)
		if (is_member((last + i) % rotation.member_count, minute))
			return (last + i) % rotation.member_count;
	return -1;
}

static void
model(void)
{
	int			number = 0;
	int			last = -1;
	int			on = -1;
	int			from = -1;

	for (int minute = 0; minute < MINUTES; minute++)
	{
		int64_t		instant = first + minute * MINUTE;
		int64_t		shown = instant + libc_zone_offset(instant);
		int			before = on;

		if (local_handoff(number) <= shown)
		{
			/* nobody follows nobody */
			bool		starts = number == 0;

			for (; local_handoff(number) <= shown; number++)
			{
				on = next_member(last, minute);
				last = on >= 0 ? on : last;
			}
			from = starts || before >= 0 || on >= 0 ? minute : from;
		}
		else if (number > 0 && (on < 0 || !is_member(on, minute)))
		{
			on = next_member(last, minute);
			last = on >= 0 ? on : last;
			from = on != before ? minute : from;
		}
		who[minute] = on;
		since[minute] = from;
	}
}

static bool
agree_at(int minute)
{
	int64_t		at = (first + minute * MINUTE - EPOCH) * 1000000;
	RotationShift shift;
	int			found;
	int			end = minute + 1;

	respond_rotation_shift(&rotation, at + naive_cron_random(60000000), &shift);
	found = shift.member == NULL ? -1 : (int) (shift.member - members);
	while (end < MINUTES && since[end] == since[minute])
		end++;
	if (found == who[minute] &&
		shift.from == (since[minute] < 0 ? ROTATION_BEGIN : at + (since[minute] - minute) * 60000000LL) &&
		(end == MINUTES || shift.to == at + (end - minute) * 60000000LL))
		return true;
	printf("# minute %d, %s: %d is on and not %d; from %lld to %lld, in the model for %d and %d minutes\n", minute,
		   libc_zone_show(first + minute * MINUTE), found, who[minute], (long long) shift.from, (long long) shift.to,
		   minute - since[minute], end - minute);
	return false;
}

static int64_t
some_minute(void)
{
	int64_t		minute = naive_cron_random(MINUTES);

	/* often at a handoff */
	if (naive_cron_random(2))
	{
		int64_t		local = local_handoff(naive_cron_random(20));

		minute = (local - libc_zone_offset(local) - first) / MINUTE;
	}
	return (first + minute * MINUTE - EPOCH) * 1000000;
}

static void
make(void)
{
	static const int longest[] = {30, 9, 3, 2};

	rotation.unit = naive_cron_random(4);
	rotation.length = 1 + naive_cron_random(longest[rotation.unit]);
	/* the start is after the first minute, on the clock too */
	rotation.starts = (first / 86400 + 2 + naive_cron_random(12)) * 86400 + naive_cron_random(24 * 60) * MINUTE;
	if (naive_cron_random(2))
		rotation.starts -= rotation.starts % 1800;
	rotation.zone = libc_zone;
	rotation.member_count = naive_cron_random(MOST_MEMBERS + 1);
	rotation.members = members;
	for (int i = 0; i < rotation.member_count; i++)
	{
		members[i] = (RotationMember) {"x", ROTATION_BEGIN, ROTATION_END};
		if (naive_cron_random(2))
			members[i].valid_from = some_minute();
		if (naive_cron_random(2))
			members[i].valid_to = some_minute();
		if (members[i].valid_from >= members[i].valid_to)
			members[i].valid_to = members[i].valid_from + 60000000LL;
	}
}

int
main(int argc, char **argv)
{
	int			rounds = argc > 2 ? atoi(argv[2]) : 36;
	bool		ok = true;

	naive_cron_seed(argc > 1 ? strtoull(argv[1], NULL, 10) : 12);
	for (int round = 0; round < rounds && ok; round++)
	{
		int			place = round % LENGTH(places);

		if (!libc_zone_use(places[place].zone) || !libc_zone_read(places[place].before, &first))
			continue;
		make();
		model();
		for (int i = 0; i < 500 && ok; i++)
		{
			int			minute = naive_cron_random(MINUTES);

			/* half of them at the begin of a shift, or before it */
			if (naive_cron_random(2) && since[minute] > 0)
				minute = since[minute] - naive_cron_random(2);
			ok = agree_at(minute);
		}
		if (!ok)
			printf("# round %d: %s, unit %d, %d of them, %d members\n", round, places[place].zone, rotation.unit,
				   rotation.length, rotation.member_count);
	}
	check(ok, "%d random rotations are as the model says", rounds);
	return check_done();
}
