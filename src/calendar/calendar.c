/*-------------------------------------------------------------------------
 * calendar.c
 *	  When a calendar is open, and counting in open time.
 *
 * A time is a piece of openings.h and what has passed of it.  Pieces are worked
 * out when they are asked for, and the last ones are kept.
 *
 * src/calendar/calendar.c
 *-------------------------------------------------------------------------
 */
#include "calendar/calendar.h"

#include <stddef.h>

#include "calendar/day.h"
#include "calendar/openings.h"

#define LENGTH		(OPENINGS_LENGTH * CALENDAR_SECOND)

/* Pieces that are kept: more than the horizon has.  Those that need one place take turns. */
#define KEPT		16

struct Calendar
{
	const CalendarRules *rules;
	ArenaSource source;
	Openings	kept[KEPT];		/* without items: free */
};

Calendar *
respond_calendar_create(const CalendarRules *rules, const ArenaSource *source)
{
	Calendar   *calendar = source->allocate(source->owner, sizeof(Calendar));

	*calendar = (Calendar) {.rules = rules,.source = *source};
	return calendar;
}

void
respond_calendar_destroy(Calendar *calendar)
{
	ArenaSource source = calendar->source;

	for (int i = 0; i < KEPT; i++)
		if (calendar->kept[i].items != NULL)
			source.release(source.owner, calendar->kept[i].items);
	source.release(source.owner, calendar);
}

static int64_t
number_of(int64_t at)
{
	return respond_floor_divide(at, LENGTH);
}

/* A time of a piece; the last time that there is, if it is behind that. */
static int64_t
time_of(int64_t number, int64_t passed)
{
	int64_t		at;

	return __builtin_add_overflow(number * LENGTH, passed, &at) ? INT64_MAX : at;
}

static const Openings *
openings_of(Calendar *calendar, int64_t number)
{
	Openings   *place = &calendar->kept[(uint64_t) number % KEPT];
	Openings	made;

	if (place->items != NULL && place->number == number)
		return place;
	if (calendar->rules->check_interrupts != NULL)
		calendar->rules->check_interrupts();
	respond_openings_make(calendar->rules, &calendar->source, number, &made);
	if (place->items != NULL)
		calendar->source.release(calendar->source.owner, place->items);
	*place = made;
	return place;
}

