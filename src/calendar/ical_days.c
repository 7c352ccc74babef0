/*-------------------------------------------------------------------------
 * ical_days.c
 *	  The days of a calendar file, as exceptions of a calendar in some time zone.
 *
 * src/calendar/ical_days.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "calendar/calendar_row.h"
#include "calendar/day.h"
#include "calendar/ical.h"
#include "calendar/local_time.h"
#include "calendar/zone_server.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/zone_read.h"

/* Most times of an event that ends. */
#define MOST_TIMES		200

PG_FUNCTION_INFO_V1(respond_ical_days);

typedef struct DayWriter
{
	ReturnSetInfo *result;
	Zone		zone;			/* of the calendar */
	const IcalEvent *event;
	int			number;			/* of the event, from 1 */
} DayWriter;

/* A row; without a problem the days are given, the last one included. */
static void
write_row(const DayWriter *writer, int64 from, int64 to, bool yearly, const char *problem)
{
	const char *name = writer->event->name;
	Datum		values[6] = {Int32GetDatum(writer->number)};
	bool		nulls[6] = {false, name == NULL, problem != NULL, problem != NULL, problem != NULL, problem == NULL};

	if (name != NULL)
		values[1] = PointerGetDatum(cstring_to_text_with_len(name, pg_mbcliplen(name, strlen(name),
																				 EXCEPTION_LONGEST_NAME)));
	values[2] = DateADTGetDatum(respond_date_of_day(from));
	values[3] = DateADTGetDatum(respond_date_of_day(to));
	values[4] = BoolGetDatum(yearly);
	if (problem != NULL)
		values[5] = CStringGetTextDatum(problem);
	tuplestore_putvalues(writer->result->setResult, writer->result->setDesc, values, nulls);
}

/* In the calendar's zone, in seconds since 1970; false if the zone that it names is not known. */
static bool
find_local(const DayWriter *writer, const IcalTime *time, int64 *local)
{
	int64		instant = time->local;
	int64		end;

	*local = time->local;
	if (time->is_date || (!time->is_utc && time->zone == NULL))
		return true;
	if (!time->is_utc)
	{
		pg_tz	   *zone = respond_zone_find(time->zone);
		Zone		callback;

		if (zone == NULL)
			return false;
		callback = respond_zone_of(zone);
		/* what is midnight there is midnight here, even if the clock leaves it out */
		if (zone == writer->zone.zone)
			return true;
		instant = respond_local_instant(&callback, time->local, NULL);
	}
	*local = instant + writer->zone.offset(writer->zone.zone, instant, &end);
	return true;
}

/* Each of the times of an event that ends some day. */
static void
write_times(const DayWriter *writer, int64 from, int64 length)
{
	const IcalEvent *event = writer->event;
	Month		begin;
	int			day;
	int64		until = event->until.given ? respond_floor_divide(event->until.local, DAY) : PG_INT64_MAX;
	int64		count = 0;

	respond_month_find(from, &begin);
	day = (int) (from - begin.first) + 1;
	for (int years = 0; event->count == 0 || count < event->count; years++)
	{
		int64		next;

		/* on 29 February in leap years only */
		if (years > 8 * MOST_TIMES || !respond_day_find(begin.year + years, begin.month, day, &next))
		{
			if (years > 8 * MOST_TIMES)
				return;
			continue;
		}
		if (next > until)
			return;
		if (++count > MOST_TIMES)
		{
			write_row(writer, 0, 0, false, psprintf("only its first %d times were taken", MOST_TIMES));
			return;
		}
		write_row(writer, next, next + length, false, NULL);
	}
}

static void
write_event(const DayWriter *writer)
{
	const IcalEvent *event = writer->event;
	int64		begin;
	int64		end;

	if (event->problem != NULL)
		write_row(writer, 0, 0, false, event->problem);
	else if (!find_local(writer, &event->start, &begin) || !find_local(writer, &event->end, &end))
		write_row(writer, 0, 0, false, "its time zone is none of pg_timezone_names");
	else if (begin % DAY != 0 || end % DAY != 0 || end <= begin)
		write_row(writer, 0, 0, false, "it begins or ends within a day, or is no longer than a moment");
	else if (event->yearly && (end - begin) / DAY > CALENDAR_LONGEST_YEARLY)
		write_row(writer, 0, 0, false, "it comes again each year and is longer than a year");
	else if (event->yearly && (event->count > 0 || event->until.given))
		write_times(writer, begin / DAY, (end - begin) / DAY - 1);
	else
		write_row(writer, begin / DAY, end / DAY - 1, event->yearly, NULL);
}

static void
refuse(const IcalError *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 error->line > 0 ? errmsg("ical: line %d: %s", error->line, error->reason) :
			 errmsg("ical: %s", error->reason),
			 errhint("It is a file in the format iCalendar, which begins with BEGIN:VCALENDAR.")));
}

/*
 * respond_internal.ical_days(ical text, timezone text, OUT event integer, OUT name
 * text, OUT from_date date, OUT to_date date, OUT yearly boolean, OUT problem
 * text) returns setof record
 */
Datum
respond_ical_days(PG_FUNCTION_ARGS)
{
	text	   *file = PG_GETARG_TEXT_PP(0);
	DayWriter	writer = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	Ical		ical;
	IcalError	error;

	writer.zone = respond_zone_of(respond_zone_read("timezone", text_to_cstring(PG_GETARG_TEXT_PP(1))));
	if (!respond_ical_read(respond_arena_create_in(CurrentMemoryContext), VARDATA_ANY(file), VARSIZE_ANY_EXHDR(file),
						   &ical, &error))
		refuse(&error);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < ical.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		writer.event = &ical.events[i];
		writer.number = i + 1;
		write_event(&writer);
	}
	return (Datum) 0;
}
