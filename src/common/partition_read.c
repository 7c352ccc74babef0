/*-------------------------------------------------------------------------
 * partition_read.c
 *	  Finding rows of our own tables without a plan.
 *
 * A plan that was made when a table was small is kept when it has grown, and a
 * table that fills and empties within minutes has no statistics that are true.
 * What is looked up by its number goes through the index on the number, always.
 *
 * src/common/partition_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "common/known_oid.h"
#include "common/pg_compat.h"
#include "common/shape.h"
#include "common/partition_read.h"
#include "common/partition_write.h"

/* One partition that rows were looked up in. */
typedef struct LookupTarget
{
	struct LookupTarget *next;
	Oid			oid;
	Relation	relation;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	int			places[SHAPE_MAX_COLUMNS];	/* of the shape's columns in the partition */
	TupleTableSlot *mapped;		/* the row in the order of the shape; NULL if the partition has it, too */
} LookupTarget;

struct RowLookup
{
	MemoryContext context;		/* of all that lives as long as the look-ups do */
	Relation	table;
	const Shape *shape;
	LookupTarget *targets;
	Oid			partition;
};

static bool
is_btree(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		btree = false;

	if (HeapTupleIsValid(tuple))
	{
		btree = ((Form_pg_class) GETSTRUCT(tuple))->relam == BTREE_AM_OID;
		ReleaseSysCache(tuple);
	}
	return btree;
}

static bool
begins_with(Form_pg_index index, const AttrNumber *columns, int count)
{
	if (index->indnkeyatts < count)
		return false;
	for (int i = 0; i < count; i++)
		if (index->indkey.values[i] != columns[i])
			return false;
	return true;
}

static Oid
find_index(Relation partition, const char *const *names)
{
	AttrNumber	columns[3];
	int			count = 0;
	List	   *indexes = RelationGetIndexList(partition);
	Oid			found = InvalidOid;
	ListCell   *cell;

	while (count < lengthof(columns) && names[count] != NULL)
	{
		columns[count] = get_attnum(RelationGetRelid(partition), names[count]);
		count++;
	}
	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index form;

		if (!HeapTupleIsValid(tuple))
			continue;
		form = (Form_pg_index) GETSTRUCT(tuple);
		if (form->indisvalid && begins_with(form, columns, count) &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
			is_btree(lfirst_oid(cell)))
			found = lfirst_oid(cell);
		ReleaseSysCache(tuple);
		if (OidIsValid(found))
			break;
	}
	list_free(indexes);
	return found;
}

Oid
respond_partition_index(Relation partition, const char *first, const char *second, const char *third)
{
	OidName		name = {RelationGetRelid(partition), {first, second, third}};
	Oid			index = respond_known_oid(&name);

	if (OidIsValid(index))
		return index;
	index = find_index(partition, name.names);
	if (OidIsValid(index))
		respond_known_oid_keep(&name, index);
	return index;
}

bool
respond_table_is_empty(Oid table)
{
	Relation	relation = respond_shape_open_heap(table, AccessShareLock);
	bool		empty = RelationGetNumberOfBlocks(relation) == 0;

	table_close(relation, NoLock);
	return empty;
}

RowLookup *
respond_row_lookup_open(Oid table, const Shape *shape)
{
	RowLookup  *lookup = palloc0(sizeof(RowLookup));

	lookup->context = CurrentMemoryContext;
	lookup->table = table_open(table, AccessShareLock);
	lookup->shape = shape;
	return lookup;
}

static LookupTarget *
open_target(RowLookup *lookup, Oid oid)
{
	MemoryContext caller = MemoryContextSwitchTo(lookup->context);
	LookupTarget *target = palloc0(sizeof(LookupTarget));
	Oid			index;

	target->oid = oid;
	target->relation = respond_shape_open_heap(oid, AccessShareLock);
	index = respond_partition_index(target->relation, "id", NULL, NULL);
	if (!OidIsValid(index))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("partition \"%s\" has no index on column \"id\"", RelationGetRelationName(target->relation)),
				 errhint("Create an index like those of the other partitions.")));
	target->index = index_open(index, AccessShareLock);
	target->slot = table_slot_create(target->relation, NULL);
	target->scan = respond_index_beginscan(target->relation, target->index, GetActiveSnapshot(), 1);
	respond_shape_find(lookup->shape, RelationGetDescr(target->relation), target->places);
	for (int i = 0; i < lookup->shape->count; i++)
		if (target->places[i] != i && target->mapped == NULL)
			target->mapped = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(target->relation)),
													  &TTSOpsVirtual);
	target->next = lookup->targets;
	lookup->targets = target;
	MemoryContextSwitchTo(caller);
	return target;
}

TupleTableSlot *
respond_row_lookup(RowLookup *lookup, TimestampTz key, int64 id)
{
	Oid			oid = respond_partition_for(lookup->table, key);
	LookupTarget *target = lookup->targets;
	ScanKeyData scan_key;

	while (target != NULL && target->oid != oid)
		target = target->next;
	if (target == NULL)
		target = open_target(lookup, oid);
	ScanKeyInit(&scan_key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	index_rescan(target->scan, &scan_key, 1, NULL, 0);
	if (!index_getnext_slot(target->scan, ForwardScanDirection, target->slot))
		return NULL;
	lookup->partition = oid;
	slot_getallattrs(target->slot);
	if (target->mapped == NULL)
		return target->slot;
	for (int i = 0; i < lookup->shape->count; i++)
	{
		target->mapped->tts_values[i] = target->slot->tts_values[target->places[i]];
		target->mapped->tts_isnull[i] = target->slot->tts_isnull[target->places[i]];
	}
	target->mapped->tts_tid = target->slot->tts_tid;
	return target->mapped;
}

Oid
respond_row_lookup_partition(const RowLookup *lookup)
{
	return lookup->partition;
}

void
respond_row_lookup_close(RowLookup *lookup)
{
	for (LookupTarget *target = lookup->targets; target != NULL; target = target->next)
	{
		index_endscan(target->scan);
		ExecDropSingleTupleTableSlot(target->slot);
		if (target->mapped != NULL)
			ExecDropSingleTupleTableSlot(target->mapped);
		index_close(target->index, NoLock);
		table_close(target->relation, NoLock);
	}
	table_close(lookup->table, NoLock);
	pfree(lookup);
}
