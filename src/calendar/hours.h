/*-------------------------------------------------------------------------
 * hours.h
 *	  Opening hours of a day and of a week; builds without a server.
 *
 * A day's hours are a list of pairs of times, [["09:00", "12:00"], ["13:00",
 * "17:30"]]; those of a week are an object with such lists as "mon" to "sun".
 *
 * src/calendar/hours.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HOURS_H
#define RESPOND_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/json_value.h"

/* Most periods of one day. */
#define HOURS_MOST_PERIODS	48

/* In seconds from midnight on, as the clock shows them; one over midnight ends behind 24 hours. */
typedef struct Period
{
	int32_t		from;
	int32_t		to;
} Period;

typedef struct DayHours
{
	int			count;			/* 0: closed */
	Period	   *periods;		/* by their begin */
} DayHours;

typedef struct WeekHours
{
	DayHours	days[7];		/* 0 is Sunday */
} WeekHours;

typedef struct HoursError
{
	char		place[64];		/* such as hours.mon[1] */
	char		reason[160];
	const char *remedy;
} HoursError;

/* False: see *error.  A week must have a period. */
extern bool respond_week_hours_read(Arena *arena, const JsonValue *value, WeekHours *hours, HoursError *error);
extern bool respond_day_hours_read(Arena *arena, const JsonValue *value, DayHours *hours, HoursError *error);

#endif							/* RESPOND_HOURS_H */
