/*-------------------------------------------------------------------------
 * requeue.c
 *	  Events that are handled outside of the order of the log.
 *
 * Replays, rules started by hand, and what a restored copy had left.  They are
 * few, so their rows are deleted in the batch that handles them.
 *
 * src/dispatcher/requeue.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/pg_compat.h"
#include "common/shape.h"
#include "common/errors.h"
#include "common/life.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "dispatcher/reader.h"
#include "dispatcher/requeue.h"

enum
{
	REQUEUE_ID,
	REQUEUE_EVENT_ID,
	REQUEUE_RECORDED_AT,
	REQUEUE_RULE,
	REQUEUE_FORCED,
	REQUEUE_REPLAY,
	REQUEUE_RUN_ID,
	REQUEUE_RULE_OWNER,
	REQUEUE_INCARNATION,
	REQUEUE_COLUMNS
};

static const ShapeColumn requeue_columns[] = {
	{"id", INT8OID},
	{"event_id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
	{"rule", TEXTOID},
	{"forced", BOOLOID},
	{"replay", BOOLOID},
	{"run_id", INT8OID},
	{"rule_owner", OIDOID},
	{"incarnation", INT8OID},
};

StaticAssertDecl(lengthof(requeue_columns) == REQUEUE_COLUMNS, "each column of the requeue has its type");

const Shape respond_shape_requeue = SHAPE("respond_internal.requeue", requeue_columns);

static Event *
requeued_event(const Datum *values, const bool *nulls)
{
	Event	   *event;

	event = respond_reader_fetch_id(DatumGetInt64(values[REQUEUE_EVENT_ID]));
	if (event == NULL)
		return NULL;
	if (!nulls[REQUEUE_RULE])
		event->only_rule = TextDatumGetCString(values[REQUEUE_RULE]);
	event->forced = DatumGetBool(values[REQUEUE_FORCED]);
	event->replay = DatumGetBool(values[REQUEUE_REPLAY]);
	if (!nulls[REQUEUE_RUN_ID])
		event->run_id = DatumGetInt64(values[REQUEUE_RUN_ID]);
	event->only_owner = nulls[REQUEUE_RULE_OWNER] ? InvalidOid : DatumGetObjectId(values[REQUEUE_RULE_OWNER]);
	return event;
}

/*
 * Deleted rows stay in the index until vacuum, which an old snapshot keeps from
 * it, so nobody may begin at the first row each time.  Numbers are not committed
 * in their order, though.  So a pass over all rows is made now and then, if there
 * was a commit since the last one, and in between only what is behind the last
 * row is looked at.
 */
static struct
{
	bool		empty;			/* the table has no pages */
	bool		passing;		/* a pass over all rows is not at its end */
	int64		position;		/* last row that was looked at */
	uint64		wakes;			/* commits that the last pass knew of */
	TimestampTz next_pass;
}			reading = {true, true};

#define PASS_INTERVAL_MS	500
#define PASS_SHARE			20	/* of the time, as a divisor, that goes into passes */

static void
begin_pass(uint64 wakes)
{
	reading.passing = true;
	reading.position = 0;
	reading.wakes = wakes;
	reading.next_pass = GetCurrentTimestamp();
}

static void
end_pass(void)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		took = TimestampDifferenceMilliseconds(reading.next_pass, now);

	reading.passing = false;
	reading.next_pass = TimestampTzPlusMilliseconds(now, PASS_INTERVAL_MS + took * PASS_SHARE);
}

void
respond_requeue_forget(void)
{
	reading.passing = true;
	reading.position = 0;
}

long
respond_requeue_due(uint64 wakes)
{
	if (reading.empty || reading.passing || reading.wakes == wakes)
		return -1;
	return Max(1, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), reading.next_pass));
}

/* By its columns: REINDEX CONCURRENTLY and people give other names. */
static Relation
open_index(Relation requeue)
{
	Oid			index = respond_partition_index(requeue, "id", NULL, NULL);

	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"%s\" has no index on column \"id\"", "respond_internal.requeue"),
				 errhint("CREATE INDEX requeue_id_idx ON respond_internal.requeue (id)")));
	return index_open(index, AccessShareLock);
}

List *
respond_requeue_take(int limit, uint64 wakes)
{
	Relation	requeue = respond_shape_open_heap(respond_relation_oid("respond_internal", "requeue"),
												  RowExclusiveLock);
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData key;
	TupleTableSlot *slot;
	List	   *events = NIL;
	int64		bytes = 0;
	bool		more = true;

	Assert(ActiveSnapshotSet());
	/* nearly always: nothing was ever requeued, or vacuum has emptied the table */
	reading.empty = RelationGetNumberOfBlocks(requeue) == 0;
	if (reading.empty)
	{
		table_close(requeue, RowExclusiveLock);
		return NIL;
	}
	index = open_index(requeue);
	slot = table_slot_create(requeue, NULL);
	if (reading.passing ? reading.position == 0 :
		reading.wakes != wakes && GetCurrentTimestamp() >= reading.next_pass)
		begin_pass(wakes);
	ScanKeyInit(&key, 1, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(reading.position));
	scan = respond_index_beginscan(requeue, index, GetActiveSnapshot(), 1);
	index_rescan(scan, &key, 1, NULL, 0);
	while (more && list_length(events) < limit && bytes < RESPOND_BATCH_BYTES)
	{
		Datum		values[REQUEUE_COLUMNS];
		bool		nulls[REQUEUE_COLUMNS];
		Event	   *event;

		CHECK_FOR_INTERRUPTS();
		more = index_getnext_slot(scan, ForwardScanDirection, slot);
		if (!more)
			break;
		respond_shape_read(&respond_shape_requeue, slot, values, nulls);
		reading.position = DatumGetInt64(values[REQUEUE_ID]);
		/* from elsewhere, perhaps before its event: release() will make it ours */
		if (DatumGetInt64(values[REQUEUE_INCARNATION]) != respond_life_incarnation())
			continue;
		event = requeued_event(values, nulls);
		if (event != NULL)
		{
			events = lappend(events, event);
			bytes += event->data != NULL ? event->data_size : 0;
		}
		simple_heap_delete(requeue, &slot->tts_tid);
	}
	if (!more && reading.passing)
		end_pass();
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(requeue, NoLock);
	return events;
}
