/*-------------------------------------------------------------------------
 * stretch.c
 *	  A walk over the stretches of time in which a zone's offset is constant.
 *
 * src/calendar/stretch.c
 *-------------------------------------------------------------------------
 */
#include "calendar/stretch.h"

static void
enter(const Zone *zone, int64_t instant, Stretch *stretch)
{
	stretch->begin = instant;
	stretch->offset = zone->offset(zone->zone, instant, &stretch->end);
	if (stretch->end <= instant)
		stretch->end = INT64_MAX;
}

void
respond_stretch_begin(const Zone *zone, int64_t instant, Stretch *stretch)
{
	enter(zone, instant, stretch);
	stretch->shown = instant + stretch->offset;
}

void
respond_stretch_go_on(const Zone *zone, Stretch *stretch)
{
	int64_t		local_end = stretch->end + stretch->offset;

	if (stretch->shown < local_end)
		stretch->shown = local_end;
	enter(zone, stretch->end, stretch);
}
