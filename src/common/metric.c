/*-------------------------------------------------------------------------
 * metric.c
 *	  What is counted of a database for the metrics, in shared memory.
 *
 * src/common/metric.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/metric.h"
#include "common/shmem.h"

const uint64 respond_metric_bounds[METRIC_BOUNDS] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 60000000,
	600000000, UINT64CONST(3600000000)
};

DatabaseMetrics *
respond_metric_database(void)
{
	static DatabaseSlot *known = NULL;

	/* a process has one database; its entry may be given to another one */
	if (known == NULL || pg_atomic_read_u32(&known->database) != MyDatabaseId)
		known = OidIsValid(MyDatabaseId) ? respond_shmem_find_database(MyDatabaseId) : NULL;
	return known != NULL ? &known->metrics : NULL;
}

void
respond_metric_add(Metric metric, uint64 number)
{
	DatabaseMetrics *metrics = respond_metric_database();

	if (metrics != NULL)
		pg_atomic_fetch_add_u64(&metrics->counts[metric], (int64) number);
}

void
respond_metric_set(Metric metric, uint64 level)
{
	DatabaseMetrics *metrics = respond_metric_database();

	if (metrics != NULL)
		pg_atomic_write_u64(&metrics->counts[metric], level);
}

void
respond_metric_time(MetricTime time, int64 duration_us)
{
	DatabaseMetrics *metrics = respond_metric_database();
	uint64		duration = duration_us > 0 ? (uint64) duration_us : 0;
	int			bucket = 0;

	if (metrics == NULL)
		return;
	while (bucket < METRIC_BOUNDS && duration > respond_metric_bounds[bucket])
		bucket++;
	/* first the sum: who reads the count first has no average that is too low */
	pg_atomic_fetch_add_u64(&metrics->times[time].sum, (int64) duration);
	pg_atomic_fetch_add_u64(&metrics->times[time].counts[bucket], 1);
}
