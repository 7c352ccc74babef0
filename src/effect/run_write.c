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
#include "utils/timestamp.h"

#include "common/partition_write.h"
#include "common/private_value.h"
#include "common/row_values.h"
#include "effect/effect_memory.h"
#include "effect/rule_stats.h"
#include "effect/run_write.h"

/* Columns of respond.run, in their order. */
enum
{
	RUN_ID,
	RUN_RULE,
	RUN_RULE_VERSION,
	RUN_EVENT_ID,
	RUN_STATUS,
	RUN_STEP,
	RUN_STATE,
	RUN_ERROR,
	RUN_REPLAY,
	RUN_STARTED_AT,
	RUN_FINISHED_AT,
	RUN_RESUME_AT,
	RUN_COLUMNS
};

static const ShapeColumn run_columns[] = {
	{"id", INT8OID},
	{"rule", TEXTOID},
	{"rule_version", INT4OID},
	{"event_id", INT8OID},
	{"status", TEXTOID},
	{"step", TEXTOID},
	{"state", InvalidOid, "private_jsonb"},
	{"error", InvalidOid, "private_text"},
	{"replay", BOOLOID},
	{"started_at", TIMESTAMPTZOID},
	{"finished_at", TIMESTAMPTZOID},
	{"resume_at", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(run_columns) == RUN_COLUMNS, "each column of respond.run has its type");

const Shape respond_shape_run = SHAPE("respond.run", run_columns);

typedef struct BufferedRun
{
	Datum		values[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS];
} BufferedRun;

static List *runs;				/* of BufferedRun *, in the context of the effects */
static int64 written;			/* rows since the count was last taken */

int64
respond_effects_run_id(void)
{
	return respond_effects_next_id("run_id_seq");
}

void
respond_effects_run(const FlowRun *run, const RunRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(respond_effects_context());
	BufferedRun *buffered = palloc0(sizeof(BufferedRun));

	buffered->values[RUN_ID] = Int64GetDatum(run->run_id);
	respond_row_set_text(buffered->values, buffered->nulls, RUN_RULE, run->rule);
	buffered->values[RUN_RULE_VERSION] = Int32GetDatum(run->rule_version);
	buffered->nulls[RUN_EVENT_ID] = run->event == NULL;
	if (run->event != NULL)
		buffered->values[RUN_EVENT_ID] = Int64GetDatum(run->event->id);
	respond_row_set_text(buffered->values, buffered->nulls, RUN_STATUS, row->status);
	respond_row_set_text(buffered->values, buffered->nulls, RUN_STEP, row->step);
	buffered->values[RUN_STATE] = row->shown_state == NULL ? respond_private_jsonb(row->state, NULL, run->owner) :
		respond_private_jsonb(row->shown_state, row->state, run->owner);
	buffered->nulls[RUN_ERROR] = row->error == NULL;
	if (row->error != NULL)
		buffered->values[RUN_ERROR] = row->shown_error == NULL ? respond_private_text(row->error, NULL, run->owner) :
			respond_private_text(row->shown_error, row->error, run->owner);
	buffered->values[RUN_REPLAY] = BoolGetDatum(run->replay);
	buffered->values[RUN_STARTED_AT] = TimestampTzGetDatum(row->started_at);
	buffered->values[RUN_FINISHED_AT] = TimestampTzGetDatum(row->finished_at);
	buffered->nulls[RUN_RESUME_AT] = true;
	runs = lappend(runs, buffered);
	respond_rule_stats_count(run->rule, row->status);
	MemoryContextSwitchTo(caller);
}

void
respond_runs_forget(void)
{
	runs = NIL;
}

void
respond_runs_flush(void)
{
	PartitionWriter *writer;
	ListCell   *cell;

	if (runs == NIL)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond", "run"), &respond_shape_run);
	foreach(cell, runs)
	{
		BufferedRun *buffered = lfirst(cell);

		respond_partition_writer_add(writer, DatumGetTimestampTz(buffered->values[RUN_STARTED_AT]),
									 buffered->values, buffered->nulls);
	}
	respond_partition_writer_close(writer);
	written += list_length(runs);
}

int64
respond_runs_take_count(void)
{
	int64		count = written;

	written = 0;
	return count;
}
