/*-------------------------------------------------------------------------
 * channel_stats.c
 *	  How the deliveries of each channel fare, in shared memory.
 *
 * Counters (effect/counter_table.h) with a histogram of durations for each
 * channel.  The courier of the database is the only writer of an entry; readers
 * take no lock.
 *
 * src/effect/channel_stats.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/metric.h"
#include "effect/channel_stats.h"
#include "effect/counter_name.h"
#include "effect/counter_table.h"
#include "effect/histogram.h"

/* A power of two. */
#define COUNTER_ENTRIES	1024

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		32

/* Up to about 18 minutes. */
#define BUCKETS			RESPOND_BUCKETS_UP_TO(30)

typedef struct ChannelCounter
{
	pg_atomic_uint64 key;		/* see counter_table.h */
	pg_atomic_uint64 counts[CHANNEL_COUNTS];
	pg_atomic_uint64 last_at;	/* TimestampTz of the last one */
	pg_atomic_uint64 buckets[BUCKETS];	/* of all requests */
} ChannelCounter;

StaticAssertDecl(CHANNEL_COUNTS == METRIC_DELIVERY_STATUSES, "the metrics have a counter for each");

PG_FUNCTION_INFO_V1(respond_channel_counters);

static CounterTable table = COUNTER_TABLE(table, "pg_respond channel counters", ChannelCounter, COUNTER_ENTRIES,
										  PROBE_LIMIT);

void
respond_channel_stats_initialize(void)
{
	respond_counter_table_request(&table);
}

void
respond_channel_stats_expect(const char *channel)
{
	(void) respond_counter_name_take(COUNTER_NAME_CHANNEL, respond_counter_key(channel), channel);
}

void
respond_channel_stats_count(const char *channel, ChannelCount what, int64 duration_us)
{
	uint64		key = respond_counter_key(channel);
	ChannelCounter *entry = respond_counter_find(&table, key, true);

	if (duration_us > 0)
		respond_metric_time(METRIC_DELIVERY_DURATION, duration_us);
	if (entry == NULL || !respond_counter_name_has(COUNTER_NAME_CHANNEL, key))
		respond_metric_add(METRIC_DELIVERIES + what, 1);
	if (entry == NULL)
		return;
	pg_atomic_fetch_add_u64(&entry->counts[what], 1);
	pg_atomic_write_u64(&entry->last_at, (uint64) GetCurrentTimestamp());
	if (duration_us > 0)
		respond_histogram_count(entry->buckets, BUCKETS, duration_us);
}

const char *
respond_channel_count_word(int what)
{
	static const char *const words[CHANNEL_COUNTS] = {"delivered", "retried", "dead"};

	return words[what];
}

uint64
respond_channel_stats_read(uint64 key, int what)
{
	ChannelCounter *entry = respond_counter_find(&table, key, false);

	return entry != NULL ? pg_atomic_read_u64(&entry->counts[what]) : 0;
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
	static const double parts[] = {0.5, 0.95, 0.99};
	double		milliseconds[lengthof(parts)] = {0};
	bool		has_none;
	TimestampTz last_at = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int kind = 0; entry != NULL && kind < CHANNEL_COUNTS; kind++)
		values[kind] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->counts[kind]));
	has_none = entry == NULL ||
		!respond_histogram_percentiles(entry->buckets, BUCKETS, parts, lengthof(parts), milliseconds);
	for (int i = 0; i < lengthof(parts); i++)
	{
		values[3 + i] = Float8GetDatum(milliseconds[i]);
		nulls[3 + i] = has_none;
	}
	if (entry != NULL)
		last_at = (TimestampTz) pg_atomic_read_u64(&entry->last_at);
	values[6] = TimestampTzGetDatum(last_at);
	nulls[6] = last_at == 0;
	values[7] = TimestampTzGetDatum(table.counters->since);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
