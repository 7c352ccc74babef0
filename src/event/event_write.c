/*-------------------------------------------------------------------------
 * event_write.c
 *	  Recording events from C, as many at once as the caller has.
 *
 * Does what an INSERT into respond.event does, without parser, planner and
 * executor nodes: finds the partition for now(), forms the rows, inserts them
 * together and adds their index entries.  A trigger that captures rows
 * pays for little more than the rows themselves.
 *
 * The partition is looked up in each call.  The default partition may have lost
 * the range of now() to a new partition while we waited for its lock, so the
 * look-up is repeated once the lock is held.
 *
 * src/event/event_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/xid8.h"

#include "event/event_check.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/event_key.h"
#include "event/event_write.h"

/* Rows that go into the table together; bounds the memory of a large write. */
#define ROWS_AT_ONCE	500

/* The columns in the order of respond.event; a partition may have another. */
typedef enum EventColumn
{
	COLUMN_ID,
	COLUMN_TYPE,
	COLUMN_SOURCE,
	COLUMN_SUBJECT,
	COLUMN_TIME,
	COLUMN_DATA,
	COLUMN_KEY,
	COLUMN_CAUSE,
	COLUMN_DEPTH,
	COLUMN_ACTOR,
	COLUMN_RECORDED_AT,
	COLUMN_XID,
	COLUMN_COUNT
} EventColumn;

static const char *const column_names[COLUMN_COUNT] = {
	"id", "type", "source", "subject", "time", "data", "key", "cause", "depth",
	"actor", "recorded_at", "xid"
};

/* An open partition and what is the same for all rows of one write. */
typedef struct EventWriter
{
	Relation	partition;
	ResultRelInfo *result;
	EState	   *state;
	int			positions[COLUMN_COUNT];	/* of our columns in the partition, from 0 */
	TimestampTz now;
	Datum		xid;
	Datum		default_source;
	Datum		default_actor;
	Datum		empty_data;
	MemoryContext row_context;	/* emptied after each group of rows */
	TupleTableSlot *slots[ROWS_AT_ONCE];
	int			slot_count;
} EventWriter;

/* Known until the relation cache hears of a change of either. */
static Oid	known_table = InvalidOid;
static Oid	known_sequence = InvalidOid;

static void check_event(NewEvent *event);
static Relation open_partition(Relation table, TimestampTz at);
static EventWriter *begin_write(Relation partition, TimestampTz now);
static void write_rows(EventWriter *writer, NewEvent *events, int count);
static void end_write(EventWriter *writer);

static void
forget_known(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == known_table || relation == known_sequence)
		known_table = known_sequence = InvalidOid;
}

/* Finds the table and the sequence of its ids. */
static void
find_table(void)
{
	static bool registered = false;
	Oid			table;

	if (OidIsValid(known_table))
		return;
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_known, (Datum) 0);
		registered = true;
	}
	table = get_relname_relid("event", get_namespace_oid("respond", true));
	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist", "respond.event"),
				 errhint("Run CREATE EXTENSION pg_respond in this database.")));
	known_sequence = getIdentitySequence(table, get_attnum(table, column_names[COLUMN_ID]), false);
	known_table = table;
}

Oid
respond_event_write_table(void)
{
	find_table();
	return known_table;
}

void
respond_event_write_set_cause(NewEvent *event)
{
	const EventContext *context = respond_event_context();

	event->cause = context->event_id;
	event->depth = context->event_id == 0 ? 0 : context->depth + 1;
}

