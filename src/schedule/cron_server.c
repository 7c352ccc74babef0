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

#include "common/errors.h"
#include "common/zone_read.h"
#include "schedule/cron_server.h"

#define EPOCH_DISTANCE	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

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

/* The offset at an instant.  At the very last change in its tables the server sees no further one, so ask behind it. */
static int64_t
offset_until(void *zone, int64_t instant, int64_t *end)
{
	long int	offset;
	long int	next_offset;
	int			is_dst;
	pg_time_t	time = instant;
	pg_time_t	boundary;
	int			found = pg_next_dst_boundary(&time, &offset, &is_dst, &boundary, &next_offset, &is_dst, zone);

	if (found <= 0)
	{
		time++;
		found = pg_next_dst_boundary(&time, &offset, &is_dst, &boundary, &next_offset, &is_dst, zone);
	}
	*end = found > 0 ? boundary : INT64_MAX;
	return offset;
}

static int64
to_seconds(TimestampTz time)
{
	int64		seconds = time / USECS_PER_SEC;

	if (time % USECS_PER_SEC < 0)
		seconds--;
	return seconds + EPOCH_DISTANCE;
}

static TimestampTz
to_time(int64_t seconds)
{
	return (seconds - EPOCH_DISTANCE) * USECS_PER_SEC;
}

bool
respond_cron_next_time(const Cron *cron, pg_tz *zone, TimestampTz after, TimestampTz *next)
{
	CronZone	callback = {offset_until, zone};
	int64_t		found;

	if (TIMESTAMP_NOT_FINITE(after) ||
		!respond_cron_next(cron, &callback, to_seconds(after), to_seconds(END_TIMESTAMP - 1), &found))
		return false;
	*next = to_time(found);
	return true;
}

TimestampTz
respond_cron_missed(const Cron *cron, pg_tz *zone, TimestampTz first, TimestampTz until, int keep, Ticks *ticks)
{
	CronZone	callback = {offset_until, zone};

	/* a time that begins within the second of until counts if it is before it */
	respond_ticks_missed(cron, &callback, to_seconds(first), to_seconds(until - 1) + 1, keep, ticks);
	return to_time(ticks->kept);
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
