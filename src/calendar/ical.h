/*-------------------------------------------------------------------------
 * ical.h
 *	  Events of a calendar file (iCalendar, RFC 5545), as far as they can be whole
 *	  days; builds without a server.
 *
 * Lines may be folded and end with or without CR.  What is not an event is
 * passed over, and so is what an event has within it, such as alarms.
 *
 * src/calendar/ical.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ICAL_H
#define RESPOND_ICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/* Most events of a file. */
#define ICAL_MOST_EVENTS	10000

typedef struct IcalTime
{
	bool		given;
	bool		is_date;
	bool		is_utc;
	int64_t		local;			/* seconds since 1970, as written */
	const char *zone;			/* its name; NULL: none is named */
} IcalTime;

typedef struct IcalEvent
{
	const char *name;			/* NULL: none */
	IcalTime	start;			/* given, unless there is a problem */
	IcalTime	end;			/* the first moment after it */
	char	   *rule;			/* RRULE, while it is read */
	bool		yearly;
	int64_t		count;			/* how many times, the first one included; 0: without end */
	IcalTime	until;			/* the last time, if given */
	const char *problem;		/* why it cannot be taken, NULL: it can */
} IcalEvent;

typedef struct Ical
{
	int			count;
	IcalEvent  *events;
} Ical;

typedef struct IcalError
{
	int			line;			/* 0: the whole */
	char		reason[160];
} IcalError;

/* The text may have any bytes.  False: see *error. */
extern bool respond_ical_read(Arena *arena, const char *text, size_t length, Ical *ical, IcalError *error);

#endif							/* RESPOND_ICAL_H */
