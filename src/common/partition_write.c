/*-------------------------------------------------------------------------
 * partition_write.c
 *	  Inserting and changing many rows of our own tables without a plan.
 *
 * The event log, runs and the audit log are partitioned by time and are written
 * in batches, always to the same one or two partitions.  Going through the
 * executor would cost a plan, a snapshot of the partition tree and a trigger
 * round per statement; this keeps the part that matters: find the partition,
 * fill pages with table_multi_insert, insert index entries.
 *
 * Rows are buffered per partition and written when the writer is closed or when
 * the buffer is full, by rows or by bytes: rows may carry documents of many
 * megabytes.
 *
 * The default partition shrinks when a new partition is attached.  Attaching
 * locks it exclusively, so after we have locked it we look again whether it is
 * still the right one.
 *
 * src/common/partition_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/known_oid.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/shape.h"

/* A buffer is written when it holds this many rows or bytes. */
#define BUFFER_ROWS		100
#define BUFFER_BYTES	(1024 * 1024)

/* Where the value of a column comes from that is not in the shape. */
#define SOURCE_NULL			(-1)	/* nowhere */
#define SOURCE_DEFAULT		(-2)	/* its default, in PartitionWriter */

/* One table that rows go into: the plain table, or a partition. */
typedef struct Target
{
	struct Target *next;
	Oid			oid;
	ResultRelInfo *result;
	TupleDesc	desc;			/* a copy: that of the relation counts the slots that use it, at a cost */
	int		   *sources;		/* of each column, in the writer's shape from 0; or see below */
	bool		has_more;		/* columns that are not ours and not dropped */
	TupleTableSlot **slots;		/* BUFFER_ROWS entries, filled as needed */
	int			slots_made;
	TupleTableSlot *old_row;	/* for updates, NULL until there is one */
	TupleTableSlot *new_row;
	BlockNumber blocks;			/* that the file has; it cannot shrink while we have the table locked */
	int			rows;
	Size		bytes;
} Target;

struct PartitionWriter
{
	MemoryContext context;		/* of the writer itself; a child of the caller's */
	MemoryContext row_context;	/* scratch memory, reset after each write */
	Relation	table;
	const Shape *shape;			/* what the caller's values are */
	ExprState **defaults;		/* of the table's columns, NULL where there is none or the caller says */
	EState	   *estate;
	CommandId	command;
	Target	   *targets;
	Target	   *current;		/* where rows of current_key go */
	TimestampTz current_key;
};

Oid
respond_relation_oid(const char *schema, const char *name)
{
	OidName		known = {InvalidOid, {schema, name}};
	Oid			oid = respond_known_oid(&known);

	if (OidIsValid(oid))
		return oid;
	oid = get_relname_relid(name, get_namespace_oid(schema, false));
	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" of extension pg_respond does not exist", schema, name)));
	respond_known_oid_keep(&known, oid);
	return oid;
}

/*
 * Columns that somebody added get their defaults, as INSERT would give them:
 * those of the table, whatever a partition says.
 */
static void
prepare_defaults(PartitionWriter *writer)
{
	TupleDesc	desc = RelationGetDescr(writer->table);
	int			places[SHAPE_MAX_COLUMNS];

	if (writer->shape->count > SHAPE_MAX_COLUMNS)
		elog(ERROR, "table \"%s\" has too many columns", writer->shape->table);
	respond_shape_find(writer->shape, desc, places);
	writer->defaults = palloc0(sizeof(ExprState *) * desc->natts);
	if (desc->natts == writer->shape->count)
		return;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		bool		is_ours = attribute->attisdropped || attribute->attgenerated != '\0';
		Node	   *expression;

		for (int c = 0; c < writer->shape->count && !is_ours; c++)
			is_ours = places[c] == i;
		expression = is_ours ? NULL : build_column_default(writer->table, i + 1);
		if (expression != NULL)
			writer->defaults[i] = ExecInitExpr(expression_planner((Expr *) expression), NULL);
	}
}

