/*-------------------------------------------------------------------------
 * reader.c
 *	  Fetching events by their place or their id.
 *
 * src/dispatcher/reader.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/life.h"
#include "common/partition_read.h"
#include "common/pg_compat.h"
#include "dispatcher/reader.h"
#include "event/log_access.h"

/* A partition that events were fetched from in this transaction. */
typedef struct OpenPartition
{
	Oid			oid;
	Relation	relation;		/* NULL: it was dropped */
	LogColumns	columns;
	TupleTableSlot *slot;
	IndexFetchTableData *fetch;
	BlockNumber blocks;			/* that the file has; it cannot shrink while we have it locked */
	struct OpenPartition *next;
} OpenPartition;

static OpenPartition *open_partitions = NULL;

static OpenPartition *
open_partition(Oid oid)
{
	OpenPartition *open;
	MemoryContext caller;

	for (open = open_partitions; open != NULL; open = open->next)
	{
		if (open->oid == oid)
			return open;
	}
	caller = MemoryContextSwitchTo(TopTransactionContext);
	open = palloc0(sizeof(OpenPartition));
	open->oid = oid;
	open->relation = respond_log_open(oid);
	if (open->relation != NULL)
	{
		respond_log_columns(open->relation, &open->columns);
		open->slot = table_slot_create(open->relation, NULL);
		open->fetch = table_index_fetch_begin(open->relation);
		open->blocks = RelationGetNumberOfBlocks(open->relation);
	}
	open->next = open_partitions;
	open_partitions = open;
	MemoryContextSwitchTo(caller);
	return open;
}

void
respond_reader_release(void)
{
	for (OpenPartition *open = open_partitions; open != NULL; open = open->next)
	{
		if (open->relation == NULL)
			continue;
		table_index_fetch_end(open->fetch);
		ExecDropSingleTupleTableSlot(open->slot);
		relation_close(open->relation, NoLock);
	}
	open_partitions = NULL;
}

void
respond_reader_forget(void)
{
	open_partitions = NULL;
}

static Event *
find_by_index(Relation partition, Oid index_oid, const LogColumns *columns, int64 id, TupleTableSlot *slot)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	IndexScanDesc scan;
	ScanKeyData key;
	Event	   *event = NULL;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = respond_index_beginscan(partition, index, GetActiveSnapshot(), 1);
	index_rescan(scan, &key, 1, NULL, 0);
	if (index_getnext_slot(scan, ForwardScanDirection, slot))
		event = respond_log_event(columns, slot);
	index_endscan(scan);
	index_close(index, AccessShareLock);
	return event;
}

/* In a partition that somebody attached without the index. */
static Event *
find_by_reading(Relation partition, const LogColumns *columns, int64 id, TupleTableSlot *slot)
{
	ScanKeyData key;
	TableScanDesc scan;
	Event	   *event = NULL;

	ScanKeyInit(&key, columns->numbers[LOG_ID], BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = table_beginscan(partition, GetActiveSnapshot(), 1, &key);
	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		event = respond_log_event(columns, slot);
	table_endscan(scan);
	return event;
}

static Event *
fetch_id_from(Oid oid, int64 id)
{
	Relation	partition = respond_log_open(oid);
	TupleTableSlot *slot;
	LogColumns	columns;
	Oid			index;
	Event	   *event;

	if (partition == NULL)
		return NULL;
	slot = table_slot_create(partition, NULL);
	respond_log_columns(partition, &columns);
	index = respond_partition_index(partition, "id", NULL, NULL);
	event = OidIsValid(index) ? find_by_index(partition, index, &columns, id, slot)
		: find_by_reading(partition, &columns, id, slot);
	ExecDropSingleTupleTableSlot(slot);
	relation_close(partition, NoLock);
	return event;
}

/* An event from elsewhere is found where no index tells it from our own. */
static bool
is_meant(const Event *event, const Window *window, const WindowEntry *entry)
{
	return event->id == entry->id && U64FromFullTransactionId(event->xid) == entry->xid &&
		event->incarnation == window->incarnation;
}

static bool
is_wanted(const OpenPartition *open, TypeWanted wanted, void *state)
{
	char	   *type;
	bool		result;

	if (wanted == NULL)
		return true;
	type = respond_log_type(&open->columns, open->slot);
	result = wanted(state, type);
	pfree(type);
	return result;
}

/* Whether the event is at the entry's place; then *event is it, or NULL when its type is not wanted. */
static bool
fetch_place(const Window *window, const WindowEntry *entry, TypeWanted wanted, void *state, Event **event)
{
	OpenPartition *open = open_partition(entry->partition);
	ItemPointerData place = entry->place;
	bool		call_again = false;
	bool		found;

	/* a place beyond the end of the file is of before the table was rewritten */
	if (open->relation == NULL || ItemPointerGetBlockNumber(&place) >= open->blocks)
		return false;
	/* the place of a rolled-back row, or of one before a rewrite, may be another event's */
	found = table_index_fetch_tuple(open->fetch, &place, GetActiveSnapshot(), open->slot, &call_again, NULL) &&
		respond_log_is(&open->columns, open->slot, entry->id, entry->xid, window->incarnation);
	if (found)
		*event = is_wanted(open, wanted, state) ? respond_log_event(&open->columns, open->slot) : NULL;
	ExecClearTuple(open->slot);
	return found;
}

Event *
respond_reader_fetch_id(int64 id)
{
	List	   *partitions = respond_log_partitions();
	Event	   *event = NULL;

	/* new partitions come last, and ids that are asked for are mostly new */
	for (int i = list_length(partitions) - 1; i >= 0 && event == NULL; i--)
	{
		CHECK_FOR_INTERRUPTS();
		event = fetch_id_from(list_nth_oid(partitions, i), id);
	}
	list_free(partitions);
	return event;
}

/*
 * Between two batches VACUUM FULL, CLUSTER and their like may have written the
 * partition anew, and rows may have been moved to another one: what is not at its
 * place then is looked for by its number.  Otherwise it was rolled back.
 */
Event *
respond_reader_fetch_wanted(const Window *window, const WindowEntry *entry, TypeWanted wanted, void *state)
{
	Event	   *event;

	if (fetch_place(window, entry, wanted, state, &event))
		return event;
	if (window->changes == respond_log_changes())
		return NULL;
	event = fetch_id_from(entry->partition, entry->id);
	if (event == NULL)
		event = respond_reader_fetch_id(entry->id);
	if (event == NULL || !is_meant(event, window, entry) || (wanted != NULL && !wanted(state, event->type)))
		return NULL;
	return event;
}

Event *
respond_reader_fetch(const Window *window, const WindowEntry *entry)
{
	return respond_reader_fetch_wanted(window, entry, NULL, NULL);
}

Event *
respond_reader_fetch_alone(int64 id)
{
	Event	   *event;

	PG_TRY();
	{
		event = respond_reader_fetch_id(id);
		respond_reader_release();
	}
	PG_CATCH();
	{
		respond_reader_forget();
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (event == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("event " INT64_FORMAT " does not exist", id),
				 errhint("Events are dropped with their partition, see \"%s\".", "pg_respond.event_retention")));
	return event;
}
