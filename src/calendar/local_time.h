/*-------------------------------------------------------------------------
 * local_time.h
 *	  The instant of a local time, also when the clock leaves it out or shows it
 *	  twice; builds without a server.
 *
 * Everything that people say in local time goes by these rules: calendars,
 * rotations, `until`, and cron expressions, which walk over the same stretches.
 *
 * src/calendar/local_time.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOCAL_TIME_H
#define RESPOND_LOCAL_TIME_H

#include <stdbool.h>

#include "calendar/zone.h"

/*
 * The instant of a local time, both in seconds since 1970: of one that is shown
 * twice, the first; of one that is left out, the first instant after the gap.
 * *left_out says which it was; it may be NULL.
 */
extern int64_t respond_local_instant(const Zone *zone, int64_t local, bool *left_out);

/* The same for an end: of a local time that is shown twice, the last. */
extern int64_t respond_local_instant_last(const Zone *zone, int64_t local);

#endif							/* RESPOND_LOCAL_TIME_H */