PartitionWriter *
respond_partition_writer_open(Oid table, const Shape *shape)
{
	MemoryContext context;
	MemoryContext old;
	PartitionWriter *writer;

	PreventCommandIfReadOnly("INSERT");
	PreventCommandDuringRecovery("INSERT");
	PreventCommandIfParallelMode("INSERT");

	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond partition writer",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	writer = palloc0(sizeof(PartitionWriter));
	writer->context = context;
	writer->row_context = AllocSetContextCreate(context, "pg_respond partition writer rows",
												ALLOCSET_DEFAULT_SIZES);
	writer->table = table_open(table, RowExclusiveLock);
	if (writer->table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		respond_shape_require_heap(writer->table);
	writer->shape = shape;
	writer->estate = CreateExecutorState();
	writer->command = GetCurrentCommandId(true);
	prepare_defaults(writer);
	MemoryContextSwitchTo(old);
	return writer;
}

/* The default of a column of the target, by its name in the table. */
static void
fill_default(PartitionWriter *writer, const Target *target, int column, TupleTableSlot *slot)
{
	AttrNumber	number = target->oid == RelationGetRelid(writer->table) ? column + 1 :
		get_attnum(RelationGetRelid(writer->table), NameStr(TupleDescAttr(target->desc, column)->attname));
	ExprState  *expression = number > 0 ? writer->defaults[number - 1] : NULL;

	slot->tts_isnull[column] = true;
	slot->tts_values[column] = (Datum) 0;
	if (expression != NULL)
		slot->tts_values[column] = ExecEvalExprSwitchContext(expression, GetPerTupleExprContext(writer->estate),
															 &slot->tts_isnull[column]);
}

/* What somebody else's columns need: generated values, and constraints that ours are known to keep. */
static void
complete_row(PartitionWriter *writer, Target *target, TupleTableSlot *slot)
{
	TupleConstr *constraints = RelationGetDescr(target->result->ri_RelationDesc)->constr;

	slot->tts_tableOid = target->oid;
	if (constraints != NULL && constraints->has_generated_stored)
		ExecComputeStoredGenerated(target->result, writer->estate, slot, CMD_INSERT);
	if (constraints != NULL)
		ExecConstraints(target->result, slot, writer->estate);
}

Oid
respond_partition_for(Relation table, TimestampTz key)
{
	PartitionKey partition_key = RelationGetPartitionKey(table);
	PartitionDesc partitions;
	PartitionBoundInfo bounds;
	Datum		values[1] = {TimestampTzGetDatum(key)};
	bool		is_equal;
	int			index;

	if (partition_key == NULL || partition_key->strategy != PARTITION_STRATEGY_RANGE || partition_key->partnatts != 1 ||
		partition_key->parttypid[0] != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"%s\" is not as this library expects it: it is not partitioned by ranges of one time",
						RelationGetRelationName(table))));

	/* Under a snapshot of its own transaction a partition that is being detached still counts. */
	partitions = RelationGetPartitionDesc(table, !IsolationUsesXactSnapshot());
	bounds = partitions->boundinfo;
	index = -1;
	if (partitions->nparts > 0)
	{
		int			offset = partition_range_datum_bsearch(partition_key->partsupfunc,
														   partition_key->partcollation,
														   bounds, 1, values, &is_equal);

		index = bounds->indexes[offset + 1];
		if (index < 0)
			index = bounds->default_index;
	}
	if (index < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("no partition of relation \"%s\" found for row", RelationGetRelationName(table)),
				 errdetail("The row's time is %s.", timestamptz_to_str(key)),
				 errhint("Its default partition is missing; create it again.")));
	if (!partitions->is_leaf[index])
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"%s\" is not as this library expects it: its partition \"%s\" is partitioned itself",
						RelationGetRelationName(table), get_rel_name(partitions->oids[index]))));
	return partitions->oids[index];
}

static void
find_sources(const PartitionWriter *writer, Target *target)
{
	int			places[SHAPE_MAX_COLUMNS];

	respond_shape_find(writer->shape, target->desc, places);
	target->sources = palloc(sizeof(int) * target->desc->natts);
	for (int i = 0; i < target->desc->natts; i++)
	{
		bool		is_dropped = TupleDescAttr(target->desc, i)->attisdropped;

		target->sources[i] = is_dropped ? SOURCE_NULL : SOURCE_DEFAULT;
		for (int c = 0; c < writer->shape->count; c++)
			if (places[c] == i)
				target->sources[i] = c;
		target->has_more |= target->sources[i] == SOURCE_DEFAULT;
	}
}

