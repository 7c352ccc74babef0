/*-------------------------------------------------------------------------
 * run_write.c
 *	  Runs in the buffer of effects, and how they are written.
 *
 * src/effect/run_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/partition_write.h"
#include "common/jsonb_push.h"
#include "common/private_value.h"
#include "common/row_values.h"
#include "effect/effect_memory.h"
#include "effect/loop_items.h"
#include "effect/rule_stats.h"
#include "effect/run_change.h"
#include "effect/run_name.h"
#include "effect/run_place.h"
#include "effect/run_write.h"

typedef struct BufferedRun
{
	Datum		values[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS];
} BufferedRun;

/* A row that is there, and is to be changed. */
typedef struct BufferedChange
{
	int64		run_id;
	TimestampTz started_at;
	RunPlace	place;
	RunChange	change;
} BufferedChange;

static EffectRows runs;			/* of BufferedRun */
static EffectRows run_ids;		/* of int64: of each of them */
static EffectRows changes;		/* of BufferedChange */
static EffectRows changed_ids;	/* of int64: of each of them */
static int64 written;			/* rows since the count was last taken */

int64
respond_effects_run_id(void)
{
	return respond_effects_next_id("run_id_seq");
}

int64
respond_run_cause(const FlowRun *run)
{
	if (run->woken_by != NULL)
		return run->woken_by->id;
	return run->event != NULL ? run->event->id : 0;
}

int32
respond_run_depth(const FlowRun *run)
{
	int32		depth = run->event != NULL ? run->event->depth : 0;

	return run->woken_by != NULL ? Max(depth, run->woken_by->depth) : depth;
}

static void
set_time(Datum *values, bool *nulls, int column, TimestampTz time)
{
	nulls[column] = TIMESTAMP_NOT_FINITE(time);
	values[column] = TimestampTzGetDatum(time);
}

static void
add_id(EffectRows *ids, int64 run_id)
{
	*(int64 *) respond_effects_add_row(ids, sizeof(int64)) = run_id;
}

/* Looked at for each run that goes on; usually they come in the order of their numbers. */
static bool
is_among(const EffectRows *ids, int64 run_id)
{
	const int64 *all = ids->rows;

	for (int i = ids->count - 1; i >= 0; i--)
		if (all[i] == run_id)
			return true;
	return false;
}

/* What changes while a run is under way. */
static void
fill_progress(Datum *values, bool *nulls, const FlowRun *run, const RunRow *row)
{
	respond_row_set_text(values, nulls, RUN_STATUS, row->status);
	respond_row_set_text(values, nulls, RUN_STEP, row->step);
	nulls[RUN_STATE] = false;
	values[RUN_STATE] = row->shown_state == NULL ? respond_private_jsonb(row->state, NULL, run->owner) :
		respond_private_jsonb(row->shown_state, row->state, run->owner);
	nulls[RUN_ERROR] = row->error == NULL;
	if (row->error != NULL)
		values[RUN_ERROR] = row->shown_error == NULL ? respond_private_text(row->error, NULL, run->owner) :
			respond_private_text(row->shown_error, row->error, run->owner);
	set_time(values, nulls, RUN_FINISHED_AT, row->finished_at);
	set_time(values, nulls, RUN_RESUME_AT, row->waits_for != NULL ? row->resume_at : DT_NOEND);
	respond_row_set_text(values, nulls, RUN_WAITS_FOR, row->waits_for);
	set_time(values, nulls, RUN_WAITING_SINCE, row->waits_for != NULL ? row->waiting_since : DT_NOEND);
	nulls[RUN_WAITING] = row->waiting == NULL;
	if (row->waiting != NULL)
		values[RUN_WAITING] = respond_private_jsonb(row->shown_waiting, row->waiting, run->owner);
	nulls[RUN_PAUSED_AT] = true;
	nulls[RUN_SAVED] = row->saved == NULL;
	if (row->saved != NULL)
		values[RUN_SAVED] = respond_private_jsonb(respond_jsonb_empty_object(), row->saved, run->owner);
}

