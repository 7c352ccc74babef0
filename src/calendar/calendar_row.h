/*-------------------------------------------------------------------------
 * calendar_row.h
 *	  Rows of respond.calendar and respond.calendar_exception as C sees them.
 *
 * src/calendar/calendar_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALENDAR_ROW_H
#define RESPOND_CALENDAR_ROW_H

#include "utils/date.h"
#include "utils/jsonb.h"

#include "calendar/calendar.h"
#include "common/shape.h"

enum
{
	CALENDAR_NAME, CALENDAR_TIMEZONE, CALENDAR_HOURS, CALENDAR_REVISION, CALENDAR_COLUMNS
};

enum
{
	EXCEPTION_ID, EXCEPTION_CALENDAR, EXCEPTION_FROM_DATE, EXCEPTION_TO_DATE, EXCEPTION_HOURS, EXCEPTION_NAME,
	EXCEPTION_YEARLY, EXCEPTION_COLUMNS
};

extern const Shape respond_shape_calendar;
extern const Shape respond_shape_calendar_exception;

/* Longest name of a calendar, in bytes. */
#define CALENDAR_LONGEST_NAME	255

/* Longest name of an exception that is imported, in bytes. */
#define EXCEPTION_LONGEST_NAME	255

/* Longest range that comes again each year, in days. */
#define CALENDAR_LONGEST_YEARLY 366

/* Raise ERRCODE_RESPOND_INVALID_RULE, with place and remedy; hours are taken into the arena. */
extern void respond_calendar_read_week(Arena *arena, Jsonb *hours, WeekHours *week);
extern void respond_calendar_read_day(Arena *arena, Jsonb *hours, DayHours *day);

/* A date as a day of day.h, and back. */
extern int64 respond_day_of_date(DateADT date);
extern DateADT respond_date_of_day(int64 day);

#endif							/* RESPOND_CALENDAR_ROW_H */
