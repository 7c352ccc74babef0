/*-------------------------------------------------------------------------
 * local_time.c
 *	  The instant of a local time.
 *
 * The first instant at which the clock shows it or a later time; for an end, the
 * last instant at which it is shown, or before which an earlier time is.  Where
 * the clock is not changed the two are the same.
 *
 * src/calendar/local_time.c
 *-------------------------------------------------------------------------
 */
#include "calendar/local_time.h"

#include <stddef.h>

#include "calendar/stretch.h"

static bool
ends_before(const Stretch *stretch, int64_t local)
{
	return stretch->end != INT64_MAX && stretch->end + stretch->offset <= local;
}

int64_t
respond_local_instant(const Zone *zone, int64_t local, bool *left_out)
{
	Stretch		stretch;
	bool		in_gap;

	respond_stretch_begin(zone, local - STRETCH_MARGIN, &stretch);
	while (ends_before(&stretch, local))
		respond_stretch_go_on(zone, &stretch);
	in_gap = local - stretch.offset < stretch.begin;
	if (left_out != NULL)
		*left_out = in_gap;
	return in_gap ? stretch.begin : local - stretch.offset;
}

int64_t
respond_local_instant_last(const Zone *zone, int64_t local)
{
	Stretch		stretch;
	int64_t		last = local - STRETCH_MARGIN;

	respond_stretch_begin(zone, last, &stretch);
	for (;;)
	{
		/* where this stretch shows it, or ends with earlier times */
		if (stretch.begin + stretch.offset <= local)
			last = ends_before(&stretch, local) ? stretch.end : local - stretch.offset;
		if (stretch.end > local + STRETCH_MARGIN)
			return last;
		respond_stretch_go_on(zone, &stretch);
	}
}