static void
buffer_row(const FlowRun *run, const RunRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());
	BufferedRun *buffered = respond_effects_add_row(&runs, sizeof(BufferedRun));

	memset(buffered, 0, sizeof(BufferedRun));
	buffered->values[RUN_ID] = Int64GetDatum(run->run_id);
	respond_row_set_text(buffered->values, buffered->nulls, RUN_RULE, run->rule);
	buffered->values[RUN_RULE_VERSION] = Int32GetDatum(run->rule_version);
	buffered->nulls[RUN_EVENT_ID] = run->event == NULL;
	if (run->event != NULL)
		buffered->values[RUN_EVENT_ID] = Int64GetDatum(run->event->id);
	buffered->values[RUN_REPLAY] = BoolGetDatum(run->replay);
	buffered->values[RUN_STARTED_AT] = TimestampTzGetDatum(row->started_at);
	respond_row_set_text(buffered->values, buffered->nulls, RUN_KEY, run->key);
	respond_row_set_int64(buffered->values, buffered->nulls, RUN_PARENT_ID, run->parent_id);
	fill_progress(buffered->values, buffered->nulls, run, row);
	add_id(&run_ids, run->run_id);
	MemoryContextSwitchTo(caller);
}

static void
buffer_change(const FlowRun *run, const RunRow *row)
{
	static const int changed[] = {RUN_RULE_VERSION, RUN_STATUS, RUN_STEP, RUN_STATE, RUN_ERROR, RUN_FINISHED_AT,
		RUN_RESUME_AT, RUN_WAITS_FOR, RUN_PAUSED_AT, RUN_SAVED, RUN_WAITING_SINCE, RUN_WAITING};
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());
	BufferedChange *buffered = respond_effects_add_row(&changes, sizeof(BufferedChange));
	RunChange  *change = &buffered->change;

	memset(buffered, 0, sizeof(BufferedChange));
	buffered->run_id = run->run_id;
	buffered->started_at = row->started_at;
	buffered->place = *run->place;
	buffered->place.status = pstrdup(run->place->status);
	for (int i = 0; i < lengthof(changed); i++)
		change->replaced[changed[i]] = true;
	change->values[RUN_RULE_VERSION] = Int32GetDatum(run->rule_version);
	fill_progress(change->values, change->nulls, run, row);
	add_id(&changed_ids, run->run_id);
	MemoryContextSwitchTo(caller);
}

static void
count_run(const FlowRun *run, const RunRow *row)
{
	EndedRun	ended = {run->rule, row->status, run->event != NULL && !run->replay ? run->event->recorded_at : 0,
	row->started_at, row->finished_at};

	respond_rule_stats_count(&ended);
}

void
respond_effects_run(const FlowRun *run, const RunRow *row)
{
	if (run->place == NULL)
		buffer_row(run, row);
	else
		buffer_change(run, row);
	if (row->finished_at == DT_NOBEGIN)
		return;
	if (run->place != NULL)
	{
		respond_loop_items_forget(run->run_id, -1);
		respond_run_place_free(run->run_id);
	}
	count_run(run, row);
}

bool
respond_effects_run_is_buffered(int64 run_id)
{
	return is_among(&run_ids, run_id);
}

void
respond_runs_forget(void)
{
	memset(&runs, 0, sizeof(runs));
	memset(&run_ids, 0, sizeof(run_ids));
	memset(&changes, 0, sizeof(changes));
	memset(&changed_ids, 0, sizeof(changed_ids));
}

static void
write_runs(PartitionWriter *writer)
{
	const BufferedRun *all = runs.rows;

	for (int i = 0; i < runs.count; i++)
		respond_partition_writer_add(writer, DatumGetTimestampTz(all[i].values[RUN_STARTED_AT]),
									 all[i].values, all[i].nulls);
	written += runs.count;
}

static void
write_changes(PartitionWriter *writer)
{
	const BufferedChange *all = changes.rows;

	respond_run_changes_begin();
	for (int i = 0; i < changes.count; i++)
		respond_run_change_with(writer, all[i].run_id, all[i].started_at, &all[i].place, &all[i].change);
	respond_run_changes_end();
}

void
respond_runs_flush(void)
{
	PartitionWriter *writer;

	if (runs.count == 0 && changes.count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond", "run"), &respond_shape_run);
	write_runs(writer);
	write_changes(writer);
	respond_partition_writer_close(writer);
	respond_runs_forget();
}

void
respond_effects_run_settle(int64 run_id)
{
	if (is_among(&changed_ids, run_id))
		respond_runs_flush();
}

int64
respond_runs_take_count(void)
{
	int64		count = written;

	written = 0;
	return count;
}
