/*-------------------------------------------------------------------------
 * run_find.c
 *	  The row of a run that is under way.
 *
 * src/effect/run_find.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/private_value.h"
#include "common/row_values.h"
#include "effect/run_find.h"
#include "effect/run_write.h"

bool
respond_run_is_under_way(const RunUnderWay *run)
{
	return strcmp(run->place.status, "waiting") == 0 || strcmp(run->place.status, "running") == 0;
}

static int64
read_number(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? 0 : DatumGetInt64(values[column]);
}

static RunUnderWay *
read_row(TupleTableSlot *slot, Oid partition)
{
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	RunUnderWay *run = palloc0(sizeof(RunUnderWay));

	run->id = DatumGetInt64(values[RUN_ID]);
	run->started_at = DatumGetTimestampTz(values[RUN_STARTED_AT]);
	run->rule = respond_row_text(values, nulls, RUN_RULE);
	run->rule_version = DatumGetInt32(values[RUN_RULE_VERSION]);
	run->event_id = read_number(values, nulls, RUN_EVENT_ID);
	run->step = respond_row_text(values, nulls, RUN_STEP);
	run->waits_for = respond_row_text(values, nulls, RUN_WAITS_FOR);
	run->key = respond_row_text(values, nulls, RUN_KEY);
	run->parent_id = read_number(values, nulls, RUN_PARENT_ID);
	run->paused_at = nulls[RUN_PAUSED_AT] ? 0 : DatumGetTimestampTz(values[RUN_PAUSED_AT]);
	if (!nulls[RUN_SAVED])
	{
		run->saved = respond_private_jsonb_full(values[RUN_SAVED]);
		run->owner = respond_private_owner(values[RUN_SAVED]);
	}
	run->place.partition = partition;
	run->place.tid = slot->tts_tid;
	run->place.status = respond_row_text(values, nulls, RUN_STATUS);
	run->cancelled = strcmp(run->place.status, "running") == 0 && !nulls[RUN_ERROR];
	/* somebody removed it: a document that says nothing cannot be resumed either */
	if (run->saved == NULL && respond_run_is_under_way(run))
		run->saved = respond_jsonb_empty_object();
	return run;
}

RunUnderWay *
respond_run_find_any(int64 id, TimestampTz started_at)
{
	RowLookup  *lookup;
	TupleTableSlot *slot;
	RunUnderWay *run = NULL;

	/* what this transaction did counts */
	respond_effects_run_settle(id);
	CommandCounterIncrement();
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	lookup = respond_row_lookup_open(respond_relation_oid("respond", "run"), &respond_shape_run);
	slot = respond_row_lookup(lookup, started_at, id);
	if (slot != NULL)
		run = read_row(slot, respond_row_lookup_partition(lookup));
	respond_row_lookup_close(lookup);
	PopActiveSnapshot();
	return run;
}

RunUnderWay *
respond_run_find(int64 id, TimestampTz started_at)
{
	RunUnderWay *run = respond_run_find_any(id, started_at);

	return run != NULL && respond_run_is_under_way(run) ? run : NULL;
}
