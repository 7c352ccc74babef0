/* links: src/calendar/hours_read.c src/calendar/calendar.c src/calendar/openings.c src/calendar/local_time.c src/calendar/stretch.c src/calendar/day.c src/common/arena.c test/unit/json_reader.c test/unit/libc_zone.c */
/*-------------------------------------------------------------------------
 * test_calendar_vectors.c
 *	  The cases of test/vectors/business.tsv.
 *
 * test/unit/test_calendar_vectors.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "calendar/calendar.h"
#include "calendar/local_time.h"
#include "check.h"
#include "json_reader.h"
#include "libc_zone.h"

#define FILE_NAME	"test/vectors/business.tsv"
#define EPOCH		INT64_C(946684800)	/* 2000-01-01 */

typedef enum Column
{
	OPERATION, ZONE, HOURS, EXCEPTIONS, ARGUMENTS, EXPECTED, THEIRS, SOURCE, COLUMNS
} Column;

static bool
cut(char *line, char *columns[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
	{
		char	   *end = strchr(line, i == COLUMNS - 1 ? '\n' : '\t');

		if (end == NULL)
			return false;
		*end = '\0';
		columns[i] = line;
		line = end + 1;
	}
	return true;
}

static int64_t
read_seconds(const char *text, size_t length)
{
	char		copy[32];
	int64_t		seconds = 0;

	snprintf(copy, sizeof(copy), "%.*s%s", (int) length, text, length == 10 ? " 00:00:00" : "");
	if (!libc_zone_read(copy, &seconds))
		printf("# \"%s\" is not a time\n", copy);
	return seconds;
}

static int64_t
read_time(const char *text)
{
	return (read_seconds(text, strcspn(text, ",")) - EPOCH) * CALENDAR_SECOND;
}

static void
read_exceptions(Arena *arena, CalendarRules *rules, const JsonValue *list)
{
	CalendarException *exceptions = respond_arena_alloc_zero(arena, sizeof(CalendarException) * (list->count + 1));
	HoursError	error;

	for (size_t i = 0; i < list->count; i++)
	{
		JsonValue **items = list->items[i]->items;

		exceptions[i].id = (int64_t) i;
		exceptions[i].from = read_seconds(items[0]->text, items[0]->length) / 86400;
		exceptions[i].to = read_seconds(items[1]->text, items[1]->length) / 86400;
		if (!respond_day_hours_read(arena, items[2], &exceptions[i].hours, &error))
			printf("# %s: %s\n", error.place, error.reason);
	}
	rules->exceptions = exceptions;
	rules->exception_count = (int) list->count;
}

static void
read_rules(Arena *arena, char *columns[COLUMNS], CalendarRules *rules)
{
	HoursError	error;

	rules->zone = libc_zone;
	rules->always = strcmp(columns[HOURS], "-") == 0;
	if (!rules->always &&
		!respond_week_hours_read(arena, json_read(arena, columns[HOURS], strlen(columns[HOURS])), &rules->week, &error))
		printf("# %s: %s\n", error.place, error.reason);
	if (strcmp(columns[EXCEPTIONS], "-") != 0)
		read_exceptions(arena, rules, json_read(arena, columns[EXCEPTIONS], strlen(columns[EXCEPTIONS])));
}

static const char *
show_time(int64_t time)
{
	return libc_zone_show(time / CALENDAR_SECOND + EPOCH);
}

static void
list_periods(Calendar *calendar, int64_t from, int64_t before, char *result, size_t size)
{
	int64_t		open;
	int64_t		close;
	size_t		length = 0;

	snprintf(result, size, "none");
	while (from < before && respond_calendar_period(calendar, from, before, &open, &close) && length < size)
	{
		length += (size_t) snprintf(result + length, size - length, "%s%s/", length > 0 ? ", " : "", show_time(open));
		length += (size_t) snprintf(result + length, size - length, "%s", show_time(close));
		from = close;
	}
}

static void
answer(char *columns[COLUMNS], Calendar *calendar, char *result, size_t size)
{
	const char *second = strchr(columns[ARGUMENTS], ',');
	int64_t		at = read_time(columns[ARGUMENTS]);
	int64_t		other;

	second = second == NULL ? "" : second + 2;
	if (strcmp(columns[OPERATION], "open") == 0)
		snprintf(result, size, "%s", respond_calendar_is_open(calendar, at) ? "yes" : "no");
	else if (strcmp(columns[OPERATION], "add") == 0)
		snprintf(result, size, "%s", respond_calendar_add(calendar, at, strtoll(second, NULL, 10) * CALENDAR_SECOND,
														  &other) ? show_time(other) : "none");
	else if (strcmp(columns[OPERATION], "between") == 0)
	{
		other = read_time(second);
		snprintf(result, size, "%lld", (long long)
				 ((at <= other ? respond_calendar_between(calendar, at, other) :
				   -respond_calendar_between(calendar, other, at)) / CALENDAR_SECOND));
	}
	else if (strcmp(columns[OPERATION], "periods") == 0)
		list_periods(calendar, at, read_time(second), result, size);
	else if (strcmp(columns[OPERATION], "instant") == 0)
		snprintf(result, size, "%s", libc_zone_show(respond_local_instant(&libc_zone, at / CALENDAR_SECOND + EPOCH,
																		  NULL)));
	else
		snprintf(result, size, "there is no such operation");
}

static void
check_line(char *line)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	CalendarRules rules = {.always = true};
	Calendar   *calendar;
	char	   *columns[COLUMNS];
	char		result[2000];
	char		name[200];

	if (!cut(line, columns) || !libc_zone_use(columns[ZONE]))
	{
		check_skip(line, "not a case, or no such zone here");
		respond_arena_destroy(arena);
		return;
	}
	read_rules(arena, columns, &rules);
	calendar = respond_calendar_create(&rules, &respond_arena_malloc_source);
	answer(columns, calendar, result, sizeof(result));
	snprintf(name, sizeof(name), "%s %s of %s%s", columns[OPERATION], columns[ARGUMENTS], columns[SOURCE],
			 columns[THEIRS][0] != '\0' ? ", which differs" : "");
	check_string(result, columns[EXPECTED], name);
	respond_calendar_destroy(calendar);
	respond_arena_destroy(arena);
}

int
main(void)
{
	FILE	   *file = fopen(FILE_NAME, "r");
	char		line[8000];

	if (!check(file != NULL, "there is " FILE_NAME))
		return check_done();
	while (fgets(line, sizeof(line), file) != NULL)
		if (line[0] != '#')
			check_line(line);
	fclose(file);
	return check_done();
}