static Target *
open_target(PartitionWriter *writer, Oid oid, TimestampTz key)
{
	MemoryContext old = MemoryContextSwitchTo(writer->context);
	Target	   *target = palloc0(sizeof(Target));
	Relation	relation = writer->table;

	if (oid != RelationGetRelid(writer->table))
	{
		for (;;)
		{
			Oid			now;

			relation = respond_shape_open_heap(oid, RowExclusiveLock);
			now = respond_partition_for(writer->table, key);
			if (now == oid)
				break;
			table_close(relation, RowExclusiveLock);
			oid = now;
		}
	}

	target->oid = oid;
	target->result = makeNode(ResultRelInfo);
	InitResultRelInfo(target->result, relation, 0, NULL, 0);
	ExecOpenIndices(target->result, false);
	target->desc = CreateTupleDescCopy(RelationGetDescr(relation));
	find_sources(writer, target);
	target->slots = palloc(BUFFER_ROWS * sizeof(TupleTableSlot *));
	target->next = writer->targets;
	writer->targets = target;
	MemoryContextSwitchTo(old);
	return target;
}

static Target *
find_target(PartitionWriter *writer, TimestampTz key)
{
	Oid			oid = RelationGetRelid(writer->table);

	if (writer->table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		oid = respond_partition_for(writer->table, key);

	for (Target *target = writer->targets; target != NULL; target = target->next)
		if (target->oid == oid)
			return target;
	return open_target(writer, oid, key);
}

static void
write_target(PartitionWriter *writer, Target *target)
{
	MemoryContext old;

	if (target->rows == 0)
		return;

	/* table_multi_insert leaves its work behind in the current context. */
	old = MemoryContextSwitchTo(writer->row_context);
	table_multi_insert(target->result->ri_RelationDesc, target->slots, target->rows,
					   writer->command, 0, NULL);
	MemoryContextSwitchTo(old);

	for (int i = 0; i < target->rows; i++)
	{
		if (target->result->ri_NumIndices > 0)
			respond_insert_index_entries(target->result, target->slots[i], writer->estate);
		ExecClearTuple(target->slots[i]);
		ResetPerTupleExprContext(writer->estate);
	}
	target->rows = 0;
	target->bytes = 0;
	MemoryContextReset(writer->row_context);
}

void
respond_partition_writer_add(PartitionWriter *writer, TimestampTz key,
							 const Datum *values, const bool *nulls)
{
	Target	   *target = writer->current;
	TupleTableSlot *slot;

	if (target == NULL || key != writer->current_key)
	{
		target = find_target(writer, key);
		writer->current = target;
		writer->current_key = key;
	}

	if (target->rows == target->slots_made)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		target->slots[target->slots_made++] =
			MakeSingleTupleTableSlot(target->desc, table_slot_callbacks(target->result->ri_RelationDesc));
		MemoryContextSwitchTo(old);
	}
	slot = target->slots[target->rows];
	for (int i = 0; i < target->desc->natts; i++)
	{
		int			source = target->sources[i];

		slot->tts_isnull[i] = source < 0 || nulls[source];
		slot->tts_values[i] = source < 0 ? (Datum) 0 : values[source];
		if (source == SOURCE_DEFAULT)
			fill_default(writer, target, i, slot);
	}
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	if (target->has_more)
	{
		complete_row(writer, target, slot);
		ResetPerTupleExprContext(writer->estate);
	}
	target->rows++;
	target->bytes += ExecFetchSlotHeapTuple(slot, false, NULL)->t_len;

	if (target->rows == BUFFER_ROWS || target->bytes >= BUFFER_BYTES)
		write_target(writer, target);
}

/* Number of a column of the shape in the target, from 1. */
static AttrNumber
column_in(const Target *target, int column)
{
	for (int i = 0; i < target->desc->natts; i++)
		if (target->sources[i] == column)
			return i + 1;
	elog(ERROR, "a partition lacks column %d", column + 1);
}

/* Whether it is the row that was meant: the table may have been rewritten since it was seen. */
static bool
is_expected(const Target *target, const RowUpdate *update)
{
	bool		is_null;
	Datum		id = slot_getattr(target->old_row, column_in(target, update->id_column), &is_null);
	Datum		state;
	text	   *found;

	if (is_null || DatumGetInt64(id) != update->id)
		return false;
	state = slot_getattr(target->old_row, column_in(target, update->state_column), &is_null);
	if (is_null)
		return false;
	found = DatumGetTextPP(state);
	return VARSIZE_ANY_EXHDR(found) == strlen(update->state) &&
		memcmp(VARDATA_ANY(found), update->state, strlen(update->state)) == 0;
}