void
respond_event_write(NewEvent *events, int count)
{
	Relation	table;
	EventWriter *writer;
	Oid			sequence;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	MemoryContext context;
	MemoryContext before;

	if (count == 0)
		return;
	PreventCommandIfReadOnly("INSERT");
	find_table();
	sequence = known_sequence;
	table = table_open(known_table, RowExclusiveLock);

	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond event write",
									ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(context);
	for (int i = 0; i < count; i++)
	{
		check_event(&events[i]);
		events[i].id = nextval_internal(sequence, false);
		events[i].known_id = 0;
		if (events[i].key != NULL)
		{
			const char *source = events[i].source;

			if (source == NULL)
				source = respond_event_defaults_source();
			events[i].known_id = respond_event_key_claim(source, events[i].key, events[i].id, now);
			if (events[i].known_id != 0)
				events[i].id = 0;
		}
	}
	writer = begin_write(open_partition(table, now), now);
	for (int first = 0; first < count; first += ROWS_AT_ONCE)
		write_rows(writer, events + first, Min(ROWS_AT_ONCE, count - first));
	end_write(writer);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	table_close(table, NoLock);
}

static void
check_event(NewEvent *event)
{
	respond_event_check_type(event->type, strlen(event->type));
	if (event->source != NULL)
		respond_event_check_source(event->source, strlen(event->source));
	if (event->subject != NULL)
		respond_event_check_subject(strlen(event->subject));
	if (event->key != NULL)
		respond_event_check_key(strlen(event->key));
	if (event->data != NULL)
		respond_event_check_data(JsonbPGetDatum(event->data));
}

/* The partition that takes rows of this time, by the rules of the server's own routing. */
static Oid
find_partition(Relation table, TimestampTz at)
{
	PartitionKey key = RelationGetPartitionKey(table);
	PartitionDesc description = RelationGetPartitionDesc(table, true);
	PartitionBoundInfo bounds = description->boundinfo;
	Datum		value = TimestampTzGetDatum(at);
	int			index = -1;

	if (description->nparts > 0)
	{
		bool		equal;
		int			offset = partition_range_datum_bsearch(key->partsupfunc, key->partcollation,
														   bounds, 1, &value, &equal);

		index = bounds->indexes[offset + 1];
		if (index < 0)
			index = bounds->default_index;
	}
	if (index < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("no partition of table \"%s\" takes an event of %s",
						"respond.event", timestamptz_to_str(at)),
				 errhint("Restore its default partition \"%s\".", "respond.event_default")));
	return description->oids[index];
}

static Relation
open_partition(Relation table, TimestampTz at)
{
	Oid			wanted = find_partition(table, at);

	for (;;)
	{
		Relation	partition = table_open(wanted, RowExclusiveLock);
		Oid			now_wanted = find_partition(table, at);

		if (now_wanted == wanted)
			return partition;
		table_close(partition, NoLock);
		wanted = now_wanted;
	}
}

static Jsonb *
empty_object(void)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static EventWriter *
begin_write(Relation partition, TimestampTz now)
{
	EventWriter *writer = palloc(sizeof(EventWriter));
	TupleDesc	description = RelationGetDescr(partition);

	writer->partition = partition;
	writer->now = now;
	writer->xid = FullTransactionIdGetDatum(respond_event_defaults_xid());
	writer->default_source = CStringGetTextDatum(respond_event_defaults_source());
	writer->default_actor = CStringGetTextDatum(respond_event_context_actor());
	writer->empty_data = JsonbPGetDatum(empty_object());

	for (int column = 0; column < COLUMN_COUNT; column++)
	{
		int			position = column;

		/* Usually it is where it is in the parent. */
		if (position >= description->natts ||
			strcmp(NameStr(TupleDescAttr(description, position)->attname), column_names[column]) != 0)
			position = get_attnum(RelationGetRelid(partition), column_names[column]) - 1;
		if (position < 0)
			elog(ERROR, "partition \"%s\" has no column \"%s\"",
				 RelationGetRelationName(partition), column_names[column]);
		writer->positions[column] = position;
	}

	writer->state = CreateExecutorState();
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, partition, 0, NULL, 0);
	ExecOpenIndices(writer->result, false);
	writer->row_context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond event rows",
												ALLOCSET_DEFAULT_SIZES);
	writer->slot_count = 0;
	return writer;
}

