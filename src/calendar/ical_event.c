/*-------------------------------------------------------------------------
 * ical_event.c
 *	  The properties of an event of a calendar file.
 *
 * src/calendar/ical_event.c
 *-------------------------------------------------------------------------
 */
#include "calendar/ical_event.h"

#include <string.h>
#include <strings.h>

#include "calendar/day.h"

/* Durations and counts beyond that are none. */
#define LARGEST_NUMBER	1000000

static void
refuse(IcalEvent *event, const char *problem)
{
	/* the first one is told */
	if (event->problem == NULL)
		event->problem = problem;
}

/* So many digits; -1 if they are none. */
static int
read_digits(const char *text, int count)
{
	int			number = 0;

	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* Digits up to another character; -1 if there are none, or too many. */
static int64_t
read_number(const char **text)
{
	int64_t		number = 0;

	if (**text < '0' || **text > '9')
		return -1;
	for (; **text >= '0' && **text <= '9'; (*text)++)
	{
		number = number * 10 + (**text - '0');
		if (number > LARGEST_NUMBER)
			return -1;
	}
	return number;
}

/* YYYYMMDD, YYYYMMDDTHHMMSS or YYYYMMDDTHHMMSSZ */
static bool
read_time(const char *text, IcalTime *time)
{
	size_t		length = strlen(text);
	int64_t		day;
	int			hour;
	int			minute;
	int			second;

	*time = (IcalTime) {.given = true,.is_date = length == 8};
	if ((length != 8 && length != 15 && length != 16) || read_digits(text, 8) < 0 ||
		read_digits(text + 4, 2) < 1 || read_digits(text + 4, 2) > 12 ||
		!respond_day_find(read_digits(text, 4), read_digits(text + 4, 2), read_digits(text + 6, 2), &day))
		return false;
	time->local = day * DAY;
	if (time->is_date)
		return true;
	hour = read_digits(text + 9, 2);
	minute = read_digits(text + 11, 2);
	second = read_digits(text + 13, 2);
	time->is_utc = length == 16;
	if (text[8] != 'T' || (time->is_utc && text[15] != 'Z') || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 60)
		return false;
	time->local += hour * 3600 + minute * 60 + second;
	return true;
}

/* The zone that the parameters name, NULL if none. */
static const char *
read_zone(Arena *arena, const char *parameters)
{
	bool		quoted = false;

	for (const char *place = parameters; *place != '\0'; place++)
	{
		const char *from;
		size_t		length;

		quoted ^= *place == '"';
		if (quoted || *place != ';' || strncasecmp(place + 1, "TZID=", 5) != 0)
			continue;
		from = place + 6;
		if (*from == '"')
			from++;
		length = strcspn(from, "\";");
		return respond_arena_copy(arena, from, length);
	}
	return NULL;
}

static void
take_time(Arena *arena, IcalEvent *event, IcalTime *time, const IcalLine *line, const char *problem)
{
	if (!read_time(line->value, time))
		refuse(event, problem);
	else if (!time->is_date && !time->is_utc)
		time->zone = read_zone(arena, line->parameters);
}

/* P1D, P1W, PT24H, P1DT12H; in seconds, -1 if it is none. */
static int64_t
read_duration(const char *text)
{
	int64_t		seconds = 0;
	bool		of_day = false;

	if (*text == '+')
		text++;
	if (*text++ != 'P' || *text == '\0')
		return -1;
	while (*text != '\0')
	{
		int64_t		number;

		if (*text == 'T' && !of_day)
		{
			of_day = true;
			text++;
		}
		number = read_number(&text);
		if (number < 0)
			return -1;
		switch (of_day ? *text : *text == 'W' || *text == 'D' ? *text : 'x')
		{
			case 'W':
				number *= 7;
				/* FALLTHROUGH */
			case 'D':
				number *= DAY;
				break;
			case 'H':
				number *= 3600;
				break;
			case 'M':
				number *= 60;
				break;
			case 'S':
				break;
			default:
				return -1;
		}
		seconds += number;
		if (seconds > LARGEST_NUMBER * DAY)
			return -1;
		text++;
	}
	return seconds;
}

/* Backslashes before commas, semicolons, backslashes, and n for a new line. */
static const char *
unescape(Arena *arena, const IcalLine *line)
{
	char	   *text = respond_arena_alloc(arena, line->value_length + 1);
	size_t		length = 0;

	for (const char *place = line->value; *place != '\0'; place++)
	{
		if (*place == '\\' && place[1] != '\0')
		{
			place++;
			text[length++] = *place == 'n' || *place == 'N' ? ' ' : *place;
		}
		else
			text[length++] = *place;
	}
	text[length] = '\0';
	return text;
}

/* One part of a rule, such as BYMONTH=12; false if days cannot be repeated that way. */
static bool
take_rule_part(IcalEvent *event, const char *name, const char *value, int *month, int *day)
{
	const char *rest = value;
	int64_t		number = read_number(&rest);
	bool		is_number = number >= 0 && *rest == '\0';

	if (strcmp(name, "FREQ") == 0)
		event->yearly = strcasecmp(value, "YEARLY") == 0;
	else if (strcmp(name, "COUNT") == 0)
	{
		event->count = number;
		return is_number && number > 0;
	}
	else if (strcmp(name, "UNTIL") == 0)
		return read_time(value, &event->until);
	else if (strcmp(name, "BYMONTH") == 0)
	{
		*month = (int) number;
		return is_number;
	}
	else if (strcmp(name, "BYMONTHDAY") == 0)
	{
		*day = (int) number;
		return is_number;
	}
	else if (strcmp(name, "INTERVAL") == 0)
		return is_number && number == 1;
	else
		return strcmp(name, "WKST") == 0;
	return true;
}

/* The day that a rule names must be that of the event; without a month it would be one of each month. */
static bool
is_of_start(const IcalEvent *event, int month, int day)
{
	Month		start;
	int64_t		number = respond_floor_divide(event->start.local, DAY);

	respond_month_find(number, &start);
	if (month < 0)
		return day < 0;
	return month == start.month && (day < 0 || day == number - start.first + 1);
}

static void
take_rule(IcalEvent *event, char *value)
{
	bool		fits = true;
	int			month = -1;
	int			day = -1;

	for (char *part = value; part != NULL && fits;)
	{
		char	   *next = strchr(part, ';');
		char	   *equals;

		if (next != NULL)
			*next++ = '\0';
		equals = strchr(part, '=');
		fits = equals != NULL;
		if (fits)
		{
			*equals = '\0';
			for (char *c = part; *c != '\0'; c++)
				if (*c >= 'a' && *c <= 'z')
					*c -= 'a' - 'A';
			fits = take_rule_part(event, part, equals + 1, &month, &day);
		}
		part = next;
	}
	if (!fits || !event->yearly || !is_of_start(event, month, day))
		refuse(event, "its RRULE is not for the same day of each year");
}

void
respond_ical_event_take(Arena *arena, IcalEvent *event, const IcalLine *line)
{
	if (strcmp(line->name, "SUMMARY") == 0)
		event->name = unescape(arena, line);
	else if (strcmp(line->name, "DTSTART") == 0)
		take_time(arena, event, &event->start, line, "its DTSTART is neither a date nor a time");
	else if (strcmp(line->name, "DTEND") == 0)
		take_time(arena, event, &event->end, line, "its DTEND is neither a date nor a time");
	else if (strcmp(line->name, "DURATION") == 0)
	{
		int64_t		seconds = read_duration(line->value);

		/* from the start on, see below */
		event->end = (IcalTime) {.local = seconds};
		if (seconds < 0)
			refuse(event, "its DURATION is none");
	}
	else if (strcmp(line->name, "RRULE") == 0)
	{
		if (event->rule != NULL)
			refuse(event, "it has more than one RRULE");
		event->rule = line->value;
	}
	else if (strcmp(line->name, "RDATE") == 0 || strcmp(line->name, "EXDATE") == 0 ||
			 strcmp(line->name, "EXRULE") == 0)
		refuse(event, "it has days that its RRULE does not say (RDATE, EXDATE)");
	else if (strcmp(line->name, "RECURRENCE-ID") == 0)
		refuse(event, "it changes one time of another event (RECURRENCE-ID)");
	else if (strcmp(line->name, "STATUS") == 0 && strcasecmp(line->value, "CANCELLED") == 0)
		refuse(event, "it is cancelled");
}

void
respond_ical_event_finish(IcalEvent *event)
{
	int64_t		duration = event->end.given ? 0 : event->end.local;

	if (!event->start.given)
		refuse(event, "it has no DTSTART");
	else if (event->rule != NULL)
		take_rule(event, event->rule);
	if (event->problem != NULL)
		return;
	if (!event->end.given)
	{
		event->end = event->start;
		event->end.local += duration;
	}
	if (event->end.is_date != event->start.is_date)
		refuse(event, "one of DTSTART and DTEND is a date, the other a time");
	/* a date without an end, or that ends when it begins, is one day */
	else if (event->start.is_date && event->end.local <= event->start.local)
		event->end.local = event->start.local + DAY;
}
