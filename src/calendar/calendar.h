/*-------------------------------------------------------------------------
 * calendar.h
 *	  When a calendar is open, and counting in open time; builds without a server.
 *
 * Times are microseconds since 2000-01-01 in UTC, as the server's; days are
 * those of day.h.  An open period has its begin and not its end.  Its edges are
 * whole seconds: it begins at the instant of its first local time and ends at
 * that of its last one, which is the later one of two; periods that overlap or
 * touch are one.
 *
 * Times that are asked for must be valid for the server.  What is counted or
 * looked for ends at CALENDAR_HORIZON.
 *
 * src/calendar/calendar.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALENDAR_H
#define RESPOND_CALENDAR_H

#include "calendar/hours.h"
#include "calendar/zone.h"

#define CALENDAR_SECOND		INT64_C(1000000)
#define CALENDAR_DAY		(INT64_C(86400) * CALENDAR_SECOND)
#define CALENDAR_HORIZON	(3653 * CALENDAR_DAY)

/* Hours of some days in place of those of the week, for what begins on these days. */
typedef struct CalendarException
{
	int64_t		id;
	int64_t		from;			/* days; the last one is included */
	int64_t		to;
	bool		yearly;			/* also in later years */
	DayHours	hours;
} CalendarException;

/* What people say. */
typedef struct CalendarRules
{
	Zone		zone;
	bool		always;			/* no hours of the week: open but for exceptions */
	WeekHours	week;
	int			exception_count;
	const CalendarException *exceptions;	/* in any order */
	void		(*check_interrupts) (void);	/* called now and then, may not return; or NULL */
} CalendarRules;

/* With what has been worked out already. */
typedef struct Calendar Calendar;

/* The rules must live as long as the calendar.  All memory comes from the source. */
extern Calendar *respond_calendar_create(const CalendarRules *rules, const ArenaSource *source);
extern void respond_calendar_destroy(Calendar *calendar);

extern bool respond_calendar_is_open(Calendar *calendar, int64_t at);

/* The next time after the given one at which it opens or closes; false if that is none, or beyond the horizon. */
extern bool respond_calendar_next_open(Calendar *calendar, int64_t at, int64_t *next);
extern bool respond_calendar_next_close(Calendar *calendar, int64_t at, int64_t *next);

/*
 * So much open time later: 0 is the time itself or the next time it opens; an
 * amount that ends as it closes ends there.  A negative amount goes back, and
 * one that ends as it opens ends there.  False beyond the horizon.
 */
extern bool respond_calendar_add(Calendar *calendar, int64_t at, int64_t amount, int64_t *result);

/* The open time from one time to another; from must not be after to. */
extern int64_t respond_calendar_between(Calendar *calendar, int64_t from, int64_t to);

/* The first open period from one time on and before another, cut to that; false if there is none. */
extern bool respond_calendar_period(Calendar *calendar, int64_t from, int64_t before, int64_t *open, int64_t *close);

#endif							/* RESPOND_CALENDAR_H */
