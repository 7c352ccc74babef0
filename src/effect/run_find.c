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

#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/private_value.h"
#include "common/row_values.h"
#include "effect/run_find.h"

static bool
is_under_way(const char *status)
{
	return strcmp(status, "waiting") == 0 || strcmp(status, "running") == 0;
}

static RunUnderWay *
read_row(TupleTableSlot *slot, Oid partition)
{
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	char	   *status = respond_row_text(values, nulls, RUN_STATUS);
	RunUnderWay *run;

	if (!is_under_way(status) || nulls[RUN_SAVED])
		return NULL;
	run = palloc0(sizeof(RunUnderWay));
	run->id = DatumGetInt64(values[RUN_ID]);
	run->started_at = DatumGetTimestampTz(values[RUN_STARTED_AT]);
	run->rule = respond_row_text(values, nulls, RUN_RULE);
	run->rule_version = DatumGetInt32(values[RUN_RULE_VERSION]);
	run->parent_id = nulls[RUN_PARENT_ID] ? 0 : DatumGetInt64(values[RUN_PARENT_ID]);
	run->paused = !nulls[RUN_PAUSED_AT];
	run->saved = respond_private_jsonb_full(values[RUN_SAVED]);
	run->place.partition = partition;
	run->place.tid = slot->tts_tid;
	run->place.status = status;
	return run;
}

RunUnderWay *
respond_run_find(int64 id, TimestampTz started_at)
{
	RowLookup  *lookup;
	TupleTableSlot *slot;
	RunUnderWay *run = NULL;

	/* what this transaction did counts */
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
