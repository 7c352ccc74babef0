/*-------------------------------------------------------------------------
 * naive_calendar.h
 *	  Random calendars, and whether they are open, second by second.
 *
 * test/unit/naive_calendar.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NAIVE_CALENDAR_H
#define RESPOND_NAIVE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "calendar/calendar.h"

#define NAIVE_DAYS			16	/* that it knows, from its first day on */
#define NAIVE_SECONDS		(NAIVE_DAYS * 86400)
#define NAIVE_EXCEPTIONS	8

typedef struct NaiveCalendar
{
	CalendarRules rules;
	Period		periods[7][HOURS_MOST_PERIODS];
	CalendarException exceptions[NAIVE_EXCEPTIONS];
	Period		exception_periods[NAIVE_EXCEPTIONS][HOURS_MOST_PERIODS];
	int64_t		first;			/* seconds since 1970 in UTC, a midnight */
	bool		open[NAIVE_SECONDS];	/* from the first second on */
} NaiveCalendar;

/* Random hours and exceptions around a time, in the current zone of libc_zone.h. */
extern void naive_calendar_make(NaiveCalendar *calendar, int64_t around);

/* Fills in open. */
extern void naive_calendar_look(NaiveCalendar *calendar);

/* What it is, for a test that fails. */
extern void naive_calendar_show(const NaiveCalendar *calendar);

#endif							/* RESPOND_NAIVE_CALENDAR_H */
