/*-------------------------------------------------------------------------
 * naive_cron.c
 *	  Random cron expressions, and when they fire, found by looking at each
 *	  second or minute in turn.
 *
 * test/unit/naive_cron.c
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "naive_cron.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libc_zone.h"

#define DAY		INT64_C(86400)

enum
{
	SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK
};

static const int first_of[] = {0, 0, 0, 1, 1, 0};
static const int last_of[] = {59, 59, 23, 31, 12, 7};
static const char *const months[] = {"", "jan", "Feb", "MAR", "apr", "May", "JUN", "jul", "Aug", "SEP", "oct", "Nov", "DEC"};
static const char *const weekdays[] = {"sun", "Mon", "TUE", "wed", "Thu", "FRI", "sat"};

static uint64_t state = 1;

void
naive_cron_seed(uint64_t seed)
{
	state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
}

uint32_t
naive_cron_random(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t) ((state >> 33) % bound);
}

static int
between(int low, int high)
{
	return low + (int) naive_cron_random((uint32_t) (high - low + 1));
}

static void
want(NaiveCron *cron, int field, int value)
{
	cron->wanted[field][field == DAY_OF_WEEK ? value % 7 : value] = true;
}

static void
write_value(char *out, int field, int value)
{
	if (field == MONTH && naive_cron_random(2))
		strcat(out, months[value]);
	else if (field == DAY_OF_WEEK && value < 7 && naive_cron_random(2))
		strcat(out, weekdays[value]);
	else
		sprintf(out + strlen(out), naive_cron_random(4) ? "%d" : "%02d", value);
}

/* A range that may go over the end, with a step. */
static void
make_range(NaiveCron *cron, int field, char *out)
{
	int			from = between(first_of[field], last_of[field]);
	int			to = between(first_of[field], last_of[field]);
	int			step = naive_cron_random(2) ? between(1, last_of[field] / 2) : 1;
	int			value = from;

	write_value(out, field, from);
	strcat(out, "-");
	write_value(out, field, to);
	if (step > 1)
		sprintf(out + strlen(out), "/%d", step);
	/* walk value by value; behind the last one comes the first, Sunday counting once */
	for (int walked = 0;; walked++)
	{
		if (walked % step == 0)
			want(cron, field, value);
		if (value == to || (to < from && field == DAY_OF_WEEK && value % 7 == to))
			return;
		value++;
		if (to < from && value > last_of[field])
			value = field == DAY_OF_WEEK ? 1 : first_of[field];
	}
}

static void
make_star(NaiveCron *cron, int field, char *out)
{
	strcat(out, naive_cron_random(5) ? "*" : "?");
	for (int value = first_of[field]; value <= last_of[field]; value++)
		want(cron, field, value);
	cron->any_day_of_month |= field == DAY_OF_MONTH;
	cron->any_day_of_week |= field == DAY_OF_WEEK;
	cron->real_time |= field <= HOUR;
}

static void
make_part(NaiveCron *cron, int field, char *out)
{
	switch (naive_cron_random(20) == 0 ? 6 : naive_cron_random(6))
	{
		case 0:
		case 1:
		case 2:
			{
				int			value = between(first_of[field], last_of[field]);

				write_value(out, field, value);
				want(cron, field, value);
				break;
			}
		case 3:
			make_range(cron, field, out);
			break;
		case 4:
			{
				int			value = between(first_of[field], last_of[field]);
				int			step = between(1, last_of[field]);

				write_value(out, field, value);
				sprintf(out + strlen(out), "/%d", step);
				for (; value <= last_of[field]; value += step)
					want(cron, field, value);
				cron->real_time |= field <= HOUR;
				break;
			}
		case 5:
			{
				int			step = between(2, last_of[field]);

				sprintf(out + strlen(out), "%c/%d", naive_cron_random(5) ? '*' : '?', step);
				for (int value = first_of[field]; value <= last_of[field]; value += step)
					want(cron, field, value);
				cron->real_time |= field <= HOUR;
				break;
			}
		case 6:
			make_star(cron, field, out);
			break;
	}
}

static void
make_special_day(NaiveCron *cron, int field, char *out)
{
	NaiveDay   *day = &cron->days[cron->day_count++];

	day->weekday = between(0, 6);
	if (field == DAY_OF_MONTH)
		day->kind = between(DAY_BEFORE_LAST, DAY_NEAR_LAST);
	else
		day->kind = between(DAY_NTH, DAY_LAST_OF);
	switch (day->kind)
	{
		case DAY_BEFORE_LAST:
		case DAY_NEAR_LAST:
			day->number = naive_cron_random(2) ? between(0, 30) : 0;
			strcat(out, naive_cron_random(2) ? "L" : "l");
			if (day->number > 0)
				sprintf(out + strlen(out), "-%d", day->number);
			if (day->kind == DAY_NEAR_LAST)
				strcat(out, "W");
			break;
		case DAY_NEAR:
			day->number = between(1, 31);
			sprintf(out + strlen(out), "%dW", day->number);
			break;
		case DAY_NTH:
			day->number = between(1, 5);
			write_value(out, DAY_OF_WEEK, day->weekday);
			sprintf(out + strlen(out), "#%d", day->number);
			break;
		case DAY_LAST_OF:
			if (naive_cron_random(4) == 0)
			{
				strcat(out, "L");
				write_value(out, DAY_OF_WEEK, day->weekday);
				break;
			}
			write_value(out, DAY_OF_WEEK, day->weekday);
			strcat(out, "L");
			break;
	}
}

