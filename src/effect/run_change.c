/*-------------------------------------------------------------------------
 * run_change.c
 *	  Changing the row of a run.
 *
 * src/effect/run_change.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/partition_write.h"
#include "common/private_value.h"
#include "common/row_values.h"
#include "effect/run_change.h"

void
respond_run_change_text(RunChange *change, int column, const char *text)
{
	change->replaced[column] = true;
	respond_row_set_text(change->values, change->nulls, column, text);
}

void
respond_run_change_time(RunChange *change, int column, TimestampTz time)
{
	change->replaced[column] = true;
	change->nulls[column] = TIMESTAMP_NOT_FINITE(time);
	change->values[column] = TimestampTzGetDatum(time);
}

void
respond_run_change_nothing(RunChange *change, int column)
{
	change->replaced[column] = true;
	change->nulls[column] = true;
}

void
respond_run_change_version(RunChange *change, int32 version)
{
	change->replaced[RUN_RULE_VERSION] = true;
	change->values[RUN_RULE_VERSION] = Int32GetDatum(version);
}

void
respond_run_change_error(RunChange *change, const char *error)
{
	change->replaced[RUN_ERROR] = true;
	change->nulls[RUN_ERROR] = error == NULL;
	if (error != NULL)
		change->values[RUN_ERROR] = respond_private_text(error, NULL, InvalidOid);
}

void
respond_run_change_saved(RunChange *change, Jsonb *saved, Oid owner)
{
	change->replaced[RUN_SAVED] = true;
	change->nulls[RUN_SAVED] = saved == NULL;
	if (saved != NULL)
		change->values[RUN_SAVED] = respond_private_jsonb(respond_jsonb_empty_object(), saved, owner);
}

static void
refuse(int64 run_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("run " INT64_FORMAT " is being changed by another session", run_id)));
}

void
respond_run_lock(int64 run_id, const RunPlace *place)
{
	Relation	partition = table_open(place->partition, RowShareLock);
	TupleTableSlot *slot = table_slot_create(partition, NULL);
	ItemPointerData tid = place->tid;
	TM_FailureData failure;
	TM_Result	result = table_tuple_lock(partition, &tid, GetActiveSnapshot(), slot, GetCurrentCommandId(true),
										  LockTupleShare, LockWaitSkip, 0, &failure);

	ExecDropSingleTupleTableSlot(slot);
	table_close(partition, NoLock);
	if (result != TM_Ok)
		refuse(run_id);
}

void
respond_run_changes_begin(void)
{
	/* rows may be of this transaction */
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
}

void
respond_run_change_with(PartitionWriter *writer, int64 run_id, TimestampTz started_at, const RunPlace *place,
						const RunChange *change)
{
	RowUpdate	update = {started_at, place->partition, place->tid, RUN_ID, run_id,
	RUN_STATUS, place->status, change->values, change->nulls, change->replaced, change->held};

	/* a row that was found under the same snapshot is locked, or was changed since */
	if (respond_partition_writer_update(writer, &update) != ROW_UPDATED)
		refuse(run_id);
}

void
respond_run_changes_end(void)
{
	PopActiveSnapshot();
}

void
respond_run_change(int64 run_id, TimestampTz started_at, const RunPlace *place, const RunChange *change)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond", "run"), &respond_shape_run);

	respond_run_changes_begin();
	respond_run_change_with(writer, run_id, started_at, place, change);
	respond_run_changes_end();
	respond_partition_writer_close(writer);
}
