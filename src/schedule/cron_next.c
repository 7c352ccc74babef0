/*-------------------------------------------------------------------------
 * cron_next.c
 *	  The next time at which a cron expression fires.
 *
 * Local time is searched first, as if clocks were never changed: days by month,
 * each month as a set of 31 bits.  Around that goes a walk over the stretches
 * in which the zone's offset is constant.  It begins two days early, so that it
 * knows how far the local clock has been already.  Between two days after where
 * it searches and two days before what it found, no change of the clock can
 * bring anything nearer (offsets differ by 26 hours at most), and it leaps.
 *
 * src/schedule/cron_next.c
 *-------------------------------------------------------------------------
 */
#include "schedule/cron.h"

#include <string.h>

#include "calendar/stretch.h"

/* The lowest bit that is set, from the given one on; -1 if there is none. */
static int
next_bit(uint64_t bits, int from)
{
	bits = from > 63 ? 0 : bits >> from << from;
	return bits == 0 ? -1 : __builtin_ctzll(bits);
}

/* The day from Monday to Friday that is nearest to the given day and in its month. */
static int
nearest_weekday(const Month *month, int day)
{
	int			weekday = respond_day_of_week(month->first + day - 1);

	if (weekday == 6)
		return day > 1 ? day - 1 : day + 2;
	if (weekday == 0)
		return day < month->days ? day + 1 : day - 2;
	return day;
}

static uint64_t
days_by_number(const Cron *cron, const Month *month)
{
	uint64_t	days = cron->values[CRON_DAY_OF_MONTH];

	for (int before = next_bit(cron->from_last, 0); before >= 0 && before < month->days;
		 before = next_bit(cron->from_last, before + 1))
		days |= UINT64_C(1) << (month->days - before);
	for (int day = next_bit(cron->near, 0); day >= 0 && day <= month->days; day = next_bit(cron->near, day + 1))
		days |= UINT64_C(1) << nearest_weekday(month, day);
	for (int before = next_bit(cron->near_last, 0); before >= 0 && before < month->days;
		 before = next_bit(cron->near_last, before + 1))
		days |= UINT64_C(1) << nearest_weekday(month, month->days - before);
	return days;
}

static uint64_t
days_by_week(const Cron *cron, const Month *month)
{
	uint64_t	days = 0;
	int			weekday = respond_day_of_week(month->first);

	for (int day = 1; day <= month->days; day++, weekday = weekday == 6 ? 0 : weekday + 1)
	{
		bool		wanted = (cron->values[CRON_DAY_OF_WEEK] >> weekday & 1) != 0 ||
			(cron->nth[weekday] >> ((day - 1) / 7 + 1) & 1) != 0 ||
			((cron->last_of >> weekday & 1) != 0 && day + 7 > month->days);

		days |= (uint64_t) wanted << day;
	}
	return days;
}

/* The days of a month that are wanted; bit n is day n. */
static uint64_t
days_wanted(const Cron *cron, const Month *month)
{
	uint64_t	all = (UINT64_C(1) << (month->days + 1)) - 2;

	if ((cron->values[CRON_MONTH] >> month->month & 1) == 0)
		return 0;
	if (cron->any_day_of_month && cron->any_day_of_week)
		return all;
	if (cron->any_day_of_week)
		return days_by_number(cron, month) & all;
	if (cron->any_day_of_month)
		return days_by_week(cron, month);
	return (days_by_number(cron, month) | days_by_week(cron, month)) & all;
}

/* The first wanted day from one to another; false if there is none. */
static bool
find_day(const Cron *cron, int64_t from, int64_t to, int64_t *found)
{
	Month		month;
	int			day;

	respond_month_find(from, &month);
	day = (int) (from - month.first) + 1;
	while (month.first <= to)
	{
		day = next_bit(days_wanted(cron, &month), day);
		if (day >= 0)
		{
			*found = month.first + day - 1;
			return *found <= to;
		}
		respond_month_go_on(&month);
		day = 1;
	}
	return false;
}

/* The first wanted second of a day from the given one on; -1 if there is none. */
static int
find_second(const Cron *cron, int from)
{
	int			hour = next_bit(cron->values[CRON_HOUR], from / 3600);
	int			minute = from / 60 % 60;
	int			second = from % 60;

	if (hour != from / 3600)
		minute = second = 0;
	for (; hour >= 0; hour = next_bit(cron->values[CRON_HOUR], hour + 1), minute = second = 0)
	{
		int			found = next_bit(cron->values[CRON_MINUTE], minute);

		if (found != minute)
			second = 0;
		for (; found >= 0; found = next_bit(cron->values[CRON_MINUTE], found + 1), second = 0)
		{
			second = next_bit(cron->values[CRON_SECOND], second);
			if (second >= 0)
				return hour * 3600 + found * 60 + second;
		}
	}
	return -1;
}

/* The first wanted local time from one to another, in seconds; false if there is none. */
static bool
find_local(const Cron *cron, int64_t from, int64_t to, int64_t *found)
{
	int64_t		today = respond_floor_divide(from, DAY);
	int64_t		last = respond_floor_divide(to, DAY);
	int64_t		day;
	int			second;

	if (!find_day(cron, today, last, &day))
		return false;
	second = find_second(cron, day == today ? (int) (from - today * DAY) : 0);
	if (second < 0)
	{
		if (!find_day(cron, day + 1, last, &day))
			return false;
		second = find_second(cron, 0);
	}
	*found = day * DAY + second;
	return *found <= to;
}

bool
respond_cron_is_impossible(const Cron *cron)
{
	int64_t		day;

	return !find_day(cron, 0, CYCLE_DAYS - 1, &day);
}

/* Whether the clock was set forward at the begin of a stretch, over a wanted time. */
static bool
fires_after_gap(const Cron *cron, const Stretch *stretch)
{
	int64_t		local_begin = stretch->begin + stretch->offset;
	int64_t		local;

	return stretch->shown < local_begin && find_local(cron, stretch->shown, local_begin - 1, &local);
}

bool
respond_cron_next(const Cron *cron, const Zone *zone, int64_t after, int64_t last, int64_t *next)
{
	Stretch		stretch;
	int64_t		from = after + 1;

	if (after >= last || respond_cron_is_impossible(cron))
		return false;
	respond_stretch_begin(zone, from - STRETCH_MARGIN, &stretch);
	for (;;)
	{
		int64_t		begin;
		int64_t		local_from;
		int64_t		local;

		while (stretch.end <= from)
			respond_stretch_go_on(zone, &stretch);
		if (stretch.begin > last)
			return false;
		if (stretch.begin >= from && fires_after_gap(cron, &stretch))
		{
			*next = stretch.begin;
			return true;
		}
		begin = stretch.begin > from ? stretch.begin : from;
		local_from = begin + stretch.offset;
		if (!cron->real_time && local_from < stretch.shown)
			local_from = stretch.shown;
		if (!find_local(cron, local_from, last + STRETCH_MARGIN, &local))
			return false;
		if (stretch.end == INT64_MAX || local < stretch.end + stretch.offset)
		{
			*next = local - stretch.offset;
			return *next <= last;
		}
		if (stretch.end < begin + STRETCH_MARGIN || local - stretch.offset - STRETCH_MARGIN <= stretch.end)
			from = stretch.end;
		else
		{
			from = local - stretch.offset - STRETCH_MARGIN;
			respond_stretch_begin(zone, from, &stretch);
		}
	}
}
