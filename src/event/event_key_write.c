/*-------------------------------------------------------------------------
 * event_key_write.c
 *	  Writing keys of events without a plan.
 *
 * What INSERT ... ON CONFLICT DO NOTHING does, without its first look whether
 * the key is there: most are new.  A row is written speculatively and its entry
 * put into the unique index, which tells in the same breath whether there is
 * another.  If so, the row is taken back as though it had never been, so that
 * two who claim a key at the same time do not wait for each other.
 *
 * src/event/event_key_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "common/pg_compat.h"
#include "common/shape.h"
#include "event/event_key_write.h"

enum
{
	KEY_SOURCE, KEY_KEY, KEY_ID, KEY_RECORDED_AT, KEY_PRODUCER, KEY_COLUMNS
};

static const ShapeColumn columns[KEY_COLUMNS] = {
	{"source", TEXTOID},
	{"key", TEXTOID},
	{"id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
	{"producer", OIDOID},
};

struct KeyWriter
{
	MemoryContext context;		/* of the writer itself; a child of the caller's */
	Relation	table;
	ResultRelInfo *result;
	EState	   *estate;
	TupleTableSlot *slot;
	List	   *arbiters;		/* indexes that say whether a key is there */
};

/* Whether the columns are ours and no others, each at its place. */
static bool
has_our_columns(TupleDesc desc)
{
	if (desc->natts != KEY_COLUMNS)
		return false;
	for (int i = 0; i < KEY_COLUMNS; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || attribute->atttypid != columns[i].type ||
			strcmp(NameStr(attribute->attname), columns[i].name) != 0)
			return false;
	}
	return true;
}

static bool
has_more_to_heed(Relation table)
{
	Form_pg_class form = table->rd_rel;
	TupleConstr *constraints = RelationGetDescr(table)->constr;

	return form->relkind != RELKIND_RELATION || form->relispartition || form->relhasrules || form->relrowsecurity ||
		table->trigdesc != NULL || (constraints != NULL && constraints->num_check > 0);
}

/* Whether it is a unique index of source, key and producer, and of nothing else. */
static bool
is_arbiter(Relation index, const IndexInfo *info)
{
	Form_pg_index form = index->rd_index;
	bool		has[KEY_COLUMNS] = {false};

	if (!form->indisunique || !form->indimmediate || !form->indisvalid || info->ii_Predicate != NIL ||
		info->ii_Expressions != NIL || info->ii_NumIndexKeyAttrs != 3)
		return false;
	for (int i = 0; i < info->ii_NumIndexKeyAttrs; i++)
		has[info->ii_IndexAttrNumbers[i] - 1] = true;
	return has[KEY_SOURCE] && has[KEY_KEY] && has[KEY_PRODUCER];
}

static List *
find_arbiters(const ResultRelInfo *result)
{
	List	   *found = NIL;

	for (int i = 0; i < result->ri_NumIndices; i++)
		if (is_arbiter(result->ri_IndexRelationDescs[i], result->ri_IndexRelationInfo[i]))
			found = lappend_oid(found, RelationGetRelid(result->ri_IndexRelationDescs[i]));
	return found;
}

KeyWriter *
respond_event_key_writer_open(Oid table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond event keys",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	KeyWriter  *writer = palloc0(sizeof(KeyWriter));

	writer->context = context;
	writer->table = table_open(table, RowExclusiveLock);
	writer->estate = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->table, 0, NULL, 0);
	ExecOpenIndices(writer->result, true);
	writer->slot = table_slot_create(writer->table, NULL);
	if (has_our_columns(RelationGetDescr(writer->table)) && !has_more_to_heed(writer->table))
		writer->arbiters = find_arbiters(writer->result);
	MemoryContextSwitchTo(before);
	if (writer->arbiters != NIL)
		return writer;
	respond_event_key_writer_close(writer);
	return NULL;
}

/* Values are in the memory of one row. */
static void
fill_slot(KeyWriter *writer, Oid producer, const char *source, const char *key, int64 id, TimestampTz recorded_at)
{
	MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));
	TupleTableSlot *slot = writer->slot;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, sizeof(bool) * KEY_COLUMNS);
	slot->tts_values[KEY_SOURCE] = CStringGetTextDatum(source);
	slot->tts_values[KEY_KEY] = CStringGetTextDatum(key);
	slot->tts_values[KEY_ID] = Int64GetDatum(id);
	slot->tts_values[KEY_RECORDED_AT] = TimestampTzGetDatum(recorded_at);
	slot->tts_values[KEY_PRODUCER] = ObjectIdGetDatum(producer);
	ExecStoreVirtualTuple(slot);
	MemoryContextSwitchTo(before);
}

bool
respond_event_key_writer_add(KeyWriter *writer, Oid producer, const char *source, const char *key, int64 id,
							 TimestampTz recorded_at)
{
	TransactionId xid = GetCurrentTransactionId();
	bool		is_known = false;
	uint32		token;

	fill_slot(writer, producer, source, key, id, recorded_at);
	token = SpeculativeInsertionLockAcquire(xid);
	table_tuple_insert_speculative(writer->table, writer->slot, GetCurrentCommandId(true), 0, NULL, token);
	respond_insert_index_entries_unless(writer->result, writer->slot, writer->estate, &is_known, writer->arbiters);
	table_tuple_complete_speculative(writer->table, writer->slot, token, !is_known);
	SpeculativeInsertionLockRelease(xid);
	ExecClearTuple(writer->slot);
	ResetPerTupleExprContext(writer->estate);
	return !is_known;
}

void
respond_event_key_writer_close(KeyWriter *writer)
{
	ExecDropSingleTupleTableSlot(writer->slot);
	ExecCloseIndices(writer->result);
	table_close(writer->table, NoLock);
	FreeExecutorState(writer->estate);
	MemoryContextDelete(writer->context);
}