/* Puts the row with its new values into the target's slot. */
static void
form_new_row(PartitionWriter *writer, Target *target, const RowUpdate *update)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row_context);
	int			columns = target->desc->natts;
	Datum	   *values = palloc(columns * sizeof(Datum));
	bool	   *nulls = palloc(columns * sizeof(bool));
	bool	   *replaced = palloc(columns * sizeof(bool));

	for (int i = 0; i < columns; i++)
	{
		int			from = target->sources[i];

		replaced[i] = from >= 0 && update->replaced[from];
		nulls[i] = from < 0 || update->nulls[from];
		values[i] = from < 0 ? (Datum) 0 : update->values[from];
	}
	ExecStoreHeapTuple(heap_modify_tuple(ExecFetchSlotHeapTuple(target->old_row, false, NULL), target->desc,
										 values, nulls, replaced),
					   target->new_row, false);
	if (target->has_more)
		complete_row(writer, target, target->new_row);
	MemoryContextSwitchTo(old);
}

static void
make_update_slots(PartitionWriter *writer, Target *target)
{
	MemoryContext old = MemoryContextSwitchTo(writer->context);

	target->old_row = MakeSingleTupleTableSlot(target->desc, table_slot_callbacks(target->result->ri_RelationDesc));
	target->new_row = MakeSingleTupleTableSlot(target->desc, &TTSOpsHeapTuple);
	target->blocks = RelationGetNumberOfBlocks(target->result->ri_RelationDesc);
	MemoryContextSwitchTo(old);
}

/* A place beyond the end of the file is of before the table was rewritten or truncated. */
static bool
has_place(Target *target, const ItemPointerData *tid)
{
	BlockNumber block = ItemPointerGetBlockNumber(tid);

	if (block >= target->blocks)
		target->blocks = RelationGetNumberOfBlocks(target->result->ri_RelationDesc);
	return block < target->blocks;
}

RowUpdateResult
respond_partition_writer_update(PartitionWriter *writer, const RowUpdate *update)
{
	Target	   *target = find_target(writer, update->key);
	Relation	relation = target->result->ri_RelationDesc;
	ItemPointerData tid = update->tid;
	RowUpdateResult result = ROW_CHANGED;
	TM_Result	outcome;
	TM_FailureData failure;
	LockTupleMode lock_mode;
	TU_UpdateIndexes update_indexes;

	if (target->oid != update->partition)
		return ROW_CHANGED;
	if (target->old_row == NULL)
		make_update_slots(writer, target);
	if (has_place(target, &tid) &&
		table_tuple_fetch_row_version(relation, &tid, GetActiveSnapshot(), target->old_row) &&
		is_expected(target, update))
	{
		form_new_row(writer, target, update);
		outcome = table_tuple_update(relation, &tid, target->new_row, writer->command, GetActiveSnapshot(),
									 InvalidSnapshot, update->held, &failure, &lock_mode, &update_indexes);
		/* our own lock is one to wait for, too, and gives way at once */
		if (outcome == TM_BeingModified && TransactionIdIsCurrentTransactionId(failure.xmax))
			outcome = table_tuple_update(relation, &tid, target->new_row, writer->command, GetActiveSnapshot(),
										 InvalidSnapshot, true, &failure, &lock_mode, &update_indexes);
		switch (outcome)
		{
			case TM_Ok:
				result = ROW_UPDATED;
				if (update_indexes != TU_None && target->result->ri_NumIndices > 0)
					respond_update_index_entries(target->result, target->new_row, writer->estate, update_indexes);
				break;
			case TM_BeingModified:
			case TM_WouldBlock:
				result = ROW_LOCKED;
				break;
			case TM_Updated:
			case TM_Deleted:
				result = ROW_RACED;
				break;
			default:
				break;
		}
		ExecClearTuple(target->new_row);
		ResetPerTupleExprContext(writer->estate);
	}
	ExecClearTuple(target->old_row);
	MemoryContextReset(writer->row_context);
	return result;
}

void
respond_partition_writer_flush(PartitionWriter *writer)
{
	for (Target *target = writer->targets; target != NULL; target = target->next)
		write_target(writer, target);
}

void
respond_partition_writer_close(PartitionWriter *writer)
{
	respond_partition_writer_flush(writer);
	for (Target *target = writer->targets; target != NULL; target = target->next)
	{
		for (int i = 0; i < target->slots_made; i++)
			ExecDropSingleTupleTableSlot(target->slots[i]);
		if (target->old_row != NULL)
		{
			ExecDropSingleTupleTableSlot(target->old_row);
			ExecDropSingleTupleTableSlot(target->new_row);
		}
		ExecCloseIndices(target->result);
		if (target->result->ri_RelationDesc != writer->table)
			table_close(target->result->ri_RelationDesc, NoLock);
	}
	table_close(writer->table, NoLock);
	FreeExecutorState(writer->estate);
	MemoryContextDelete(writer->context);
}
