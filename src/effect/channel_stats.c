/*-------------------------------------------------------------------------
 * channel_stats.c
 *	  How the deliveries of each channel fare, in shared memory.
 *
 * Counters (effect/counter_table.h) with a histogram of durations for each
 * channel.  Its buckets grow by the fourth root of two, so a percentile is right
 * to a tenth.  The courier of the database is
 * the only writer of an entry; readers take no lock.
 *
 * src/effect/channel_stats.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "effect/channel_stats.h"
#include "effect/counter_table.h"

/* A power of two. */
#define COUNTER_ENTRIES	1024

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		32

/* Four for each doubling, from 16 microseconds to about 18 minutes. */
#define BUCKETS			104
#define BUCKETS_PER_OCTAVE	4
#define FIRST_OCTAVE	4

typedef struct ChannelCounter
{
	pg_atomic_uint64 key;		/* see counter_table.h */
	pg_atomic_uint64 counts[CHANNEL_COUNTS];
	pg_atomic_uint64 last_at;	/* TimestampTz of the last one */
	pg_atomic_uint64 buckets[BUCKETS];	/* of all requests */
} ChannelCounter;

PG_FUNCTION_INFO_V1(respond_channel_counters);

static CounterTable table = COUNTER_TABLE(table, "pg_respond channel counters", ChannelCounter, COUNTER_ENTRIES,
										  PROBE_LIMIT);

void
respond_channel_stats_initialize(void)
{
	respond_counter_table_request(&table);
}

static int
bucket_of(int64 duration_us)
{
	int			bucket = (int) ((log2((double) Max(duration_us, 1)) - FIRST_OCTAVE) * BUCKETS_PER_OCTAVE);

	return Min(Max(bucket, 0), BUCKETS - 1);
}

/* Milliseconds in the middle of a bucket. */
static double
bucket_ms(int bucket)
{
	return exp2(FIRST_OCTAVE + (bucket + 0.5) / BUCKETS_PER_OCTAVE) / 1000.0;
}

void
respond_channel_stats_count(const char *channel, ChannelCount what, int64 duration_us)
{
	ChannelCounter *entry = respond_counter_find(&table, respond_counter_key(channel), true);

	if (entry == NULL)
		return;
	pg_atomic_fetch_add_u64(&entry->counts[what], 1);
	pg_atomic_write_u64(&entry->last_at, (uint64) GetCurrentTimestamp());
	if (duration_us > 0)
		pg_atomic_fetch_add_u64(&entry->buckets[bucket_of(duration_us)], 1);
}

/* The duration that this part of the requests did not exceed; false when there were none. */
static bool
percentile(const uint64 *buckets, double part, Datum *value)
{
	uint64		total = 0;
	uint64		seen = 0;

	for (int i = 0; i < BUCKETS; i++)
		total += buckets[i];
	for (int i = 0; i < BUCKETS; i++)
	{
		seen += buckets[i];
		if (total > 0 && seen >= part * total)
		{
			*value = Float8GetDatum(rint(bucket_ms(i) * 1000) / 1000);
			return true;
		}
	}
	return false;
}

/*
 * channel_counters(channel) → delivered, retried, dead, p50, p95, p99,
 * last_at, since: what was counted since the server started; milliseconds.
 */
Datum
respond_channel_counters(PG_FUNCTION_ARGS)
{
	ChannelCounter *entry = respond_counter_find(&table, respond_counter_key(text_to_cstring(PG_GETARG_TEXT_PP(0))),
												 false);
	TupleDesc	desc;
	Datum		values[8] = {0};
	bool		nulls[8] = {false};
	uint64		buckets[BUCKETS] = {0};
	TimestampTz last_at = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int kind = 0; entry != NULL && kind < CHANNEL_COUNTS; kind++)
		values[kind] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->counts[kind]));
	for (int i = 0; entry != NULL && i < BUCKETS; i++)
		buckets[i] = pg_atomic_read_u64(&entry->buckets[i]);
	nulls[3] = !percentile(buckets, 0.5, &values[3]);
	nulls[4] = !percentile(buckets, 0.95, &values[4]);
	nulls[5] = !percentile(buckets, 0.99, &values[5]);
	if (entry != NULL)
		last_at = (TimestampTz) pg_atomic_read_u64(&entry->last_at);
	values[6] = TimestampTzGetDatum(last_at);
	nulls[6] = last_at == 0;
	values[7] = TimestampTzGetDatum(table.counters->since);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
