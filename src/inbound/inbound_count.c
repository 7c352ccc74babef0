/*-------------------------------------------------------------------------
 * inbound_count.c
 *	  What came in through each source, counted in shared memory.
 *
 * The worker that answers requests is the only writer; readers take no lock.
 *
 * src/inbound/inbound_count.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/metric.h"
#include "effect/counter_table.h"
#include "inbound/inbound_count.h"

/* A power of two. */
#define COUNTER_ENTRIES	1024

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		32

typedef struct InboundCounter
{
	pg_atomic_uint64 key;		/* see counter_table.h */
	pg_atomic_uint64 taken;		/* requests */
	pg_atomic_uint64 events;
	pg_atomic_uint64 duplicates;	/* events that were known */
	pg_atomic_uint64 refused[INBOUND_LAST_REASON + 1];
	pg_atomic_uint64 taken_at;	/* TimestampTz of the last one */
	pg_atomic_uint64 longest_pause; /* between two of them, in us */
	pg_atomic_uint64 refused_at;
	pg_atomic_uint64 refused_in_row;	/* since the last one that was taken */
	pg_atomic_uint64 last_reason;
} InboundCounter;

PG_FUNCTION_INFO_V1(respond_inbound_counters);

static CounterTable table = COUNTER_TABLE(table, "pg_respond inbound counters", InboundCounter, COUNTER_ENTRIES,
										  PROBE_LIMIT);

void
respond_inbound_count_initialize(void)
{
	respond_counter_table_request(&table);
}

void
respond_inbound_count_taken(const char *source, int recorded, int known)
{
	InboundCounter *entry = respond_counter_find(&table, respond_counter_key(source), true);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz before;

	respond_metric_add(METRIC_INBOUND_REQUESTS + INBOUND_ACCEPTED, 1);
	respond_metric_add(METRIC_INBOUND_EVENTS, recorded);
	respond_metric_add(METRIC_INBOUND_DUPLICATES, known);
	if (entry == NULL)
		return;
	pg_atomic_fetch_add_u64(&entry->taken, 1);
	pg_atomic_fetch_add_u64(&entry->events, recorded);
	pg_atomic_fetch_add_u64(&entry->duplicates, known);
	before = (TimestampTz) pg_atomic_read_u64(&entry->taken_at);
	if (before != 0 && now - before > (int64) pg_atomic_read_u64(&entry->longest_pause))
		pg_atomic_write_u64(&entry->longest_pause, (uint64) (now - before));
	pg_atomic_write_u64(&entry->taken_at, (uint64) now);
	pg_atomic_write_u64(&entry->refused_in_row, 0);
}

void
respond_inbound_count_refused(const char *source, InboundReason reason)
{
	InboundCounter *entry = respond_counter_find(&table, respond_counter_key(source), true);

	respond_metric_add(METRIC_INBOUND_REQUESTS + reason, 1);
	if (entry == NULL)
		return;
	pg_atomic_fetch_add_u64(&entry->refused[reason], 1);
	pg_atomic_write_u64(&entry->refused_at, (uint64) GetCurrentTimestamp());
	pg_atomic_fetch_add_u64(&entry->refused_in_row, 1);
	pg_atomic_write_u64(&entry->last_reason, reason);
}

/* {"signature": 3, ...}: those that were counted, and in *all how many. */
static Jsonb *
reasons_of(InboundCounter *entry, int64 *all)
{
	JsonbParseState *state = NULL;

	*all = 0;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int reason = 1; entry != NULL && reason <= INBOUND_LAST_REASON; reason++)
	{
		int64		count = (int64) pg_atomic_read_u64(&entry->refused[reason]);

		if (count > 0)
			respond_jsonb_push_int64(&state, respond_inbound_reason_word((InboundReason) reason), count);
		*all += count;
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static Datum
time_of(pg_atomic_uint64 *time, bool *is_null)
{
	TimestampTz at = (TimestampTz) pg_atomic_read_u64(time);

	*is_null = at == 0;
	return TimestampTzGetDatum(at);
}

static Datum
pause_of(InboundCounter *entry, bool *is_null)
{
	Interval   *pause = palloc0(sizeof(Interval));

	pause->time = (TimeOffset) pg_atomic_read_u64(&entry->longest_pause);
	*is_null = pause->time == 0;
	return IntervalPGetDatum(pause);
}

/*
 * inbound_counters(source) → taken, events, duplicates, refused, reasons,
 * last_taken_at, last_refused_at, last_reason, refused_in_row, longest_pause, since
 */
Datum
respond_inbound_counters(PG_FUNCTION_ARGS)
{
	InboundCounter *entry =
		respond_counter_find(&table, respond_counter_key(text_to_cstring(PG_GETARG_TEXT_PP(0))), false);
	TupleDesc	desc;
	Datum		values[11] = {0};
	bool		nulls[11] = {false};
	int64		refused;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[4] = JsonbPGetDatum(reasons_of(entry, &refused));
	values[3] = Int64GetDatum(refused);
	nulls[5] = nulls[6] = nulls[7] = nulls[9] = true;
	values[10] = TimestampTzGetDatum(table.counters->since);
	if (entry != NULL)
	{
		InboundReason last = (InboundReason) pg_atomic_read_u64(&entry->last_reason);

		values[0] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->taken));
		values[1] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->events));
		values[2] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->duplicates));
		values[5] = time_of(&entry->taken_at, &nulls[5]);
		values[6] = time_of(&entry->refused_at, &nulls[6]);
		nulls[7] = last == INBOUND_ACCEPTED;
		if (!nulls[7])
			values[7] = CStringGetTextDatum(respond_inbound_reason_word(last));
		values[8] = Int64GetDatum((int64) pg_atomic_read_u64(&entry->refused_in_row));
		values[9] = pause_of(entry, &nulls[9]);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
