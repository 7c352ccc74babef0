/*-------------------------------------------------------------------------
 * histogram.h
 *	  Durations counted in buckets of shared memory.
 *
 * The buckets grow by the fourth root of two, so a percentile is right to a
 * tenth.  Whoever counts adds to one of them; readers take no lock.
 *
 * src/effect/histogram.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_HISTOGRAM_H
#define RESPOND_HISTOGRAM_H

#include "port/atomics.h"

/* The first bucket ends behind 16 microseconds; what is too long for the last is in it, too. */
#define RESPOND_BUCKETS_PER_OCTAVE	4
#define RESPOND_FIRST_OCTAVE		4
/* Buckets for durations up to 2^octave microseconds. */
#define RESPOND_BUCKETS_UP_TO(octave)	(((octave) - RESPOND_FIRST_OCTAVE) * RESPOND_BUCKETS_PER_OCTAVE)

extern void respond_histogram_count(pg_atomic_uint64 *buckets, int bucket_count, int64 duration_us);

/*
 * The milliseconds that these parts of all durations did not exceed; false when
 * there were none.
 */
extern bool respond_histogram_percentiles(pg_atomic_uint64 *buckets, int bucket_count,
										  const double *parts, int part_count, double *milliseconds);

#endif							/* RESPOND_HISTOGRAM_H */
