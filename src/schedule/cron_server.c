/*-------------------------------------------------------------------------
 * cron_server.c
 *	  Cron expressions inside the server: errors, time zones, timestamps.
 *
 * src/schedule/cron_server.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/zone_server.h"
#include "common/errors.h"
#include "common/zone_read.h"
#include "schedule/cron_server.h"

PG_FUNCTION_INFO_V1(respond_cron_next_sql);

void
respond_cron_read(const char *place, const char *text, Cron *cron)
{
	CronError	error;

	if (respond_cron_parse(text, strlen(text), cron, &error))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 error.field != NULL ? errmsg("%s: %s: %s", place, error.field, error.reason) :
			 errmsg("%s: %s", place, error.reason),
			 errhint("What may be there: %s.", error.allowed)));
}

bool
respond_cron_next_time(const Cron *cron, pg_tz *zone, TimestampTz after, TimestampTz *next)
{
	Zone		callback = respond_zone_of(zone);
	int64_t		found;

	if (TIMESTAMP_NOT_FINITE(after) ||
		!respond_cron_next(cron, &callback, respond_time_to_seconds(after),
						   respond_time_to_seconds(END_TIMESTAMP - 1), &found))
		return false;
	*next = respond_time_of_seconds(found);
	return true;
}

TimestampTz
respond_cron_missed(const Cron *cron, pg_tz *zone, TimestampTz first, TimestampTz until, int keep, Ticks *ticks)
{
	Zone		callback = respond_zone_of(zone);

	/* a time that begins within the second of until counts if it is before it */
	respond_ticks_missed(cron, &callback, respond_time_to_seconds(first), respond_time_to_seconds(until - 1) + 1,
						 keep, ticks);
	return respond_time_of_seconds(ticks->kept);
}

/*
 * respond.cron_next(cron text, timezone text, after timestamptz) returns timestamptz
 */
Datum
respond_cron_next_sql(PG_FUNCTION_ARGS)
{
	Cron		cron;
	pg_tz	   *zone;
	TimestampTz next;

	respond_cron_read("cron", text_to_cstring(PG_GETARG_TEXT_PP(0)), &cron);
	zone = respond_zone_read("timezone", text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!respond_cron_next_time(&cron, zone, PG_GETARG_TIMESTAMPTZ(2), &next))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next);
}
