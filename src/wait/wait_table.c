/*-------------------------------------------------------------------------
 * wait_table.c
 *	  Rows of the tables of waits, found by an index and deleted without a plan.
 *
 * A million runs may wait, or none: a plan that was made for the one is wrong for
 * the other.
 *
 * src/wait/wait_table.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "common/errors.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/shape.h"
#include "wait/wait_table.h"

/* By its columns: REINDEX CONCURRENTLY and people give other names. */
static Relation
open_index(Relation table, const char *const columns[3])
{
	Oid			index = respond_partition_index(table, columns[0], columns[1], columns[2]);

	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"respond_internal.%s\" has no index on (%s%s%s%s%s)", RelationGetRelationName(table),
						columns[0], columns[1] != NULL ? ", " : "", columns[1] != NULL ? columns[1] : "",
						columns[2] != NULL ? ", " : "", columns[2] != NULL ? columns[2] : ""),
				 errhint("Create it with CREATE INDEX.")));
	return index_open(index, AccessShareLock);
}

static void
begin_scan(WaitScan *scan, const char *table, LOCKMODE lock, Snapshot snapshot, const char *const columns[3],
		   ScanKey keys, int key_count)
{
	memset(scan, 0, sizeof(*scan));
	scan->table = respond_shape_open_heap(respond_relation_oid("respond_internal", table), lock);
	if (RelationGetNumberOfBlocks(scan->table) == 0)
		return;
	scan->index = open_index(scan->table, columns);
	scan->slot = table_slot_create(scan->table, NULL);
	scan->scan = respond_index_beginscan(scan->table, scan->index, snapshot, key_count);
	index_rescan(scan->scan, keys, key_count, NULL, 0);
}

static void
set_keys(ScanKey keys, const int64 *values, int value_count)
{
	for (int i = 0; i < value_count; i++)
		ScanKeyInit(&keys[i], i + 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(values[i]));
}

void
respond_wait_scan_begin(WaitScan *scan, const char *table, LOCKMODE lock, Snapshot snapshot,
						const char *const columns[3], const int64 *values, int value_count)
{
	ScanKeyData keys[3];

	set_keys(keys, values, value_count);
	begin_scan(scan, table, lock, snapshot, columns, keys, value_count);
}

void
respond_wait_scan_begin_after(WaitScan *scan, const char *table, LOCKMODE lock, Snapshot snapshot,
							  const char *const columns[3], const int64 *values, int value_count, int64 after)
{
	ScanKeyData keys[3];

	set_keys(keys, values, value_count);
	ScanKeyInit(&keys[value_count], value_count + 1, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after));
	begin_scan(scan, table, lock, snapshot, columns, keys, value_count + 1);
}

bool
respond_wait_scan_next(WaitScan *scan)
{
	CHECK_FOR_INTERRUPTS();
	return scan->index != NULL && index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot);
}

bool
respond_wait_scan_delete(WaitScan *scan, Snapshot snapshot)
{
	TM_FailureData failure;
	TM_Result	result = table_tuple_delete(scan->table, &scan->slot->tts_tid, GetCurrentCommandId(true), snapshot,
											InvalidSnapshot, true, &failure, false);

	return result == TM_Ok;
}

void
respond_wait_scan_end(WaitScan *scan)
{
	if (scan->index != NULL)
	{
		index_endscan(scan->scan);
		ExecDropSingleTupleTableSlot(scan->slot);
		index_close(scan->index, AccessShareLock);
	}
	table_close(scan->table, NoLock);
}