static void
make_field(NaiveCron *cron, int field, bool calm_days)
{
	char	   *out = cron->text + strlen(cron->text);
	int			parts = naive_cron_random(3) ? 1 : between(2, 3);

	if (naive_cron_random(5) == 0 || (calm_days && field >= DAY_OF_MONTH && naive_cron_random(5) > 0))
	{
		make_star(cron, field, out);
		return;
	}
	for (int i = 0; i < parts; i++)
	{
		if (i > 0)
			strcat(out, ",");
		if ((field == DAY_OF_MONTH || field == DAY_OF_WEEK) && naive_cron_random(3) == 0)
			make_special_day(cron, field, out);
		else
			make_part(cron, field, out);
	}
}

void
naive_cron_make(NaiveCron *cron, bool with_seconds, bool calm_days)
{
	memset(cron, 0, sizeof(*cron));
	cron->whole_minutes = !with_seconds;
	if (!with_seconds)
		want(cron, SECOND, 0);
	for (int field = with_seconds ? SECOND : MINUTE; field <= DAY_OF_WEEK; field++)
	{
		if (cron->text[0] != '\0')
			strcat(cron->text, naive_cron_random(10) ? " " : " \t ");
		make_field(cron, field, calm_days);
	}
}

static int64_t
day_at(int year, int month, int day)
{
	struct tm	time = {.tm_year = year, .tm_mon = month, .tm_mday = day};

	return timegm(&time) / DAY;
}

static int
weekday_at(int64_t day)
{
	time_t		time = (time_t) (day * DAY);
	struct tm	tm;

	gmtime_r(&time, &tm);
	return tm.tm_wday;
}

/* Looks from the day outwards, and stays in the month. */
static int64_t
nearest(int64_t day, int64_t first, int64_t last)
{
	static const int steps[] = {0, -1, 1, -2, 2};

	for (int i = 0; i < 5; i++)
	{
		int64_t		other = day + steps[i];
		int			weekday = weekday_at(other);

		if (other >= first && other <= last && weekday != 0 && weekday != 6)
			return other;
	}
	abort();
}

static bool
special_day_fits(const NaiveDay *day, const struct tm *time)
{
	int64_t		first = day_at(time->tm_year, time->tm_mon, 1);
	int64_t		last = day_at(time->tm_year, time->tm_mon + 1, 1) - 1;
	int64_t		today = first + time->tm_mday - 1;

	switch (day->kind)
	{
		case DAY_BEFORE_LAST:
			return today == last - day->number;
		case DAY_NEAR:
			return first + day->number - 1 <= last && today == nearest(first + day->number - 1, first, last);
		case DAY_NEAR_LAST:
			return last - day->number >= first && today == nearest(last - day->number, first, last);
		case DAY_NTH:
			return time->tm_wday == day->weekday && today >= first + 7 * (day->number - 1) && today < first + 7 * day->number;
		case DAY_LAST_OF:
			return time->tm_wday == day->weekday && today > last - 7;
	}
	return false;
}

static bool
day_fits(const NaiveCron *cron, const struct tm *time)
{
	bool		by_month = cron->wanted[DAY_OF_MONTH][time->tm_mday];
	bool		by_week = cron->wanted[DAY_OF_WEEK][time->tm_wday];

	if (!cron->wanted[MONTH][time->tm_mon + 1])
		return false;
	for (int i = 0; i < cron->day_count; i++)
	{
		if (!special_day_fits(&cron->days[i], time))
			continue;
		if (cron->days[i].kind >= DAY_NTH)
			by_week = true;
		else
			by_month = true;
	}
	if (cron->any_day_of_month || cron->any_day_of_week)
		return by_month && by_week;
	return by_month || by_week;
}

bool
naive_cron_fits_day(const NaiveCron *cron, int64_t local)
{
	time_t		time = (time_t) local;
	struct tm	tm;

	gmtime_r(&time, &tm);
	return day_fits(cron, &tm);
}

bool
naive_cron_fits(const NaiveCron *cron, int64_t local)
{
	time_t		time = (time_t) local;
	struct tm	tm;

	gmtime_r(&time, &tm);
	return cron->wanted[SECOND][tm.tm_sec] && cron->wanted[MINUTE][tm.tm_min] && cron->wanted[HOUR][tm.tm_hour] &&
		day_fits(cron, &tm);
}

int64_t
naive_cron_next(const NaiveCron *cron, int64_t after, int64_t last)
{
	int64_t		unit = cron->whole_minutes ? 60 : 1;
	int64_t		start = after / unit * unit - 2 * DAY;
	int64_t		base = start - 2 * DAY;
	bool	   *seen = calloc((size_t) ((last - base + 2 * DAY) / unit), sizeof(bool));
	int64_t		before = start - unit + libc_zone_offset(start - unit);
	int64_t		found = -1;

	for (int64_t now = start; now <= last && found < 0; now += unit)
	{
		int64_t		local = now + libc_zone_offset(now);

		if (now > after && naive_cron_fits(cron, local) && (cron->real_time || !seen[(local - base) / unit]))
			found = now;
		for (int64_t skipped = before + unit; skipped < local; skipped += unit)
		{
			if (now > after && !seen[(skipped - base) / unit] && naive_cron_fits(cron, skipped))
				found = now;
			seen[(skipped - base) / unit] = true;
		}
		seen[(local - base) / unit] = true;
		before = local;
	}
	free(seen);
	return found;
}
