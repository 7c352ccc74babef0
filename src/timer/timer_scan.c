/*-------------------------------------------------------------------------
 * timer_scan.c
 *	  Reading timers through their index, entry by entry.
 *
 * Entries of rows that are gone stay in the index until vacuum, which an old
 * snapshot keeps from it.  A usual scan reads over all of them before it
 * returns; this one gives each to the caller, who can stop and go on there
 * another time.
 *
 * src/timer/timer_scan.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/life.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "timer/timer_columns.h"
#include "timer/timer_scan.h"

/* Columns of the index, from 1. */
enum
{
	KEY_INCARNATION = 1,
	KEY_READER,
	KEY_DUE_AT,
	KEY_ID
};

/* By its columns: REINDEX CONCURRENTLY and people give other names. */
static Relation
open_index(Relation table)
{
	Oid			oid = respond_partition_index(table, "incarnation", "reader", "due_at");
	Relation	index = OidIsValid(oid) ? index_open(oid, AccessShareLock) : NULL;

	if (index == NULL || index->rd_index->indnkeyatts < KEY_ID ||
		index->rd_index->indkey.values[KEY_ID - 1] != get_attnum(RelationGetRelid(table), "id"))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"%s\" has no index on columns \"%s\"", "respond_internal.timer",
						"incarnation, reader, due_at, id"),
				 errhint("ALTER TABLE respond_internal.timer ADD PRIMARY KEY (incarnation, reader, due_at, id)")));
	return index;
}

void
respond_timer_scan_prepare(void)
{
	CommandCounterIncrement();
}

bool
respond_timer_scan_open(TimerScan *scan, Snapshot snapshot)
{
	memset(scan, 0, sizeof(TimerScan));
	scan->table = respond_shape_open_heap(respond_relation_oid("respond_internal", "timer"), RowExclusiveLock);
	if (RelationGetNumberOfBlocks(scan->table) == 0)
	{
		table_close(scan->table, NoLock);
		return false;
	}
	scan->index = open_index(scan->table);
	scan->snapshot = snapshot;
	scan->slot = table_slot_create(scan->table, NULL);
	return true;
}

void
respond_timer_scan_close(TimerScan *scan)
{
	if (scan->scan != NULL)
		index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	index_close(scan->index, NoLock);
	table_close(scan->table, NoLock);
}

/* (due_at, id) >= (...), as the executor would give it to the index. */
static void
set_position(TimerScan *scan, TimerKey from)
{
	ScanKeyData *header = &scan->keys[2];

	ScanKeyEntryInitialize(&scan->position[0], SK_ROW_MEMBER, KEY_DUE_AT, BTGreaterEqualStrategyNumber,
						   InvalidOid, InvalidOid, F_TIMESTAMPTZ_CMP, TimestampTzGetDatum(from.due_at));
	ScanKeyEntryInitialize(&scan->position[1], SK_ROW_MEMBER | SK_ROW_END, KEY_ID, BTGreaterEqualStrategyNumber,
						   InvalidOid, InvalidOid, F_BTINT8CMP, Int64GetDatum(from.id));
	memset(header, 0, sizeof(ScanKeyData));
	header->sk_flags = SK_ROW_HEADER;
	header->sk_attno = KEY_DUE_AT;
	header->sk_strategy = BTGreaterEqualStrategyNumber;
	header->sk_argument = PointerGetDatum(scan->position);
}

static void
begin(TimerScan *scan, TimerReader reader, int key_count)
{
	if (scan->scan == NULL)
	{
		scan->scan = respond_index_beginscan(scan->table, scan->index, scan->snapshot, key_count);
		scan->scan->xs_want_itup = true;
		scan->key_count = key_count;
	}
	Assert(scan->key_count == key_count);
	ScanKeyInit(&scan->keys[0], KEY_INCARNATION, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(respond_life_incarnation()));
	ScanKeyInit(&scan->keys[1], KEY_READER, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum((int16) reader));
}

void
respond_timer_scan_seek(TimerScan *scan, TimerReader reader, TimerKey from)
{
	begin(scan, reader, 3);
	set_position(scan, from);
	index_rescan(scan->scan, scan->keys, scan->key_count, NULL, 0);
}

void
respond_timer_scan_seek_only(TimerScan *scan, TimerReader reader, TimerKey key)
{
	begin(scan, reader, 4);
	ScanKeyInit(&scan->keys[2], KEY_DUE_AT, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ, TimestampTzGetDatum(key.due_at));
	ScanKeyInit(&scan->keys[3], KEY_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key.id));
	index_rescan(scan->scan, scan->keys, scan->key_count, NULL, 0);
}

bool
respond_timer_scan_entry(TimerScan *scan)
{
	bool		is_null;

	CHECK_FOR_INTERRUPTS();
	ExecClearTuple(scan->slot);
	if (index_getnext_tid(scan->scan, ForwardScanDirection) == NULL)
		return false;
	scan->key.due_at = DatumGetTimestampTz(index_getattr(scan->scan->xs_itup, KEY_DUE_AT, scan->scan->xs_itupdesc,
														 &is_null));
	scan->key.id = DatumGetInt64(index_getattr(scan->scan->xs_itup, KEY_ID, scan->scan->xs_itupdesc, &is_null));
	return true;
}

bool
respond_timer_scan_row(TimerScan *scan)
{
	return index_fetch_heap(scan->scan, scan->slot);
}

bool
respond_timer_scan_delete(TimerScan *scan)
{
	ItemPointerData tid = scan->slot->tts_tid;
	TM_FailureData failure;

	switch (table_tuple_delete(scan->table, &tid, GetCurrentCommandId(true), scan->snapshot, InvalidSnapshot, true,
							   &failure, false))
	{
		case TM_Ok:
			return true;
		case TM_Deleted:
		case TM_Updated:
		case TM_SelfModified:
			return false;
		default:
			elog(ERROR, "timer " INT64_FORMAT " could not be deleted", scan->key.id);
	}
}
