/*-------------------------------------------------------------------------
 * hours_read.c
 *	  Opening hours of a day and of a week, read from JSON.
 *
 * src/calendar/hours_read.c
 *-------------------------------------------------------------------------
 */
#include "calendar/hours.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIDNIGHT		86400

/* Longest text of a time that an error repeats. */
#define LONGEST_SHOWN	32

static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const char list_remedy[] = "Write a list of pairs, such as [[\"09:00\", \"12:00\"], [\"13:00\", \"17:30\"]].";
static const char time_remedy[] =
"Write hours and minutes, such as \"09:00\", and seconds if you need them; a day ends at \"24:00\".";

static bool __attribute__((format(printf, 4, 5)))
fail(HoursError *error, const char *place, const char *remedy, const char *format,...)
{
	va_list		arguments;

	snprintf(error->place, sizeof(error->place), "%s", place);
	va_start(arguments, format);
	vsnprintf(error->reason, sizeof(error->reason), format, arguments);
	va_end(arguments);
	error->remedy = remedy;
	return false;
}

/* Two digits; -1 if they are none. */
static int
two_digits(const char *text)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* HH:MM or HH:MM:SS as seconds; -1 if it is none. */
static int32_t
read_time(const JsonValue *value)
{
	int			hour;
	int			minute;
	int			second = 0;

	if (value->kind != JSON_KIND_STRING || (value->length != 5 && value->length != 8) || value->text[2] != ':' ||
		(value->length == 8 && value->text[5] != ':'))
		return -1;
	hour = two_digits(value->text);
	minute = two_digits(value->text + 3);
	if (value->length == 8)
		second = two_digits(value->text + 6);
	if (hour < 0 || minute < 0 || second < 0 || minute > 59 || second > 59)
		return -1;
	if (hour > 24 || (hour == 24 && (minute > 0 || second > 0)))
		return -1;
	return hour * 3600 + minute * 60 + second;
}

static bool
fail_time(HoursError *error, const char *place, const JsonValue *value)
{
	if (value->kind != JSON_KIND_STRING || value->length > LONGEST_SHOWN)
		return fail(error, place, time_remedy, "it has something that is not a time of the day");
	return fail(error, place, time_remedy, "\"%s\" is not a time of the day", value->text);
}

static bool
read_period(const JsonValue *value, Period *period, HoursError *error, const char *place)
{
	if (value->kind != JSON_KIND_ARRAY || value->count != 2)
		return fail(error, place, list_remedy, "it is not a pair of times");
	period->from = read_time(value->items[0]);
	period->to = read_time(value->items[1]);
	if (period->from < 0 || period->to < 0)
		return fail_time(error, place, value->items[period->from < 0 ? 0 : 1]);
	if (period->from == MIDNIGHT)
		return fail(error, place, "Write it as a period of the next day that opens at \"00:00\".",
					"it opens at 24:00, when the day is over");
	if (period->from == period->to)
		return fail(error, place, "A whole day is [\"00:00\", \"24:00\"].", "it closes when it opens");
	/* over midnight */
	if (period->to < period->from)
		period->to += MIDNIGHT;
	return true;
}

static int
compare_periods(const void *left, const void *right)
{
	const Period *a = left;
	const Period *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

static bool
read_day(Arena *arena, const JsonValue *value, DayHours *hours, HoursError *error, const char *place)
{
	char		item[64];

	hours->count = 0;
	hours->periods = NULL;
	if (value->kind != JSON_KIND_ARRAY)
		return fail(error, place, list_remedy, "it is not a list");
	if (value->count > HOURS_MOST_PERIODS)
		return fail(error, place, "Leave out breaks.", "it has more than %d periods", HOURS_MOST_PERIODS);
	hours->periods = respond_arena_alloc(arena, sizeof(Period) * (value->count + 1));
	for (size_t i = 0; i < value->count; i++)
	{
		snprintf(item, sizeof(item), "%s[%zu]", place, i);
		if (!read_period(value->items[i], &hours->periods[i], error, item))
			return false;
	}
	hours->count = (int) value->count;
	qsort(hours->periods, value->count, sizeof(Period), compare_periods);
	return true;
}

bool
respond_day_hours_read(Arena *arena, const JsonValue *value, DayHours *hours, HoursError *error)
{
	return read_day(arena, value, hours, error, "hours");
}

/* -1: there is no such day. */
static int
find_day(const JsonMember *member)
{
	for (int day = 0; day < 7; day++)
		if (member->name_length == 3 && memcmp(member->name, day_names[day], 3) == 0)
			return day;
	return -1;
}

static bool
fail_day(HoursError *error, const JsonMember *member)
{
	static const char remedy[] = "Days are mon, tue, wed, thu, fri, sat and sun.";

	if (member->name_length > LONGEST_SHOWN)
		return fail(error, "hours", remedy, "one of its members is not a day");
	return fail(error, "hours", remedy, "\"%s\" is not a day", member->name);
}

bool
respond_week_hours_read(Arena *arena, const JsonValue *value, WeekHours *hours, HoursError *error)
{
	static const char object_remedy[] =
	"Write {\"mon\": [[\"09:00\", \"17:30\"]], ...}; without hours it is always open.";
	int			periods = 0;
	char		place[16];

	memset(hours, 0, sizeof(*hours));
	if (value->kind != JSON_KIND_OBJECT)
		return fail(error, "hours", object_remedy, "it is not an object");
	for (size_t i = 0; i < value->count; i++)
	{
		const JsonMember *member = &value->members[i];
		int			day = find_day(member);

		if (day < 0)
			return fail_day(error, member);
		snprintf(place, sizeof(place), "hours.%s", day_names[day]);
		if (!read_day(arena, member->value, &hours->days[day], error, place))
			return false;
		periods += hours->days[day].count;
	}
	if (periods == 0)
		return fail(error, "hours", object_remedy, "it has no period, so it would never open");
	return true;
}
