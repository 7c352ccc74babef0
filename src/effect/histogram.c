/*-------------------------------------------------------------------------
 * histogram.c
 *	  Durations counted in buckets of shared memory.
 *
 * src/effect/histogram.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "effect/histogram.h"

static int
bucket_of(int64 duration_us, int bucket_count)
{
	double		octave = log2((double) Max(duration_us, 1)) - RESPOND_FIRST_OCTAVE;

	return Min(Max((int) (octave * RESPOND_BUCKETS_PER_OCTAVE), 0), bucket_count - 1);
}

/* Milliseconds in the middle of a bucket, to a microsecond. */
static double
middle_of(int bucket)
{
	return rint(exp2(RESPOND_FIRST_OCTAVE + (bucket + 0.5) / RESPOND_BUCKETS_PER_OCTAVE)) / 1000.0;
}

void
respond_histogram_count(pg_atomic_uint64 *buckets, int bucket_count, int64 duration_us)
{
	pg_atomic_fetch_add_u64(&buckets[bucket_of(duration_us, bucket_count)], 1);
}

bool
respond_histogram_percentiles(pg_atomic_uint64 *buckets, int bucket_count,
							  const double *parts, int part_count, double *milliseconds)
{
	uint64	   *counts = palloc(bucket_count * sizeof(uint64));
	uint64		total = 0;
	uint64		seen = 0;
	int			part = 0;

	/* others go on counting */
	for (int i = 0; i < bucket_count; i++)
	{
		counts[i] = pg_atomic_read_u64(&buckets[i]);
		total += counts[i];
	}
	for (int i = 0; total > 0 && i < bucket_count; i++)
	{
		seen += counts[i];
		for (; part < part_count && seen >= parts[part] * total; part++)
			milliseconds[part] = middle_of(i);
	}
	pfree(counts);
	return total > 0;
}
