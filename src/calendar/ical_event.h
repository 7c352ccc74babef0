/*-------------------------------------------------------------------------
 * ical_event.h
 *	  The properties of an event of a calendar file; builds without a server.
 *
 * src/calendar/ical_event.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ICAL_EVENT_H
#define RESPOND_ICAL_EVENT_H

#include "calendar/ical.h"

/* A line, unfolded and cut up; each part has a NUL behind it. */
typedef struct IcalLine
{
	char	   *name;			/* in capitals */
	char	   *parameters;		/* from the first semicolon on, or empty */
	char	   *value;
	size_t		value_length;
} IcalLine;

/* Takes a property into the event. */
extern void respond_ical_event_take(Arena *arena, IcalEvent *event, const IcalLine *line);

/* When all properties are taken: fills in the end, and the problem if there is one. */
extern void respond_ical_event_finish(IcalEvent *event);

#endif							/* RESPOND_ICAL_EVENT_H */
