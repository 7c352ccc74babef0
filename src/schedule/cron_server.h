/*-------------------------------------------------------------------------
 * cron_server.h
 *	  Cron expressions inside the server: errors, time zones, timestamps.
 *
 * src/schedule/cron_server.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CRON_SERVER_H
#define RESPOND_CRON_SERVER_H

#include "datatype/timestamp.h"
#include "pgtime.h"

#include "schedule/cron.h"
#include "schedule/ticks.h"

/* Raises ERRCODE_RESPOND_INVALID_RULE; the message begins with the place, such as "cron". */
extern void respond_cron_read(const char *place, const char *text, Cron *cron);

/* The first time after another; false when there is none. */
extern bool respond_cron_next_time(const Cron *cron, pg_tz *zone, TimestampTz after, TimestampTz *next);

/* Which times were missed, see ticks.h; the first one that is kept. */
extern TimestampTz respond_cron_missed(const Cron *cron, pg_tz *zone, TimestampTz first, TimestampTz until, int keep,
									   Ticks *ticks);

#endif							/* RESPOND_CRON_SERVER_H */
