/*-------------------------------------------------------------------------
 * rule_latency.c
 *	  How long the runs of each rule took, in shared memory.
 *
 * A table of its own beside the counters of rule_stats.c: an entry is 36 times
 * as large, and so there are fewer.  What has no place is counted there alone.
 *
 * src/effect/rule_latency.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "effect/counter_table.h"
#include "effect/histogram.h"
#include "effect/rule_latency.h"

/* A power of two; 2.3 kB each. */
#define COUNTER_ENTRIES	2048

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		32

/* Runs may wait: up to about 12 days. */
#define BUCKETS			RESPOND_BUCKETS_UP_TO(40)

typedef struct LatencyCounter
{
	pg_atomic_uint64 key;		/* see counter_table.h */
	pg_atomic_uint64 latencies[BUCKETS];
	pg_atomic_uint64 durations[BUCKETS];
} LatencyCounter;

PG_FUNCTION_INFO_V1(respond_rule_latencies);

static CounterTable table = COUNTER_TABLE(table, "pg_respond rule latencies", LatencyCounter, COUNTER_ENTRIES,
										  PROBE_LIMIT);

void
respond_rule_latency_initialize(void)
{
	respond_counter_table_request(&table);
}

void
respond_rule_latency_count(uint64 key, int64 latency_us, int64 duration_us)
{
	LatencyCounter *entry = respond_counter_find(&table, key, true);

	if (entry == NULL)
		return;
	if (latency_us >= 0)
		respond_histogram_count(entry->latencies, BUCKETS, latency_us);
	respond_histogram_count(entry->durations, BUCKETS, duration_us);
}

/* rule_latencies(rule) → latency_p50, latency_p99, duration_p50, duration_p99: milliseconds. */
Datum
respond_rule_latencies(PG_FUNCTION_ARGS)
{
	LatencyCounter *entry = respond_counter_find(&table, respond_counter_key(text_to_cstring(PG_GETARG_TEXT_PP(0))),
												 false);
	static const double parts[] = {0.5, 0.99};
	double		milliseconds[4] = {0};
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	nulls[0] = nulls[1] = entry == NULL ||
		!respond_histogram_percentiles(entry->latencies, BUCKETS, parts, lengthof(parts), milliseconds);
	nulls[2] = nulls[3] = entry == NULL ||
		!respond_histogram_percentiles(entry->durations, BUCKETS, parts, lengthof(parts), milliseconds + 2);
	for (int i = 0; i < lengthof(values); i++)
		values[i] = Float8GetDatum(milliseconds[i]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
