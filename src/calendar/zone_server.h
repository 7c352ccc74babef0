/*-------------------------------------------------------------------------
 * zone_server.h
 *	  The server's time zones and times, for the parts that build without it.
 *
 * src/calendar/zone_server.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ZONE_SERVER_H
#define RESPOND_ZONE_SERVER_H

#include "datatype/timestamp.h"
#include "pgtime.h"

#include "calendar/zone.h"

/* A zone of the server's own database of zones. */
extern Zone respond_zone_of(pg_tz *zone);

/* Seconds since 1970, rounded down, and back; the time must be finite. */
extern int64 respond_time_to_seconds(TimestampTz time);
extern TimestampTz respond_time_of_seconds(int64_t seconds);

#endif							/* RESPOND_ZONE_SERVER_H */
