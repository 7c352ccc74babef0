/*-------------------------------------------------------------------------
 * fuzz_hours.c
 *	  Opening hours of any bytes, and calendars made of them.
 *
 * Input: JSON.  Checked besides memory: what is refused has place, reason and
 * remedy; what is taken opens, and keeps the laws of counting.
 *
 * test/fuzz/fuzz_hours.c
 *-------------------------------------------------------------------------
 */
/* links: src/calendar/hours_read.c src/calendar/calendar.c src/calendar/openings.c src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c src/common/arena.c test/unit/json_reader.c */
#include <string.h>

#include "../unit/json_reader.h"
#include "calendar/calendar.h"
#include "calendar/day.h"
#include "insist.h"

#define HOUR	(3600 * CALENDAR_SECOND)

/* Clocks that are changed every 100 days, by an hour or half a day. */
static int64_t
offset_until(__attribute__((unused)) void *zone, int64_t instant, int64_t *end)
{
	int64_t		period = respond_floor_divide(instant, 100 * DAY);

	*end = (period + 1) * 100 * DAY;
	return period % 8 == 7 ? DAY / 2 : period % 2 * 3600;
}

static void
insist_laws(const CalendarRules *rules)
{
	Calendar   *calendar = respond_calendar_create(rules, &respond_arena_malloc_source);
	int64_t		at = 0;
	int64_t		next;
	int64_t		then;
	int64_t		both;

	/* hours that the clock leaves out each time are the exception: a gap is not each week */
	insist(respond_calendar_is_open(calendar, at) || respond_calendar_next_open(calendar, at, &at), "it opens");
	insist(respond_calendar_is_open(calendar, at), "it is open when it opens");
	for (int i = 1; i < 20; i++)
	{
		int64_t		amount = i * i * HOUR / 7 + i;

		if (!respond_calendar_add(calendar, at, amount, &then) ||
			!respond_calendar_add(calendar, at, 2 * amount, &both))
			break;
		insist(respond_calendar_between(calendar, at, then) == amount, "between(a, add(a, d)) is d");
		insist(respond_calendar_add(calendar, then, amount, &next) && next == both, "add(add(a, d), d) is add(a, 2d)");
		insist(respond_calendar_add(calendar, then, -amount, &next) &&
			   respond_calendar_between(calendar, next, then) == amount, "and back");
		insist(respond_calendar_is_open(calendar, then - 1), "it ends in open time");
	}
	respond_calendar_destroy(calendar);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	JsonValue  *value = json_read(arena, (const char *) data, size);
	CalendarRules rules = {.zone = {offset_until, NULL}};
	CalendarException exception = {.id = 1,.from = 10957 + 20,.to = 10957 + 400};
	HoursError	error = {.place = ""};

	if (value != NULL)
	{
		if (respond_week_hours_read(arena, value, &rules.week, &error))
			insist_laws(&rules);
		else
			insist(error.place[0] != '\0' && error.reason[0] != '\0' && error.remedy != NULL, "an error says all");
		rules.always = true;
		if (respond_day_hours_read(arena, value, &exception.hours, &error))
		{
			rules.exceptions = &exception;
			rules.exception_count = 1;
			insist_laws(&rules);
		}
	}
	respond_arena_destroy(arena);
	return 0;
}
