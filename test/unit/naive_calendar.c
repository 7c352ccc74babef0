/*-------------------------------------------------------------------------
 * naive_calendar.c
 *	  Random calendars, and whether they are open, second by second.
 *
 * What the clock of the C library shows is written down for each second; where a
 * period begins and ends is looked up there.
 *
 * test/unit/naive_calendar.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "naive_calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libc_zone.h"
#include "naive_cron.h"

#define DAY			INT64_C(86400)
#define MARGIN		(4 * DAY)
#define SHOWN		(NAIVE_SECONDS + 2 * MARGIN)

/* What the clock showed, as seconds since 1970, from first - MARGIN on. */
static int64_t shown[SHOWN];

static int32_t
random_time(void)
{
	switch (naive_cron_random(4))
	{
		case 0:
			return (int32_t) naive_cron_random(25) * 3600;
		case 1:
			/* where clocks are changed */
			return (int32_t) naive_cron_random(4 * 3600);
		case 2:
			return (int32_t) naive_cron_random(97) * 900;
		default:
			return (int32_t) naive_cron_random(86401);
	}
}

static int
compare_periods(const void *left, const void *right)
{
	return ((const Period *) left)->from - ((const Period *) right)->from;
}

static void
random_hours(DayHours *hours, Period *periods)
{
	hours->count = naive_cron_random(3) ? (int) naive_cron_random(4) : 0;
	hours->periods = periods;
	for (int i = 0; i < hours->count; i++)
	{
		do
		{
			periods[i].from = random_time() % 86400;
			/* some touch the one before */
			if (i > 0 && naive_cron_random(4) == 0)
				periods[i].from = periods[i - 1].to % 86400;
			periods[i].to = random_time();
			if (naive_cron_random(5) == 0)
				periods[i].to = 86400;
		} while (periods[i].from == periods[i].to);
		if (periods[i].to < periods[i].from)
			periods[i].to += 86400;
	}
	qsort(periods, (size_t) hours->count, sizeof(Period), compare_periods);
}

static void
random_exception(CalendarException *exception, Period *periods, int64_t around, int64_t id)
{
	int64_t		day = around / DAY - 10 + naive_cron_random(20);
	static const int64_t years[] = {0, 0, 365, 366, 1461, -365};

	exception->id = id;
	exception->yearly = naive_cron_random(2);
	if (naive_cron_random(2))
		day -= years[naive_cron_random(6)];
	/* near 29 February */
	if (naive_cron_random(6) == 0)
	{
		struct tm	tm = {.tm_mon = 1};

		tm.tm_year = 96 + 4 * (int) naive_cron_random(6);
		tm.tm_mday = 27 + (int) naive_cron_random(3);
		day = timegm(&tm) / DAY;
	}
	exception->from = day;
	exception->to = day + (naive_cron_random(2) ? 0 : naive_cron_random(4));
	if (naive_cron_random(10) == 0)
		exception->to = day + naive_cron_random(300);
	random_hours(&exception->hours, periods);
	if (naive_cron_random(3) == 0)
		exception->hours.count = 0;
}

void
naive_calendar_make(NaiveCalendar *calendar, int64_t around)
{
	memset(calendar, 0, sizeof(*calendar));
	calendar->rules.zone = libc_zone;
	calendar->rules.always = naive_cron_random(8) == 0;
	for (int day = 0; day < 7; day++)
		random_hours(&calendar->rules.week.days[day], calendar->periods[day]);
	calendar->rules.exception_count = (int) naive_cron_random(NAIVE_EXCEPTIONS + 1);
	calendar->rules.exceptions = calendar->exceptions;
	for (int i = 0; i < calendar->rules.exception_count; i++)
		random_exception(&calendar->exceptions[i], calendar->exception_periods[i], around,
						 1 + naive_cron_random(1000) * 10 + i);
	calendar->first = (around / DAY - NAIVE_DAYS / 2) * DAY;
}

