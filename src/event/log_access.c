/*-------------------------------------------------------------------------
 * log_access.c
 *	  The partitions of the event log and their rows, without a plan.
 *
 * A query over the log would cost a plan with a node for each partition at
 * every batch; an index scan on each partition costs a microsecond.
 *
 * src/event/log_access.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/xid8.h"

#include "common/guc.h"
#include "common/relation_change.h"
#include "event/event_columns.h"
#include "event/event_size.h"
#include "event/log_access.h"

static uint64 changes = 0;

static void
count_change(Datum argument, Oid relation)
{
	changes++;
}

uint64
respond_log_changes(void)
{
	static bool registered = false;

	if (!registered)
		respond_relation_on_change(count_change);
	registered = true;
	return changes;
}

static List *
add_leaves(List *leaves, Relation parent)
{
	PartitionDesc description = RelationGetPartitionDesc(parent, true);

	check_stack_depth();
	for (int i = 0; i < description->nparts; i++)
	{
		Relation	part;

		if (description->is_leaf[i])
		{
			leaves = lappend_oid(leaves, description->oids[i]);
			continue;
		}
		part = try_relation_open(description->oids[i], AccessShareLock);
		if (part == NULL)
			continue;
		leaves = add_leaves(leaves, part);
		relation_close(part, AccessShareLock);
	}
	return leaves;
}

List *
respond_log_partitions(void)
{
	Oid			log = get_relname_relid("event", get_namespace_oid("respond", false));
	Relation	parent;
	List	   *partitions;

	if (!OidIsValid(log))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table respond.event is missing")));
	parent = table_open(log, AccessShareLock);
	partitions = add_leaves(NIL, parent);
	table_close(parent, AccessShareLock);
	return partitions;
}

void
respond_log_lock(void)
{
	List	   *partitions = respond_log_partitions();
	ListCell   *cell;

	foreach(cell, partitions)
		LockRelationOid(lfirst_oid(cell), AccessShareLock);
	list_free(partitions);
}

/* The table and all its partitions; false: somebody has a lock that is in the way. */
static bool
try_to_lock(Oid table)
{
	bool		free = ConditionalLockRelationOid(table, AccessShareLock);
	Relation	relation = free ? try_relation_open(table, NoLock) : NULL;
	PartitionDesc description;

	/* one that was dropped by now has nothing to be locked */
	if (relation == NULL)
		return free;
	check_stack_depth();
	description = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? RelationGetPartitionDesc(relation, true) :
		NULL;
	for (int i = 0; free && description != NULL && i < description->nparts; i++)
		free = try_to_lock(description->oids[i]);
	relation_close(relation, NoLock);
	return free;
}

bool
respond_log_try_lock(void)
{
	Oid			log = get_relname_relid("event", get_namespace_oid("respond", false));

	if (!OidIsValid(log))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table respond.event is missing")));
	return try_to_lock(log);
}

/* What lies elsewhere, in a foreign table that somebody attached as a partition, was recorded and handled before. */
Relation
respond_log_open(Oid partition)
{
	Relation	relation = try_relation_open(partition, AccessShareLock);

	if (relation != NULL && !RELKIND_HAS_TABLE_AM(relation->rd_rel->relkind))
	{
		relation_close(relation, NoLock);
		return NULL;
	}
	return relation;
}

static const EventColumn event_columns[LOG_COLUMNS] = {
	[LOG_ID] = EVENT_ID,
	[LOG_XID] = EVENT_XID,
	[LOG_INCARNATION] = EVENT_INCARNATION,
	[LOG_TYPE] = EVENT_TYPE,
	[LOG_SOURCE] = EVENT_SOURCE,
	[LOG_SUBJECT] = EVENT_SUBJECT,
	[LOG_KEY] = EVENT_KEY,
	[LOG_ACTOR] = EVENT_ACTOR,
	[LOG_TIME] = EVENT_TIME,
	[LOG_RECORDED_AT] = EVENT_RECORDED_AT,
	[LOG_CAUSE] = EVENT_CAUSE,
	[LOG_DEPTH] = EVENT_DEPTH,
	[LOG_DATA] = EVENT_DATA
};

/* A partition that somebody attached may have its columns in another order. */
void
respond_log_columns(Relation partition, LogColumns *columns)
{
	for (int i = 0; i < LOG_COLUMNS; i++)
		columns->numbers[i] = respond_shape_place(&respond_shape_event, RelationGetDescr(partition),
												  event_columns[i]) + 1;
}

static Datum
column(const LogColumns *columns, TupleTableSlot *slot, LogColumn which, bool *is_null)
{
	return slot_getattr(slot, columns->numbers[which], is_null);
}

static char *
text_column(const LogColumns *columns, TupleTableSlot *slot, LogColumn which)
{
	bool		is_null;
	Datum		value = column(columns, slot, which, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

bool
respond_log_is(const LogColumns *columns, TupleTableSlot *slot, int64 id, uint64 xid, int64 incarnation)
{
	bool		is_null;

	return DatumGetInt64(column(columns, slot, LOG_ID, &is_null)) == id &&
		U64FromFullTransactionId(DatumGetFullTransactionId(column(columns, slot, LOG_XID, &is_null))) == xid &&
		DatumGetInt64(column(columns, slot, LOG_INCARNATION, &is_null)) == incarnation;
}

char *
respond_log_type(const LogColumns *columns, TupleTableSlot *slot)
{
	return text_column(columns, slot, LOG_TYPE);
}

/*
 * The size is asked of the TOAST pointer or the header, so that what is too
 * large is never read.  What is larger as text is not kept either: a rule's SQL
 * could not even ask for its length.
 */
static void
fill_data(Event *event, const LogColumns *columns, TupleTableSlot *slot)
{
	bool		is_null;
	Datum		value = column(columns, slot, LOG_DATA, &is_null);

	event->data_size = is_null ? 0 : (int64) toast_raw_datum_size(value);
	if (!is_null && event->data_size <= (int64) respond_max_event_size * 1024)
		event->data = (Jsonb *) PG_DETOAST_DATUM_COPY(value);
	respond_event_limit_data(event);
}

Event *
respond_log_event(const LogColumns *columns, TupleTableSlot *slot)
{
	Event	   *event = palloc0(sizeof(Event));
	bool		is_null;

	event->id = DatumGetInt64(column(columns, slot, LOG_ID, &is_null));
	event->xid = DatumGetFullTransactionId(column(columns, slot, LOG_XID, &is_null));
	event->incarnation = DatumGetInt64(column(columns, slot, LOG_INCARNATION, &is_null));
	event->type = text_column(columns, slot, LOG_TYPE);
	event->source = text_column(columns, slot, LOG_SOURCE);
	event->subject = text_column(columns, slot, LOG_SUBJECT);
	event->key = text_column(columns, slot, LOG_KEY);
	event->actor = text_column(columns, slot, LOG_ACTOR);
	event->time = DatumGetTimestampTz(column(columns, slot, LOG_TIME, &is_null));
	event->recorded_at = DatumGetTimestampTz(column(columns, slot, LOG_RECORDED_AT, &is_null));
	event->cause = DatumGetInt64(column(columns, slot, LOG_CAUSE, &is_null));
	event->has_cause = !is_null;
	event->depth = DatumGetInt32(column(columns, slot, LOG_DEPTH, &is_null));
	fill_data(event, columns, slot);
	return event;
}
