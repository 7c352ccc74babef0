/*-------------------------------------------------------------------------
 * interval_read.c
 *	  Spans of time from texts, and counting them from a time on.
 *
 * The server's functions go by the settings of the session; these go by the zone
 * that they are given.
 *
 * src/common/interval_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/interval_read.h"

/* Calls an input function of a type; false when the text is no value of it. */
static bool
read_value(PGFunction input, const char *text, Datum *value)
{
	volatile Datum result = 0;
	volatile bool fits = true;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		result = DirectFunctionCall3(input, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	PG_CATCH();
	{
		/* The parser holds nothing but memory, so its own errors can end here. */
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		fits = false;
	}
	PG_END_TRY();
	*value = result;
	return fits;
}

bool
respond_interval_read(const char *text, Interval *interval)
{
	int			style = IntervalStyle;
	Datum		value;
	bool		fits;

	/* in style sql_standard "-1 2:03:04" is another span */
	IntervalStyle = INTSTYLE_POSTGRES;
	PG_TRY();
	{
		fits = read_value(interval_in, text, &value);
	}
	PG_FINALLY();
	{
		IntervalStyle = style;
	}
	PG_END_TRY();
	if (!fits)
		return false;
	*interval = *DatumGetIntervalP(value);
	/* "infinity" is an interval from 17 on */
	return interval->month > PG_INT32_MIN && interval->month < PG_INT32_MAX;
}

int64
respond_interval_milliseconds(const Interval *interval)
{
	int64		days;
	int64		microseconds;

	days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	if (pg_mul_s64_overflow(days, USECS_PER_DAY, &microseconds) ||
		pg_add_s64_overflow(microseconds, interval->time, &microseconds))
		return PG_INT64_MAX;
	return microseconds / 1000;
}

/* Puts months and days on a broken-down local time. */
static void
add_days(struct pg_tm *tm, const Interval *interval)
{
	int64		months = (int64) tm->tm_mon - 1 + interval->month + (int64) tm->tm_year * MONTHS_PER_YEAR;
	int			last;

	tm->tm_year = months / MONTHS_PER_YEAR;
	tm->tm_mon = months % MONTHS_PER_YEAR + 1;
	last = day_tab[isleap(tm->tm_year)][tm->tm_mon - 1];
	tm->tm_mday = Min(tm->tm_mday, last);
	j2date(date2j(tm->tm_year, tm->tm_mon, tm->tm_mday) + interval->day, &tm->tm_year, &tm->tm_mon, &tm->tm_mday);
}

bool
respond_interval_add(TimestampTz time, const Interval *interval, const pg_tz *zone, TimestampTz *result)
{
	pg_tz	   *attimezone = unconstify(pg_tz *, zone);
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;

	if (interval->month != 0 || interval->day != 0)
	{
		/* years before 1 and far ahead are nobody's deadline, and the calendar below does not reach them */
		if (timestamp2tm(time, &offset, &tm, &fraction, NULL, attimezone) != 0 || tm.tm_year < 1 ||
			abs(interval->month) > 1000000 || abs(interval->day) > 40000000)
			return false;
		if ((int64) tm.tm_year * MONTHS_PER_YEAR + interval->month < MONTHS_PER_YEAR)
			return false;
		add_days(&tm, interval);
		offset = DetermineTimeZoneOffset(&tm, attimezone);
		if (tm2timestamp(&tm, fraction, &offset, &time) != 0)
			return false;
	}
	return !pg_add_s64_overflow(time, interval->time, result) && IS_VALID_TIMESTAMP(*result);
}

/* Calls an input function of a type in a zone; dates are year, month and day if they do not say. */
static bool
read_value_in(PGFunction input, const char *text, const pg_tz *zone, Datum *value)
{
	pg_tz	   *session = session_timezone;
	int			order = DateOrder;
	bool		fits;

	session_timezone = unconstify(pg_tz *, zone);
	DateOrder = DATEORDER_YMD;
	PG_TRY();
	{
		fits = read_value(input, text, value);
	}
	PG_FINALLY();
	{
		session_timezone = session;
		DateOrder = order;
	}
	PG_END_TRY();
	return fits;
}

bool
respond_time_read_in(const char *text, const pg_tz *zone, TimestampTz *time)
{
	Datum		value = 0;
	bool		fits = read_value_in(timestamptz_in, text, zone, &value);

	*time = DatumGetTimestampTz(value);
	return fits;
}

bool
respond_local_read_in(const char *text, const pg_tz *zone, Timestamp *local)
{
	Datum		value = 0;
	bool		fits = read_value_in(timestamp_in, text, zone, &value);

	*local = DatumGetTimestamp(value);
	return fits;
}