static void
end_write(EventWriter *writer)
{
	for (int i = 0; i < writer->slot_count; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	ExecCloseIndices(writer->result);
	FreeExecutorState(writer->state);
	table_close(writer->partition, NoLock);
}

static void
set_text(EventWriter *writer, TupleTableSlot *slot, EventColumn column, const char *value)
{
	int			position = writer->positions[column];

	slot->tts_isnull[position] = (value == NULL);
	if (value != NULL)
		slot->tts_values[position] = CStringGetTextDatum(value);
}

static void
set_value(EventWriter *writer, TupleTableSlot *slot, EventColumn column, Datum value)
{
	slot->tts_isnull[writer->positions[column]] = false;
	slot->tts_values[writer->positions[column]] = value;
}

static void
fill_slot(EventWriter *writer, TupleTableSlot *slot, const NewEvent *event)
{
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	set_value(writer, slot, COLUMN_ID, Int64GetDatum(event->id));
	set_text(writer, slot, COLUMN_TYPE, event->type);
	set_value(writer, slot, COLUMN_SOURCE, writer->default_source);
	if (event->source != NULL)
		set_text(writer, slot, COLUMN_SOURCE, event->source);
	set_text(writer, slot, COLUMN_SUBJECT, event->subject);
	set_value(writer, slot, COLUMN_TIME,
			  TimestampTzGetDatum(event->time != 0 ? event->time : writer->now));
	set_value(writer, slot, COLUMN_DATA,
			  event->data != NULL ? JsonbPGetDatum(event->data) : writer->empty_data);
	set_text(writer, slot, COLUMN_KEY, event->key);
	if (event->cause != 0)
		set_value(writer, slot, COLUMN_CAUSE, Int64GetDatum(event->cause));
	set_value(writer, slot, COLUMN_DEPTH, Int32GetDatum(event->depth));
	set_value(writer, slot, COLUMN_ACTOR, writer->default_actor);
	if (event->actor != NULL)
		set_text(writer, slot, COLUMN_ACTOR, event->actor);
	set_value(writer, slot, COLUMN_RECORDED_AT, TimestampTzGetDatum(writer->now));
	set_value(writer, slot, COLUMN_XID, writer->xid);
	ExecStoreVirtualTuple(slot);
}

static void
insert_index_entries(EventWriter *writer, TupleTableSlot *slot)
{
	List	   *recheck;

	ResetPerTupleExprContext(writer->state);
#if PG_VERSION_NUM >= 160000
	recheck = ExecInsertIndexTuples(writer->result, slot, writer->state, false, false, NULL, NIL, false);
#else
	recheck = ExecInsertIndexTuples(writer->result, slot, writer->state, false, false, NULL, NIL);
#endif
	list_free(recheck);
}

static void
write_rows(EventWriter *writer, NewEvent *events, int count)
{
	CommandId	command = GetCurrentCommandId(true);
	MemoryContext before;
	int			used = 0;

	for (int i = 0; i < count; i++)
	{
		if (events[i].id == 0)
			continue;
		if (used == writer->slot_count)
			writer->slots[writer->slot_count++] = table_slot_create(writer->partition, NULL);
		before = MemoryContextSwitchTo(writer->row_context);
		fill_slot(writer, writer->slots[used], &events[i]);
		MemoryContextSwitchTo(before);
		used++;
	}

	before = MemoryContextSwitchTo(writer->row_context);
	if (used == 1)
		table_tuple_insert(writer->partition, writer->slots[0], command, 0, NULL);
	else if (used > 1)
		table_multi_insert(writer->partition, writer->slots, used, command, 0, NULL);
	for (int i = 0; i < used; i++)
		insert_index_entries(writer, writer->slots[i]);
	MemoryContextSwitchTo(before);

	for (int i = 0; i < used; i++)
		ExecClearTuple(writer->slots[i]);
	MemoryContextReset(writer->row_context);
}
