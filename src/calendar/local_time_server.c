/*-------------------------------------------------------------------------
 * local_time_server.c
 *	  Local times inside the server.
 *
 * src/calendar/local_time_server.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/local_time.h"
#include "calendar/local_time_server.h"
#include "calendar/zone_server.h"
#include "common/interval_read.h"
#include "common/zone_read.h"

PG_FUNCTION_INFO_V1(respond_local_instant_sql);

bool
respond_local_timestamp_instant(pg_tz *zone, Timestamp local, TimestampTz *instant)
{
	Zone		callback = respond_zone_of(zone);
	int64		seconds;
	bool		left_out;

	*instant = local;
	if (TIMESTAMP_NOT_FINITE(local))
		return true;
	seconds = respond_time_to_seconds(local);
	*instant = respond_time_of_seconds(respond_local_instant(&callback, seconds, &left_out));
	if (!left_out)
		*instant += local - respond_time_of_seconds(seconds);
	return IS_VALID_TIMESTAMP(*instant);
}

bool
respond_local_time_read(const char *text, const pg_tz *zone, TimestampTz *time)
{
	TimestampTz elsewhere;
	Timestamp	local;

	if (!respond_time_read_in(text, pg_tzset_offset(0), time) ||
		!respond_time_read_in(text, pg_tzset_offset(SECS_PER_HOUR), &elsewhere))
		return false;
	/* with a zone of its own it is the same time everywhere */
	if (*time == elsewhere)
		return true;
	return respond_local_read_in(text, zone, &local) &&
		respond_local_timestamp_instant(unconstify(pg_tz *, zone), local, time);
}

/*
 * respond.local_instant(zone text, local timestamp) returns timestamptz
 */
Datum
respond_local_instant_sql(PG_FUNCTION_ARGS)
{
	pg_tz	   *zone = respond_zone_read("zone", text_to_cstring(PG_GETARG_TEXT_PP(0)));
	TimestampTz instant;

	if (!respond_local_timestamp_instant(zone, PG_GETARG_TIMESTAMP(1), &instant))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	PG_RETURN_TIMESTAMPTZ(instant);
}
