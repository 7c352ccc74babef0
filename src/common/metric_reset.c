/*-------------------------------------------------------------------------
 * metric_reset.c
 *	  What is counted of a database begins at 0.
 *
 * src/common/metric_reset.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/metric.h"

static void
reset_count(pg_atomic_uint64 *count, bool first)
{
	if (first)
		pg_atomic_init_u64(count, 0);
	else
		pg_atomic_write_u64(count, 0);
}

void
respond_metric_reset(DatabaseMetrics *metrics, bool first)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		reset_count(&metrics->counts[i], first);
	for (int i = 0; i < METRIC_TIMES; i++)
	{
		for (int bucket = 0; bucket <= METRIC_BOUNDS; bucket++)
			reset_count(&metrics->times[i].counts[bucket], first);
		reset_count(&metrics->times[i].sum, first);
	}
	for (int i = 0; i < lengthof(metrics->names); i++)
	{
		if (first)
			pg_atomic_init_u32(&metrics->names[i], 0);
		else
			pg_atomic_write_u32(&metrics->names[i], 0);
	}
	metrics->database[0] = '\0';
}
