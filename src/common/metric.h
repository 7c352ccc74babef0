/*-------------------------------------------------------------------------
 * metric.h
 *	  What is counted of a database for the metrics, in shared memory.
 *
 * Counting is an addition without a lock; a process whose database has no
 * workers counts nothing.  Counters begin at 0 when shared memory is made, or
 * when the database gets its workers.
 *
 * src/common/metric.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_METRIC_H
#define RESPOND_METRIC_H

#include "port/atomics.h"

/* Statuses of runs and of delivery tries, and reasons of refusals, have a counter each. */
#define METRIC_RUN_STATUSES			5
#define METRIC_DELIVERY_STATUSES	3
#define METRIC_INBOUND_REASONS		24

/* Kinds of workers that there can be. */
#define METRIC_WORKER_KINDS			8

typedef enum Metric
{
	METRIC_EVENTS_RECORDED,
	METRIC_EVENTS_HANDLED,
	METRIC_BATCHES,				/* of dispatchers */
	METRIC_RUNS,				/* of rules without a place of their own, by status */
	METRIC_DELIVERIES = METRIC_RUNS + METRIC_RUN_STATUSES,	/* the same of channels */
	METRIC_WORKER_ERRORS = METRIC_DELIVERIES + METRIC_DELIVERY_STATUSES,	/* by kind of worker */
	METRIC_INBOUND_EVENTS = METRIC_WORKER_ERRORS + METRIC_WORKER_KINDS,
	METRIC_INBOUND_DUPLICATES,	/* events that were known already */
	METRIC_INBOUND_REQUESTS,	/* by reason, 0: accepted */
	METRIC_STREAMS_OPENED = METRIC_INBOUND_REQUESTS + METRIC_INBOUND_REASONS,
	METRIC_STREAMS_CUT,			/* their callers read too slowly */
	METRIC_STREAMS_RESET,
	METRIC_STREAM_EVENTS,		/* sent, once for each stream */
	METRIC_STREAMS_OPEN,		/* a level, as are those that follow; the others only grow */
	METRIC_DELIVERIES_QUEUED,	/* that the courier has in mind */
	METRIC_BREAKERS_OPEN,		/* of hosts, and behind it of channels */
	METRIC_CHANNEL_BREAKERS_OPEN,
	METRIC_COUNT
} Metric;

typedef enum MetricTime
{
	METRIC_RUN_LATENCY,			/* from recorded to the run's commit */
	METRIC_RUN_DURATION,
	METRIC_BATCH_DURATION,
	METRIC_DELIVERY_DURATION,
	METRIC_TIMES
} MetricTime;

/* Bounds of a histogram, in microseconds; what is longer than the last is counted behind it. */
#define METRIC_BOUNDS		16
extern const uint64 respond_metric_bounds[METRIC_BOUNDS];

typedef struct MetricHistogram
{
	pg_atomic_uint64 counts[METRIC_BOUNDS + 1];
	pg_atomic_uint64 sum;		/* microseconds */
} MetricHistogram;

/* Bytes of the name of a database in UTF-8, with its end. */
#define METRIC_NAME_SIZE	256

typedef struct DatabaseMetrics
{
	pg_atomic_uint64 counts[METRIC_COUNT];
	MetricHistogram times[METRIC_TIMES];
	pg_atomic_uint32 names[2];	/* rules, and channels, that have a place; see effect/counter_name.h */
	char		database[METRIC_NAME_SIZE]; /* its name, UTF-8; under the lock of shared memory */
} DatabaseMetrics;

/* Makes all of it 0; first: the memory is new. */
extern void respond_metric_reset(DatabaseMetrics *metrics, bool first);

/* What this process counts for; NULL: nothing. */
extern DatabaseMetrics *respond_metric_database(void);

extern void respond_metric_add(Metric metric, uint64 number);
extern void respond_metric_set(Metric metric, uint64 level);
extern void respond_metric_time(MetricTime time, int64 duration_us);

#endif							/* RESPOND_METRIC_H */
