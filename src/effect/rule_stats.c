/*-------------------------------------------------------------------------
 * rule_stats.c
 *	  How often each rule fired, in shared memory.
 *
 * A run is counted when its transaction commits (effect/counter_table.h has the
 * counters themselves).
 *
 * src/effect/rule_stats.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/grow.h"
#include "common/metric.h"
#include "effect/counter_name.h"
#include "effect/counter_table.h"
#include "effect/rule_latency.h"
#include "effect/rule_stats.h"

/* A power of two; 64 bytes each. */
#define COUNTER_ENTRIES	16384

/* Entries that are looked at before the table counts as full. */
#define PROBE_LIMIT		64

typedef enum CounterKind
{
	COUNT_SUCCEEDED,
	COUNT_FAILED,
	COUNT_SHADOW,
	COUNT_SUPPRESSED,
	COUNT_OTHER,				/* cancelled, or not ended yet */
	COUNT_KINDS
} CounterKind;

StaticAssertDecl(COUNT_KINDS == METRIC_RUN_STATUSES, "the metrics have a counter for each kind");

static const char *const kind_names[] = {"succeeded", "failed", "shadow", "suppressed"};

typedef struct RuleCounter
{
	pg_atomic_uint64 key;		/* see counter_table.h */
	pg_atomic_uint64 counts[COUNT_KINDS];
	pg_atomic_uint64 last_at;	/* TimestampTz of the last run */
	pg_atomic_uint64 failures;	/* failed runs since the last one that succeeded */
} RuleCounter;

/* A run that was counted by the current transaction. */
typedef struct PendingCount
{
	uint64		key;
	CounterKind kind;
	bool		named;			/* the rule has a place among the names */
	TimestampTz recorded_at;	/* see EndedRun */
	int64		duration_us;
	SubTransactionId subtransaction;
} PendingCount;

PG_FUNCTION_INFO_V1(respond_rule_counters);
PG_FUNCTION_INFO_V1(respond_rule_failures);

static CounterTable table = COUNTER_TABLE(table, "pg_respond rule counters", RuleCounter, COUNTER_ENTRIES, PROBE_LIMIT);

static PendingCount *pending = NULL;
static int	pending_count = 0;
static int	pending_room = 0;

/* Runs of shadow rules and suppressed ones do nothing, which takes no time. */
static void
count_time(const PendingCount *run, TimestampTz now)
{
	int64		latency_us = run->recorded_at != 0 ? Max(now - run->recorded_at, 0) : -1;

	if (run->kind != COUNT_SUCCEEDED && run->kind != COUNT_FAILED)
		return;
	respond_rule_latency_count(run->key, latency_us, run->duration_us);
	if (latency_us >= 0)
		respond_metric_time(METRIC_RUN_LATENCY, latency_us);
	respond_metric_time(METRIC_RUN_DURATION, run->duration_us);
}

static void
apply_pending(void)
{
	TimestampTz now = pending_count > 0 ? GetCurrentTimestamp() : 0;
	TimestampTz moved_now = pending_count > 0 ? respond_clock_now() : 0;

	for (int i = 0; i < pending_count; i++)
	{
		RuleCounter *entry = respond_counter_find(&table, pending[i].key, true);

		count_time(&pending[i], moved_now);
		if (entry == NULL || !pending[i].named)
			respond_metric_add(METRIC_RUNS + pending[i].kind, 1);
		if (entry == NULL)
			continue;
		pg_atomic_fetch_add_u64(&entry->counts[pending[i].kind], 1);
		pg_atomic_write_u64(&entry->last_at, (uint64) now);
		if (pending[i].kind == COUNT_FAILED)
			pg_atomic_fetch_add_u64(&entry->failures, 1);
		else if (pending[i].kind == COUNT_SUCCEEDED)
			pg_atomic_write_u64(&entry->failures, 0);
	}
	pending_count = 0;
}

static void
count_if_committed(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_COMMIT)
		apply_pending();
	else if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		pending_count = 0;
}

/* Numbers of subtransactions grow, so those within the one that aborts are at the end. */
static void
forget_subtransaction(SubXactEvent event, SubTransactionId subtransaction,
						SubTransactionId parent, void *argument)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (pending_count > 0 && pending[pending_count - 1].subtransaction >= subtransaction)
		pending_count--;
}

void
respond_rule_stats_initialize(void)
{
	respond_counter_table_request(&table);
	respond_rule_latency_initialize();
	respond_counter_name_initialize();
	RegisterXactCallback(count_if_committed, NULL);
	RegisterSubXactCallback(forget_subtransaction, NULL);
}

void
respond_rule_stats_count(const EndedRun *run)
{
	PendingCount *entry;
	int			kind = 0;

	while (kind < lengthof(kind_names) && strcmp(kind_names[kind], run->status) != 0)
		kind++;
	pending = respond_grow(TopMemoryContext, pending, pending_count, &pending_room, sizeof(PendingCount));
	entry = &pending[pending_count++];
	entry->key = respond_counter_key(run->rule);
	entry->kind = kind;
	entry->named = respond_counter_name_take(COUNTER_NAME_RULE, entry->key, run->rule);
	entry->recorded_at = run->recorded_at;
	entry->duration_us = run->finished_at - run->started_at;
	entry->subtransaction = GetCurrentSubTransactionId();
}

const char *
respond_rule_status_word(int status)
{
	return status < COUNT_OTHER ? kind_names[status] : "other";
}

uint64
respond_rule_stats_read(uint64 key, int status)
{
	RuleCounter *entry = respond_counter_find(&table, key, false);

	return entry != NULL ? pg_atomic_read_u64(&entry->counts[status]) : 0;
}

/*
 * rule_counters(rule) → matched, succeeded, failed, shadow, suppressed,
 * last_at, since: what was counted since the server started.
 */
Datum
respond_rule_counters(PG_FUNCTION_ARGS)
{
	RuleCounter *entry = respond_counter_find(&table, respond_counter_key(text_to_cstring(PG_GETARG_TEXT_PP(0))),
											  false);
	TupleDesc	desc;
	Datum		values[7] = {0};
	bool		nulls[7] = {false};
	uint64		total = 0;
	TimestampTz last_at = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int kind = 0; entry != NULL && kind < COUNT_KINDS; kind++)
	{
		uint64		count = pg_atomic_read_u64(&entry->counts[kind]);

		total += count;
		if (kind < COUNT_OTHER)
			values[1 + kind] = Int64GetDatum((int64) count);
	}
	values[0] = Int64GetDatum((int64) total);
	if (entry != NULL)
		last_at = (TimestampTz) pg_atomic_read_u64(&entry->last_at);
	values[5] = TimestampTzGetDatum(last_at);
	nulls[5] = last_at == 0;
	values[6] = TimestampTzGetDatum(table.counters->since);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* rule_failures(rule) → failed runs in a row, up to the last one. */
Datum
respond_rule_failures(PG_FUNCTION_ARGS)
{
	RuleCounter *entry = respond_counter_find(&table, respond_counter_key(text_to_cstring(PG_GETARG_TEXT_PP(0))),
											  false);

	PG_RETURN_INT64(entry != NULL ? (int64) pg_atomic_read_u64(&entry->failures) : 0);
}
