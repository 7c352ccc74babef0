/*-------------------------------------------------------------------------
 * calendar_row.c
 *	  Rows of respond.calendar and respond.calendar_exception as C sees them.
 *
 * src/calendar/calendar_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"

#include "calendar/calendar_row.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"

static const ShapeColumn calendar_columns[] = {
	{"name", TEXTOID},
	{"timezone", TEXTOID},
	{"hours", JSONBOID},
	{"revision", INT8OID},
};

StaticAssertDecl(lengthof(calendar_columns) == CALENDAR_COLUMNS, "each column of respond.calendar has its type");

static const ShapeColumn exception_columns[] = {
	{"id", INT8OID},
	{"calendar", TEXTOID},
	{"from_date", DATEOID},
	{"to_date", DATEOID},
	{"hours", JSONBOID},
	{"name", TEXTOID},
	{"yearly", BOOLOID},
};

StaticAssertDecl(lengthof(exception_columns) == EXCEPTION_COLUMNS,
				 "each column of respond.calendar_exception has its type");

const Shape respond_shape_calendar = SHAPE("respond.calendar", calendar_columns);
const Shape respond_shape_calendar_exception = SHAPE("respond.calendar_exception", exception_columns);

static void
refuse(const HoursError *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", error->place, error->reason),
			 errhint("%s", error->remedy)));
}

void
respond_calendar_read_week(Arena *arena, Jsonb *hours, WeekHours *week)
{
	HoursError	error;

	if (!respond_week_hours_read(arena, respond_json_value_from_jsonb(arena, hours), week, &error))
		refuse(&error);
}

void
respond_calendar_read_day(Arena *arena, Jsonb *hours, DayHours *day)
{
	HoursError	error;

	if (!respond_day_hours_read(arena, respond_json_value_from_jsonb(arena, hours), day, &error))
		refuse(&error);
}

int64
respond_day_of_date(DateADT date)
{
	return (int64) date + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE);
}

DateADT
respond_date_of_day(int64 day)
{
	return (DateADT) (day - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE));
}