/* How many periods open at or before a time of a piece. */
static int
count_opened(const Openings *openings, int64_t passed)
{
	int			low = 0;
	int			high = openings->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (openings->items[middle].open * CALENDAR_SECOND <= passed)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The open time of a piece before a time in it. */
static int64_t
open_before(const Openings *openings, int64_t passed)
{
	int			opened = count_opened(openings, passed);
	const Opening *last;
	int64_t		until;

	if (opened == 0)
		return 0;
	last = &openings->items[opened - 1];
	until = last->close * CALENDAR_SECOND < passed ? last->close * CALENDAR_SECOND : passed;
	return last->before * CALENDAR_SECOND + until - last->open * CALENDAR_SECOND;
}

bool
respond_calendar_is_open(Calendar *calendar, int64_t at)
{
	int64_t		number = number_of(at);
	const Openings *openings = openings_of(calendar, number);
	int			opened = count_opened(openings, at - number * LENGTH);

	return opened > 0 && at - number * LENGTH < openings->items[opened - 1].close * CALENDAR_SECOND;
}

/* The latest time that is looked at from a time on. */
static int64_t
horizon_of(int64_t at)
{
	return at > INT64_MAX - CALENDAR_HORIZON ? INT64_MAX : at + CALENDAR_HORIZON;
}

static bool
is_open_at_begin(const Openings *openings)
{
	return openings->count > 0 && openings->items[0].open == 0;
}

static bool
is_open_at_end(const Openings *openings)
{
	return openings->count > 0 && openings->items[openings->count - 1].close == OPENINGS_LENGTH;
}

bool
respond_calendar_next_open(Calendar *calendar, int64_t at, int64_t *next)
{
	int64_t		horizon = horizon_of(at);
	int64_t		number = number_of(at);
	const Openings *openings = openings_of(calendar, number);
	int			found = count_opened(openings, at - number * LENGTH);

	while (found >= openings->count)
	{
		bool		goes_on = is_open_at_end(openings);

		if (++number > number_of(horizon))
			return false;
		openings = openings_of(calendar, number);
		/* one that goes on does not open */
		found = goes_on && is_open_at_begin(openings) ? 1 : 0;
	}
	*next = time_of(number, openings->items[found].open * CALENDAR_SECOND);
	return *next <= horizon;
}

bool
respond_calendar_next_close(Calendar *calendar, int64_t at, int64_t *next)
{
	int64_t		horizon = horizon_of(at);
	int64_t		number = number_of(at);
	const Openings *openings = openings_of(calendar, number);
	int			found = count_opened(openings, at - number * LENGTH);

	/* the last one that opened may be open still */
	if (found > 0 && openings->items[found - 1].close * CALENDAR_SECOND > at - number * LENGTH)
		found--;
	for (;;)
	{
		if (found < openings->count)
		{
			bool		at_end = openings->items[found].close == OPENINGS_LENGTH;

			*next = time_of(number, openings->items[found].close * CALENDAR_SECOND);
			if (*next > horizon)
				return false;
			if (!at_end || !is_open_at_begin(openings_of(calendar, number + 1)))
				return true;
		}
		if (++number > number_of(horizon))
			return false;
		openings = openings_of(calendar, number);
		found = 0;
	}
}

/* The first time of a piece before which it has been open for so long, more than 0 and at most its total. */
static int64_t
first_after(const Openings *openings, int64_t amount)
{
	int			low = 0;
	int			high = openings->count - 1;

	/* the last period with less before it */
	while (low < high)
	{
		int			middle = (low + high + 1) / 2;

		if (openings->items[middle].before * CALENDAR_SECOND < amount)
			low = middle;
		else
			high = middle - 1;
	}
	return openings->items[low].open * CALENDAR_SECOND + amount - openings->items[low].before * CALENDAR_SECOND;
}

/* The last such time, for less than its total. */
static int64_t
last_after(const Openings *openings, int64_t amount)
{
	int			low = 0;
	int			high = openings->count - 1;

	/* the last period with as much before it, or less */
	while (low < high)
	{
		int			middle = (low + high + 1) / 2;

		if (openings->items[middle].before * CALENDAR_SECOND <= amount)
			low = middle;
		else
			high = middle - 1;
	}
	return openings->items[low].open * CALENDAR_SECOND + amount - openings->items[low].before * CALENDAR_SECOND;
}

static bool
add_forward(Calendar *calendar, int64_t at, int64_t amount, int64_t *result)
{
	int64_t		horizon = horizon_of(at);
	int64_t		number = number_of(at);
	const Openings *openings = openings_of(calendar, number);
	int64_t		wanted = open_before(openings, at - number * LENGTH) + amount;

	while (wanted > openings->total * CALENDAR_SECOND)
	{
		wanted -= openings->total * CALENDAR_SECOND;
		if (++number > number_of(horizon))
			return false;
		openings = openings_of(calendar, number);
	}
	*result = time_of(number, first_after(openings, wanted));
	return *result <= horizon;
}

static bool
add_back(Calendar *calendar, int64_t at, int64_t amount, int64_t *result)
{
	int64_t		horizon = at < INT64_MIN + CALENDAR_HORIZON ? INT64_MIN : at - CALENDAR_HORIZON;
	int64_t		number = number_of(at);
	const Openings *openings = openings_of(calendar, number);
	int64_t		wanted = open_before(openings, at - number * LENGTH) - amount;

	while (wanted < 0)
	{
		if (--number < number_of(horizon))
			return false;
		openings = openings_of(calendar, number);
		wanted += openings->total * CALENDAR_SECOND;
	}
	*result = time_of(number, last_after(openings, wanted));
	return *result >= horizon;
}

bool
respond_calendar_add(Calendar *calendar, int64_t at, int64_t amount, int64_t *result)
{
	/* open time is no longer than time */
	if (amount > CALENDAR_HORIZON || amount < -CALENDAR_HORIZON)
		return false;
	if (amount > 0)
		return add_forward(calendar, at, amount, result);
	if (amount < 0)
		return add_back(calendar, at, -amount, result);
	*result = at;
	return respond_calendar_is_open(calendar, at) || respond_calendar_next_open(calendar, at, result);
}

int64_t
respond_calendar_between(Calendar *calendar, int64_t from, int64_t to)
{
	int64_t		first = number_of(from);
	int64_t		last = number_of(to);
	int64_t		sum = -open_before(openings_of(calendar, first), from - first * LENGTH);

	for (int64_t number = first; number < last; number++)
		sum += openings_of(calendar, number)->total * CALENDAR_SECOND;
	return sum + open_before(openings_of(calendar, last), to - last * LENGTH);
}

bool
respond_calendar_period(Calendar *calendar, int64_t from, int64_t before, int64_t *open, int64_t *close)
{
	int64_t		number = number_of(from);
	const Openings *openings = openings_of(calendar, number);
	int			found = count_opened(openings, from - number * LENGTH);

	if (found > 0 && openings->items[found - 1].close * CALENDAR_SECOND > from - number * LENGTH)
		found--;
	while (found >= openings->count)
	{
		if (++number > number_of(before))
			return false;
		openings = openings_of(calendar, number);
		found = 0;
	}
	*open = time_of(number, openings->items[found].open * CALENDAR_SECOND);
	if (*open < from)
		*open = from;
	/* over the ends of pieces */
	while (openings->items[found].close == OPENINGS_LENGTH && number < number_of(before) &&
		   is_open_at_begin(openings_of(calendar, number + 1)))
	{
		openings = openings_of(calendar, ++number);
		found = 0;
	}
	*close = time_of(number, openings->items[found].close * CALENDAR_SECOND);
	if (*close > before)
		*close = before;
	return *open < *close;
}
