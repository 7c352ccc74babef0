/*-------------------------------------------------------------------------
 * queue_reader.c
 *	  Taking rows from a table that is a queue.
 *
 * Deleted rows stay in the index until vacuum, which an old snapshot keeps from
 * it, so nobody may begin at the first row each time.  Numbers are not committed
 * in their order, though.  So a pass over all rows is made now and then, if there
 * was a commit since the last one, and in between only what is behind the last
 * row is looked at.
 *
 * src/dispatcher/queue_reader.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/life.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "dispatcher/queue_reader.h"

#define PASS_INTERVAL_MS	500
#define PASS_SHARE			20	/* of the time, as a divisor, that goes into passes */

static void
begin_pass(QueueReader *reader, uint64 wakes)
{
	reader->passing = true;
	reader->position = 0;
	reader->wakes = wakes;
	reader->next_pass = GetCurrentTimestamp();
}

static void
end_pass(QueueReader *reader)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		took = TimestampDifferenceMilliseconds(reader->next_pass, now);

	reader->passing = false;
	reader->next_pass = TimestampTzPlusMilliseconds(now, PASS_INTERVAL_MS + took * PASS_SHARE);
}

void
respond_queue_forget(QueueReader *reader)
{
	reader->passing = true;
	reader->position = 0;
}

long
respond_queue_due(const QueueReader *reader, uint64 wakes)
{
	if (reader->empty || reader->passing || reader->wakes == wakes)
		return -1;
	return Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), reader->next_pass));
}

/* By its columns: REINDEX CONCURRENTLY and people give other names. */
static Relation
open_index(const QueueReader *reader, Relation queue)
{
	Oid			index = respond_partition_index(queue, "id", NULL, NULL);

	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"respond_internal.%s\" has no index on column \"id\"", reader->table),
				 errhint("CREATE INDEX %s_id_idx ON respond_internal.%s (id)", reader->table, reader->table)));
	return index_open(index, AccessShareLock);
}

/* Takes what the scan finds; true when it came to the end.  The next look begins at the first row that is left. */
static bool
take_rows(QueueReader *reader, Relation queue, IndexScanDesc scan, QueueRow row, void *context)
{
	TupleTableSlot *slot = table_slot_create(queue, NULL);
	Datum	   *values = palloc(sizeof(Datum) * reader->shape->count);
	bool	   *nulls = palloc(sizeof(bool) * reader->shape->count);
	QueueAnswer answer = QUEUE_MORE;
	int64		left = 0;
	bool		ended = false;

	while ((answer == QUEUE_MORE || answer == QUEUE_LEAVE) && !ended)
	{
		CHECK_FOR_INTERRUPTS();
		ended = !index_getnext_slot(scan, ForwardScanDirection, slot);
		if (ended)
			break;
		respond_shape_read(reader->shape, slot, values, nulls);
		reader->position = DatumGetInt64(values[reader->id_column]);
		/* from elsewhere, perhaps before what it is about: release() will make it ours */
		if (DatumGetInt64(values[reader->incarnation_column]) != respond_life_incarnation())
			continue;
		answer = row(context, values, nulls);
		if (answer == QUEUE_MORE || answer == QUEUE_ENOUGH)
			simple_heap_delete(queue, &slot->tts_tid);
		else if (left == 0)
			left = reader->position;
	}
	if (left != 0)
		reader->position = left - 1;
	ExecDropSingleTupleTableSlot(slot);
	return ended;
}

void
respond_queue_take(QueueReader *reader, uint64 wakes, QueueRow row, void *context)
{
	Relation	queue = respond_shape_open_heap(respond_relation_oid("respond_internal", reader->table),
												RowExclusiveLock);
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData key;

	Assert(ActiveSnapshotSet());
	/* nearly always: nothing was ever put in, or vacuum has emptied the table */
	reader->empty = RelationGetNumberOfBlocks(queue) == 0;
	if (reader->empty)
	{
		table_close(queue, RowExclusiveLock);
		return;
	}
	index = open_index(reader, queue);
	if (reader->passing ? reader->position == 0 :
		reader->wakes != wakes && GetCurrentTimestamp() >= reader->next_pass)
		begin_pass(reader, wakes);
	ScanKeyInit(&key, 1, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(reader->position));
	scan = respond_index_beginscan(queue, index, GetActiveSnapshot(), 1);
	index_rescan(scan, &key, 1, NULL, 0);
	if (take_rows(reader, queue, scan, row, context) && reader->passing)
		end_pass(reader);
	index_endscan(scan);
	index_close(index, AccessShareLock);
	table_close(queue, NoLock);
}
