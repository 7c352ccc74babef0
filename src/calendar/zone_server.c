/*-------------------------------------------------------------------------
 * zone_server.c
 *	  The server's time zones and times, for the parts that build without it.
 *
 * src/calendar/zone_server.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "calendar/zone_server.h"

#define EPOCH_DISTANCE	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

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

Zone
respond_zone_of(pg_tz *zone)
{
	return (Zone) {offset_until, zone};
}

int64
respond_time_to_seconds(TimestampTz time)
{
	int64		seconds = time / USECS_PER_SEC;

	if (time % USECS_PER_SEC < 0)
		seconds--;
	return seconds + EPOCH_DISTANCE;
}

TimestampTz
respond_time_of_seconds(int64_t seconds)
{
	return (seconds - EPOCH_DISTANCE) * USECS_PER_SEC;
}
