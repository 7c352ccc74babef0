/*-------------------------------------------------------------------------
 * stretch.h
 *	  A walk over the stretches of time in which a zone's offset is constant;
 *	  builds without a server.
 *
 * It remembers how far the local clock has been, so it tells local times that
 * are left out, and those that are shown again.
 *
 * src/calendar/stretch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STRETCH_H
#define RESPOND_STRETCH_H

#include "calendar/day.h"
#include "calendar/zone.h"

/*
 * How long before a time a walk begins, to know how far the local clock has been
 * already: offsets differ by 26 hours at most.
 */
#define STRETCH_MARGIN	(2 * DAY)

/* A stretch of time with one offset, and what the local clock showed before it. */
typedef struct Stretch
{
	int64_t		begin;
	int64_t		end;
	int64_t		offset;
	int64_t		shown;			/* local times before this have been shown, or were left out */
} Stretch;

/* The part, from an instant on, of the stretch that the instant is in. */
extern void respond_stretch_begin(const Zone *zone, int64_t instant, Stretch *stretch);

/* The next one; the end of this one must not be INT64_MAX. */
extern void respond_stretch_go_on(const Zone *zone, Stretch *stretch);

#endif							/* RESPOND_STRETCH_H */
