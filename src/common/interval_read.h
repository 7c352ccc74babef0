/*-------------------------------------------------------------------------
 * interval_read.h
 *	  Spans of time from texts, and counting them from a time on.
 *
 * src/common/interval_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_INTERVAL_READ_H
#define RESPOND_INTERVAL_READ_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/* False when the server does not take the text for an interval. */
extern bool respond_interval_read(const char *text, Interval *interval);

/* Milliseconds, a day counted as 24 hours and a month as 30 days; PG_INT64_MAX when it is beyond. */
extern int64 respond_interval_milliseconds(const Interval *interval);

/*
 * The time so much later: months and days by the calendar of the zone, the rest
 * by the clock, as PostgreSQL adds an interval in a session with that zone.
 * False when there is no such time.
 */
extern bool respond_interval_add(TimestampTz time, const Interval *interval, const pg_tz *zone, TimestampTz *result);

/* The time that a text names, read in the zone when it names none itself; false when it names none. */
extern bool respond_time_read_in(const char *text, const pg_tz *zone, TimestampTz *time);

/* The local time that a text names; a zone in it is passed over.  The given one says which day is today. */
extern bool respond_local_read_in(const char *text, const pg_tz *zone, Timestamp *local);

#endif							/* RESPOND_INTERVAL_READ_H */
