/*-------------------------------------------------------------------------
 * decision_write.c
 *	  How waits ended, in the buffer of effects.
 *
 * src/effect/decision_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "effect/decision_write.h"
#include "effect/effect_memory.h"
#include "wait/wait_key.h"
#include "wait/wait_row.h"

enum
{
	DECISION_RUN_ID, DECISION_RULE, DECISION_RULE_VERSION, DECISION_STEP, DECISION_OUTCOME, DECISION_EVENT_ID,
	DECISION_KEY_HASH, DECISION_SINCE, DECISION_DUE_AT, DECISION_DECIDED_AT,
	DECISION_COLUMNS
};

static const ShapeColumn decision_columns[] = {
	{"run_id", INT8OID},
	{"rule", TEXTOID},
	{"rule_version", INT4OID},
	{"step", TEXTOID},
	{"outcome", TEXTOID},
	{"event_id", INT8OID},
	{"key_hash", INT8OID},
	{"since", TIMESTAMPTZOID},
	{"due_at", TIMESTAMPTZOID},
	{"decided_at", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(decision_columns) == DECISION_COLUMNS, "each column of wait_decision has its type");

const Shape respond_shape_wait_decision = SHAPE("respond_internal.wait_decision", decision_columns);

typedef struct DecisionRow
{
	Decision	decision;
	int64		key_hash;
	bool		has_key;
	TimestampTz decided_at;
} DecisionRow;

static EffectRows rows;			/* of DecisionRow */

static void
add_row(const Decision *decision, const int64 *key_hash)
{
	DecisionRow *row = respond_effects_add_row(&rows, sizeof(DecisionRow));

	row->decision = *decision;
	row->decision.rule = respond_effects_copy_text(decision->rule);
	row->decision.step = respond_effects_copy_text(decision->step);
	row->decision.outcome = respond_effects_copy_text(decision->outcome);
	row->has_key = key_hash != NULL;
	row->key_hash = key_hash != NULL ? *key_hash : 0;
	row->decided_at = respond_clock_now();
}

static bool
is_among(int64 hash, const int64 *hashes, int count)
{
	for (int i = 0; i < count; i++)
		if (hashes[i] == hash)
			return true;
	return false;
}

static void
add_keys(const Decision *decision, const List *keys)
{
	int64	   *hashes = palloc(sizeof(int64) * Max(list_length(keys), 1));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, keys)
	{
		int64		hash = respond_wait_key_hash(lfirst(cell));

		if (is_among(hash, hashes, count))
			continue;
		hashes[count++] = hash;
		add_row(decision, &hash);
	}
	if (count == 0)
		add_row(decision, NULL);
	pfree(hashes);
}

/* An event that was collected ended nothing, but was not late either. */
static void
add_collected(const Decision *decision, const int64 *collected, int count)
{
	Decision	row = *decision;

	row.outcome = "collected";
	for (int i = 0; i < count; i++)
	{
		row.event_id = collected[i];
		add_row(&row, NULL);
	}
}

void
respond_effects_decision(const Decision *decision, const List *waits)
{
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, waits)
	{
		const Wait *wait = lfirst(cell);

		if (wait->early)
			continue;
		keys = lappend(keys, unconstify(char *, wait->key));
		add_collected(decision, wait->heard, wait->heard_count);
	}
	add_keys(decision, keys);
	list_free(keys);
}

void
respond_effects_decision_at_once(const Decision *decision, const List *keys, const int64 *collected, int count)
{
	add_collected(decision, collected, count);
	add_keys(decision, keys);
}

void
respond_decisions_forget(void)
{
	memset(&rows, 0, sizeof(rows));
}

static void
fill(Datum *values, bool *nulls, const DecisionRow *row)
{
	const Decision *decision = &row->decision;

	memset(nulls, 0, sizeof(bool) * DECISION_COLUMNS);
	values[DECISION_RUN_ID] = Int64GetDatum(decision->run_id);
	respond_row_set_text(values, nulls, DECISION_RULE, decision->rule);
	values[DECISION_RULE_VERSION] = Int32GetDatum(decision->rule_version);
	respond_row_set_text(values, nulls, DECISION_STEP, decision->step);
	respond_row_set_text(values, nulls, DECISION_OUTCOME, decision->outcome);
	respond_row_set_int64(values, nulls, DECISION_EVENT_ID, decision->event_id);
	values[DECISION_KEY_HASH] = Int64GetDatum(row->key_hash);
	nulls[DECISION_KEY_HASH] = !row->has_key;
	values[DECISION_SINCE] = TimestampTzGetDatum(decision->since);
	values[DECISION_DUE_AT] = TimestampTzGetDatum(decision->due_at);
	nulls[DECISION_DUE_AT] = decision->due_at == DT_NOEND;
	values[DECISION_DECIDED_AT] = TimestampTzGetDatum(row->decided_at);
}

void
respond_decisions_flush(void)
{
	const DecisionRow *all = rows.rows;
	PartitionWriter *writer;

	if (rows.count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "wait_decision"),
										   &respond_shape_wait_decision);
	for (int i = 0; i < rows.count; i++)
	{
		Datum		values[DECISION_COLUMNS];
		bool		nulls[DECISION_COLUMNS];

		fill(values, nulls, &all[i]);
		respond_partition_writer_add(writer, all[i].decided_at, values, nulls);
	}
	respond_partition_writer_close(writer);
}
