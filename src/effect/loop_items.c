/*-------------------------------------------------------------------------
 * loop_items.c
 *	  What a run has still to go through, kept in pieces beside it.
 *
 * src/effect/loop_items.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/private_value.h"
#include "effect/loop_items.h"
#include "wait/wait_table.h"

enum
{
	ITEMS_RUN_ID, ITEMS_LOOP, ITEMS_FIRST, ITEMS_ITEMS,
	ITEMS_COLUMNS
};

static const ShapeColumn items_columns[] = {
	{"run_id", INT8OID},
	{"loop", INT8OID},
	{"first", INT8OID},
	{"items", InvalidOid, "private_jsonb"},
};

StaticAssertDecl(lengthof(items_columns) == ITEMS_COLUMNS, "each column of loop_items has its type");

const Shape respond_shape_loop_items = SHAPE("respond_internal.loop_items", items_columns);

static const char *const index_columns[3] = {"run_id", "loop", "first"};

void
respond_loop_items_put(int64 run_id, Oid owner, int64 loop, int64 first, Jsonb *items)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "loop_items"),
															&respond_shape_loop_items);
	Datum		values[ITEMS_COLUMNS] = {Int64GetDatum(run_id), Int64GetDatum(loop), Int64GetDatum(first),
	respond_private_jsonb(respond_jsonb_empty_object(), items, owner)};
	bool		nulls[ITEMS_COLUMNS] = {0};

	respond_partition_writer_add(writer, 0, values, nulls);
	respond_partition_writer_close(writer);
}

/* What this transaction did counts. */
static Snapshot
push_snapshot(void)
{
	CommandCounterIncrement();
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	return GetActiveSnapshot();
}

Jsonb *
respond_loop_items_get(int64 run_id, int64 loop, int64 number, int64 *first)
{
	int64		key[2] = {run_id, loop};
	Snapshot	snapshot = push_snapshot();
	Jsonb	   *items = NULL;
	WaitScan	scan;

	respond_wait_scan_begin(&scan, "loop_items", RowExclusiveLock, snapshot, index_columns, key, lengthof(key));
	while (items == NULL && respond_wait_scan_next(&scan))
	{
		Datum		values[ITEMS_COLUMNS];
		bool		nulls[ITEMS_COLUMNS];

		respond_shape_read(&respond_shape_loop_items, scan.slot, values, nulls);
		*first = DatumGetInt64(values[ITEMS_FIRST]);
		items = respond_private_jsonb_full(values[ITEMS_ITEMS]);
		if (*first + JB_ROOT_COUNT(items) > number)
			break;
		items = NULL;
		(void) respond_wait_scan_delete(&scan, snapshot);
	}
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
	if (items == NULL || *first > number)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RUN),
				 errmsg("the items of run " INT64_FORMAT " from number " INT64_FORMAT " on are gone", run_id, number)));
	return items;
}

void
respond_loop_items_forget(int64 run_id, int64 loop)
{
	int64		key[2] = {run_id, loop};
	Snapshot	snapshot;
	WaitScan	scan;

	/* each run that ends comes here */
	if (respond_table_is_empty(respond_relation_oid("respond_internal", "loop_items")))
		return;
	snapshot = push_snapshot();
	respond_wait_scan_begin(&scan, "loop_items", RowExclusiveLock, snapshot, index_columns, key, loop < 0 ? 1 : 2);
	while (respond_wait_scan_next(&scan))
		(void) respond_wait_scan_delete(&scan, snapshot);
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
}
