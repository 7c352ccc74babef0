/*-------------------------------------------------------------------------
 * openings.h
 *	  The open periods of about a year, worked out; builds without a server.
 *
 * Time is cut into pieces of equal length, numbered from 2000 on.  A period that
 * goes over the end of a piece is in both.
 *
 * src/calendar/openings.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OPENINGS_H
#define RESPOND_OPENINGS_H

#include "calendar/calendar.h"

/* Seconds of a piece: 388 days. */
#define OPENINGS_LENGTH		(1 << 25)

typedef struct Opening
{
	int32_t		open;			/* seconds of the piece */
	int32_t		close;
	int32_t		before;			/* open seconds of the piece before it */
} Opening;

typedef struct Openings
{
	int64_t		number;
	int32_t		total;			/* open seconds */
	int			count;
	Opening    *items;			/* from the source */
} Openings;

extern void respond_openings_make(const CalendarRules *rules, const ArenaSource *source, int64_t number,
								  Openings *openings);

#endif							/* RESPOND_OPENINGS_H */
