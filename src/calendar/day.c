/*-------------------------------------------------------------------------
 * day.c
 *	  Days, months and years.
 *
 * src/calendar/day.c
 *-------------------------------------------------------------------------
 */
#include "calendar/day.h"

int64_t
respond_floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool
is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_of_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The month that a day is in.  Years are counted from March on, so that leap days end them. */
void
respond_month_find(int64_t day, Month *month)
{
	int64_t		since = day + 719468;	/* 0000-03-01 */
	int64_t		cycle = respond_floor_divide(since, CYCLE_DAYS);
	int64_t		of_cycle = since - cycle * CYCLE_DAYS;
	int64_t		year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
	int64_t		of_year = of_cycle - (365 * year + year / 4 - year / 100);
	int64_t		from_march = (5 * of_year + 2) / 153;
	int64_t		of_month = of_year - (153 * from_march + 2) / 5;

	month->month = (int) (from_march < 10 ? from_march + 3 : from_march - 9);
	month->year = year + cycle * CYCLE_YEARS + (month->month <= 2);
	month->first = day - of_month;
	month->days = days_of_month(month->year, month->month);
}

void
respond_month_go_on(Month *month)
{
	month->first += month->days;
	month->year += month->month == 12;
	month->month = month->month == 12 ? 1 : month->month + 1;
	month->days = days_of_month(month->year, month->month);
}

bool
respond_day_find(int64_t year, int month, int day, int64_t *found)
{
	/* days from the first of March, after which months have the same lengths each year */
	int64_t		from_march = month > 2 ? year : year - 1;
	int64_t		cycle = respond_floor_divide(from_march, CYCLE_YEARS);
	int64_t		of_cycle = from_march - cycle * CYCLE_YEARS;
	int			of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	*found = cycle * CYCLE_DAYS + 365 * of_cycle + of_cycle / 4 - of_cycle / 100 + of_year - 719468;
	return day >= 1 && day <= days_of_month(year, month);
}

/* 0 is Sunday; 1970-01-01 was a Thursday. */
int
respond_day_of_week(int64_t day)
{
	int			rest = (int) ((day + 4) % 7);

	return rest < 0 ? rest + 7 : rest;
}
