/*-------------------------------------------------------------------------
 * local_time_server.h
 *	  Local times inside the server.
 *
 * src/calendar/local_time_server.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOCAL_TIME_SERVER_H
#define RESPOND_LOCAL_TIME_SERVER_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/* The instant of a local time, see local_time.h; infinity stays.  False when there is no such time. */
extern bool respond_local_timestamp_instant(pg_tz *zone, Timestamp local, TimestampTz *instant);

/*
 * The time that a text names.  When it names no zone itself, it is a local time
 * of the given one.  False when it names no time.
 */
extern bool respond_local_time_read(const char *text, const pg_tz *zone, TimestampTz *time);

#endif							/* RESPOND_LOCAL_TIME_SERVER_H */