/* Whether one holds on a day, by its date. */
static bool
covers(const CalendarException *exception, int64_t day)
{
	for (int64_t back = 0; back <= exception->to - exception->from; back++)
	{
		time_t		from_time = (time_t) (exception->from * DAY);
		time_t		other_time = (time_t) ((day - back) * DAY);
		struct tm	from;
		struct tm	other;

		if (day - back == exception->from)
			return true;
		if (!exception->yearly)
			continue;
		gmtime_r(&from_time, &from);
		gmtime_r(&other_time, &other);
		if (other.tm_year > from.tm_year && other.tm_mon == from.tm_mon && other.tm_mday == from.tm_mday)
			return true;
	}
	return false;
}

static const DayHours *
hours_on(const NaiveCalendar *calendar, int64_t day)
{
	static Period whole[] = {{0, 86400}};
	static const DayHours open = {1, whole};
	const CalendarException *best = NULL;
	time_t		time = (time_t) (day * DAY);
	struct tm	tm;

	for (int i = 0; i < calendar->rules.exception_count; i++)
	{
		const CalendarException *other = &calendar->exceptions[i];

		if (!covers(other, day))
			continue;
		if (best == NULL ||
			(best->yearly && !other->yearly) ||
			(best->yearly == other->yearly &&
			 (other->to - other->from < best->to - best->from ||
			  (other->to - other->from == best->to - best->from && other->id > best->id))))
			best = other;
	}
	if (best != NULL)
		return &best->hours;
	gmtime_r(&time, &tm);
	return calendar->rules.always ? &open : &calendar->rules.week.days[tm.tm_wday];
}

/* Where in shown a local time is: the first or the last time; or the first place after a gap. */
static int64_t
find_shown(int64_t local, int64_t first, bool last)
{
	int64_t		found = -1;
	int64_t		behind = -1;
	int64_t		low = local - first + MARGIN - 28 * 3600;
	int64_t		high = local - first + MARGIN + 28 * 3600;

	for (int64_t i = low < 0 ? 0 : low; i < high && i < SHOWN; i++)
	{
		if (shown[i] == local && (found < 0 || last))
			found = i;
		if (shown[i] > local && behind < 0)
			behind = i;
	}
	return found >= 0 ? found : behind;
}

void
naive_calendar_look(NaiveCalendar *calendar)
{
	int64_t		first = calendar->first;
	int64_t		offset = 0;

	/* the clocks that are tried are changed at whole minutes */
	for (int64_t i = 0; i < SHOWN; i++)
	{
		if (i % 60 == 0)
			offset = libc_zone_offset(first - MARGIN + i);
		shown[i] = first - MARGIN + i + offset;
	}
	for (int64_t day = first / DAY - 3; day < first / DAY + NAIVE_DAYS + 2; day++)
	{
		const DayHours *hours = hours_on(calendar, day);

		for (int i = 0; i < hours->count; i++)
		{
			int64_t		open = find_shown(day * DAY + hours->periods[i].from, first, false) - MARGIN;
			int64_t		close = find_shown(day * DAY + hours->periods[i].to, first, true) - MARGIN;

			for (int64_t second = open < 0 ? 0 : open; second < close && second < NAIVE_SECONDS; second++)
				calendar->open[second] = true;
		}
	}
}

static void
show_time(const char *before, int32_t time)
{
	printf("%s%d:%02d:%02d", before, time / 3600, time / 60 % 60, time % 60);
}

static void
show_hours(const DayHours *hours)
{
	for (int i = 0; i < hours->count; i++)
	{
		show_time(" ", hours->periods[i].from);
		show_time("-", hours->periods[i].to);
	}
	printf("\n");
}

void
naive_calendar_show(const NaiveCalendar *calendar)
{
	if (calendar->rules.always)
		printf("# always\n");
	for (int day = 0; day < 7 && !calendar->rules.always; day++)
	{
		printf("# day %d:", day);
		show_hours(&calendar->rules.week.days[day]);
	}
	for (int i = 0; i < calendar->rules.exception_count; i++)
	{
		const CalendarException *exception = &calendar->exceptions[i];

		printf("# %d: %s%s", (int) exception->id, exception->yearly ? "yearly " : "",
			   libc_zone_show(exception->from * DAY));
		printf(" to %s:", libc_zone_show(exception->to * DAY));
		show_hours(&exception->hours);
	}
}
