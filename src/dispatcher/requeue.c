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

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "dispatcher/dispatcher.h"

enum
{
	REQUEUE_ID = 1,
	REQUEUE_EVENT_ID,
	REQUEUE_RECORDED_AT,
	REQUEUE_RULE,
	REQUEUE_FORCED,
	REQUEUE_REPLAY,
	REQUEUE_RUN_ID
};

static Event *
requeued_event(TupleTableSlot *slot)
{
	Event	   *event;

	slot_getallattrs(slot);
	event = respond_reader_fetch_id(DatumGetInt64(slot->tts_values[REQUEUE_EVENT_ID - 1]));
	if (event == NULL)
		return NULL;
	if (!slot->tts_isnull[REQUEUE_RULE - 1])
		event->only_rule = TextDatumGetCString(slot->tts_values[REQUEUE_RULE - 1]);
	event->forced = DatumGetBool(slot->tts_values[REQUEUE_FORCED - 1]);
	event->replay = DatumGetBool(slot->tts_values[REQUEUE_REPLAY - 1]);
	if (!slot->tts_isnull[REQUEUE_RUN_ID - 1])
		event->run_id = DatumGetInt64(slot->tts_values[REQUEUE_RUN_ID - 1]);
	return event;
}

List *
respond_requeue_take(int limit)
{
	Oid			schema = get_namespace_oid("respond_internal", false);
	Relation	requeue = table_open(get_relname_relid("requeue", schema), RowExclusiveLock);
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	List	   *events = NIL;
	int64		bytes = 0;

	/* nearly always: nothing was ever requeued, or vacuum has emptied the table */
	if (RelationGetNumberOfBlocks(requeue) == 0)
	{
		table_close(requeue, RowExclusiveLock);
		return NIL;
	}
	index = index_open(get_relname_relid("requeue_id_idx", schema), AccessShareLock);
	slot = table_slot_create(requeue, NULL);
	scan = index_beginscan(requeue, index, GetActiveSnapshot(), 0, 0);
	index_rescan(scan, NULL, 0, NULL, 0);
	while (list_length(events) < limit && bytes < RESPOND_BATCH_BYTES && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		Event	   *event = requeued_event(slot);

		CHECK_FOR_INTERRUPTS();
		if (event != NULL)
		{
			events = lappend(events, event);
			bytes += event->data != NULL ? event->data_size : 0;
		}
		simple_heap_delete(requeue, &slot->tts_tid);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(requeue, NoLock);
	return events;
}
