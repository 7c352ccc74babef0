/*-------------------------------------------------------------------------
 * day.h
 *	  Days, months and years; builds without a server.
 *
 * A day is a number, counted from 1970-01-01.  The calendar is the Gregorian
 * one, also before it was in use; the year before 1 is 0.
 *
 * src/calendar/day.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DAY_H
#define RESPOND_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define DAY				INT64_C(86400)

/* After that many years the calendar repeats, days of the week included. */
#define CYCLE_YEARS		400
#define CYCLE_DAYS		INT64_C(146097)

/* One month, as days since 1970. */
typedef struct Month
{
	int64_t		year;
	int			month;			/* 1 to 12 */
	int64_t		first;
	int			days;
} Month;

/* Rounds down, also below zero. */
extern int64_t respond_floor_divide(int64_t a, int64_t b);

/* The month that a day is in, and the month after one. */
extern void respond_month_find(int64_t day, Month *month);
extern void respond_month_go_on(Month *month);

/* The number of a day; false if the month, from 1 to 12, does not have it. */
extern bool respond_day_find(int64_t year, int month, int day, int64_t *found);

/* 0 is Sunday. */
extern int	respond_day_of_week(int64_t day);

#endif							/* RESPOND_DAY_H */
