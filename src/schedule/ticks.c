/*-------------------------------------------------------------------------
 * ticks.c
 *	  Times of a cron expression that were missed.
 *
 * There may be millions of them, of which the last few count.  Those are looked
 * for in a stretch of time before the end that is made longer until it holds
 * enough of them.
 *
 * src/schedule/ticks.c
 *-------------------------------------------------------------------------
 */
#include "schedule/ticks.h"

#define MINUTE			INT64_C(60)
#define DAY				INT64_C(86400)

/* How many times there are from an instant on and before another, at most so many. */
static int64_t
count_ticks(const Cron *cron, const Zone *zone, int64_t from, int64_t until, int64_t most)
{
	int64_t		count = 0;
	int64_t		tick = from - 1;

	while (count < most && respond_cron_next(cron, zone, tick, until - 1, &tick))
		count++;
	return count;
}

static int64_t
skip_ticks(const Cron *cron, const Zone *zone, int64_t from, int64_t until, int64_t skipped)
{
	int64_t		tick = from - 1;

	for (int64_t i = 0; i <= skipped; i++)
		if (!respond_cron_next(cron, zone, tick, until - 1, &tick))
			break;
	return tick;
}

void
respond_ticks_missed(const Cron *cron, const Zone *zone, int64_t first, int64_t until, int64_t keep,
					 Ticks *ticks)
{
	static const int64_t lengths[] = {MINUTE, 60 * MINUTE, DAY, 40 * DAY, 400 * DAY, 4000 * DAY, 40000 * DAY};
	int			longest = (int) (sizeof(lengths) / sizeof(lengths[0])) - 1;
	int64_t		from = first;
	int64_t		count;

	ticks->count = count_ticks(cron, zone, first, until, TICKS_MOST);
	if (ticks->count <= keep && ticks->count < TICKS_MOST)
	{
		ticks->kept = first;
		ticks->dropped = 0;
		return;
	}
	for (int i = 0; i <= longest; i++)
	{
		from = until - lengths[i] > first ? until - lengths[i] : first;
		count = count_ticks(cron, zone, from, until, INT64_MAX);
		if (count >= keep || from == first)
			break;
	}
	if (count > keep)
		ticks->kept = skip_ticks(cron, zone, from, until, count - keep);
	else
		ticks->kept = skip_ticks(cron, zone, from, until, 0);
	ticks->dropped = ticks->count > keep ? ticks->count - keep : 0;
}
