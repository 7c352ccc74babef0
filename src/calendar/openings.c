/*-------------------------------------------------------------------------
 * openings.c
 *	  The open periods of about a year, worked out.
 *
 * Exceptions are painted over the days of the piece and some days around it;
 * the other days have the hours of the week.  Local times become instants in
 * order, so periods come out in order, and overlap or touch only the one before.
 *
 * Far from changes of the clock the instant of a local time needs no search.
 *
 * src/calendar/openings.c
 *-------------------------------------------------------------------------
 */
#include "calendar/openings.h"

#include <string.h>

#include "calendar/local_time.h"
#include "calendar/stretch.h"

/* 2000-01-01, as a day. */
#define FIRST_DAY		INT64_C(10957)

/* Days before and after a piece whose periods may reach into it: they end within two days, and clocks differ too. */
#define DAYS_BEFORE		5
#define DAYS_AFTER		3
#define DAYS			(OPENINGS_LENGTH / 86400 + 1 + DAYS_BEFORE + DAYS_AFTER)

static Period whole_day[] = {{0, 86400}};
static const DayHours open_day = {1, whole_day};

/* What holds on each day of a piece. */
typedef struct Paint
{
	const CalendarRules *rules;
	int64_t		first;
	const CalendarException *exceptions[DAYS];	/* NULL: the hours of the week */
} Paint;

/* Of the exceptions of a day: one-off before yearly, then the shorter range, then the newer one. */
static bool
is_stronger(const CalendarException *a, const CalendarException *b)
{
	if (b == NULL)
		return true;
	if (a->yearly != b->yearly)
		return b->yearly;
	if (a->to - a->from != b->to - b->from)
		return a->to - a->from < b->to - b->from;
	return a->id > b->id;
}

static void
paint_range(Paint *paint, const CalendarException *exception, int64_t from)
{
	int64_t		to = from + (exception->to - exception->from);
	int64_t		last = paint->first + DAYS - 1;

	for (int64_t day = from > paint->first ? from : paint->first; day <= to && day <= last; day++)
	{
		const CalendarException **place = &paint->exceptions[day - paint->first];

		if (is_stronger(exception, *place))
			*place = exception;
	}
}

/* A range moves as a whole; one that begins on 29 February is left out where there is none. */
static void
paint_yearly(Paint *paint, const CalendarException *exception)
{
	Month		begin;
	Month		first;
	Month		last;
	int			day;
	int64_t		from;

	respond_month_find(exception->from, &begin);
	day = (int) (exception->from - begin.first) + 1;
	respond_month_find(paint->first - (exception->to - exception->from), &first);
	respond_month_find(paint->first + DAYS - 1, &last);
	for (int64_t year = first.year > begin.year ? first.year : begin.year; year <= last.year; year++)
		if (respond_day_find(year, begin.month, day, &from))
			paint_range(paint, exception, from);
}

static const DayHours *
hours_of(const Paint *paint, int day)
{
	if (paint->exceptions[day] != NULL)
		return &paint->exceptions[day]->hours;
	if (paint->rules->always)
		return &open_day;
	return &paint->rules->week.days[respond_day_of_week(paint->first + day)];
}

/* The instant of a local time.  *stretch is where the last ones were. */
static int64_t
instant_of(const Zone *zone, Stretch *stretch, int64_t local, bool last)
{
	int64_t		margin = STRETCH_MARGIN;

	for (int tries = 0; tries < 2; tries++)
	{
		int64_t		instant = local - stretch->offset;

		if (instant - margin >= stretch->begin && (stretch->end == INT64_MAX || instant + margin < stretch->end))
			return instant;
		respond_stretch_begin(zone, instant - 2 * margin, stretch);
	}
	return last ? respond_local_instant_last(zone, local) : respond_local_instant(zone, local, NULL);
}

/* Puts a period behind the others, or joins it with the last one. */
static void
append(Openings *openings, int64_t begin, int64_t open, int64_t close)
{
	Opening    *last = openings->count > 0 ? &openings->items[openings->count - 1] : NULL;
	int32_t		from = open > begin ? (int32_t) (open - begin) : 0;
	int32_t		to;

	if (open >= close || close <= begin || open >= begin + OPENINGS_LENGTH)
		return;
	to = close < begin + OPENINGS_LENGTH ? (int32_t) (close - begin) : OPENINGS_LENGTH;
	if (last != NULL && from <= last->close)
	{
		last->close = to > last->close ? to : last->close;
		return;
	}
	openings->items[openings->count++] = (Opening) {from, to, 0};
}

static void
add_up(Openings *openings)
{
	openings->total = 0;
	for (int i = 0; i < openings->count; i++)
	{
		openings->items[i].before = openings->total;
		openings->total += openings->items[i].close - openings->items[i].open;
	}
}

/* Gives back what was not needed. */
static void
shrink(Openings *openings, const ArenaSource *source)
{
	Opening    *items = source->allocate(source->owner, sizeof(Opening) * (size_t) (openings->count + 1));

	if (openings->count > 0)
		memcpy(items, openings->items, sizeof(Opening) * (size_t) openings->count);
	source->release(source->owner, openings->items);
	openings->items = items;
}

void
respond_openings_make(const CalendarRules *rules, const ArenaSource *source, int64_t number, Openings *openings)
{
	int64_t		begin = FIRST_DAY * DAY + number * OPENINGS_LENGTH;
	Paint		paint = {.rules = rules,.first = respond_floor_divide(begin, DAY) - DAYS_BEFORE};
	int			most = 0;
	Stretch		stretch;

	for (int i = 0; i < rules->exception_count; i++)
	{
		if (rules->exceptions[i].yearly)
			paint_yearly(&paint, &rules->exceptions[i]);
		else
			paint_range(&paint, &rules->exceptions[i], rules->exceptions[i].from);
	}
	for (int day = 0; day < DAYS; day++)
		most += hours_of(&paint, day)->count;
	*openings = (Openings) {.number = number};
	openings->items = source->allocate(source->owner, sizeof(Opening) * (size_t) (most + 1));
	respond_stretch_begin(&rules->zone, begin - (DAYS_BEFORE + 5) * DAY, &stretch);
	for (int day = 0; day < DAYS; day++)
	{
		const DayHours *hours = hours_of(&paint, day);
		int64_t		midnight = (paint.first + day) * DAY;

		for (int i = 0; i < hours->count; i++)
			append(openings, begin, instant_of(&rules->zone, &stretch, midnight + hours->periods[i].from, false),
				   instant_of(&rules->zone, &stretch, midnight + hours->periods[i].to, true));
	}
	add_up(openings);
	shrink(openings, source);
}
