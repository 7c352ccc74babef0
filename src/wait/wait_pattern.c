/*-------------------------------------------------------------------------
 * wait_pattern.c
 *	  The patterns of all wait steps that runs stand at.
 *
 * What is in memory is what the table says, as long as nobody else writes it and
 * the transaction that inserted a row is not rolled back.  Both make it stale: a
 * trigger on the table sends a message (a restored copy brings rows), and a
 * rollback is seen here.
 *
 * src/wait/wait_pattern.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/life.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "wait/wait_pattern.h"
#include "wait/wait_table.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(respond_wait_patterns_changed);

enum
{
	PATTERN_ID,
	PATTERN_RULE_VERSION,
	PATTERN_ALTERNATIVE,
	PATTERN_INCARNATION,
	PATTERN_RULE,
	PATTERN_STEP,
	PATTERN_EVENT_TYPE,
	PATTERN_EVENT_KEY,
	PATTERN_PATTERN,
	PATTERN_COLUMNS
};

static const ShapeColumn pattern_columns[] = {
	{"id", INT8OID},
	{"rule_version", INT4OID},
	{"alternative", INT4OID},
	{"incarnation", INT8OID},
	{"rule", TEXTOID},
	{"step", TEXTOID},
	{"event_type", TEXTOID},
	{"event_key", TEXTOID},
	{"pattern", JSONBOID},
};

StaticAssertDecl(lengthof(pattern_columns) == PATTERN_COLUMNS, "each column of the patterns has its type");

const Shape respond_shape_wait_pattern = SHAPE("respond_internal.wait_pattern", pattern_columns);

/* Patterns from which on it is worth looking for those that nobody waits for. */
#define FEW_PATTERNS	64

/* Rows that are dead but still in the index, after which a pattern counts as needed. */
#define DEAD_ROWS		100

static WaitPatternSet *current_set = NULL;
static bool is_stale = false;
static bool changed_here = false;	/* by the transaction that goes on */
static bool callbacks_registered = false;
static Oid	pattern_table = InvalidOid;
static int	clean_from = 0;		/* count of patterns at which they are looked through */

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == pattern_table)
		is_stale = true;
}

static void
transaction_ended(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			is_stale |= changed_here;
			changed_here = false;
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PREPARE:
			changed_here = false;
			break;
		default:
			break;
	}
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		is_stale |= changed_here;
}

static void
register_callbacks(void)
{
	if (callbacks_registered)
		return;
	respond_relation_on_change(table_changed);
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
	callbacks_registered = true;
}

/* One bad row spoils nothing but itself: runs that wait for it can be moved, cancelled or signalled. */
static void
add_or_warn(WaitPatternSet *set, int64 id, const WaitPattern *pattern)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		respond_wait_set_add(set, id, pattern);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != MAKE_SQLSTATE('R', 'S', '0', '0', '0'))
			PG_RE_THROW();
		FlushErrorState();
		ereport(WARNING,
				(errmsg("what step \"%s\" of version %d of rule \"%s\" waits for is not understood: %s",
						pattern->step, pattern->rule_version, pattern->rule, error->message)));
	}
	PG_END_TRY();
}

static void
read_pattern(WaitPattern *pattern, const Datum *values, const bool *nulls)
{
	pattern->rule = respond_row_text(values, nulls, PATTERN_RULE);
	pattern->rule_version = DatumGetInt32(values[PATTERN_RULE_VERSION]);
	pattern->step = respond_row_text(values, nulls, PATTERN_STEP);
	pattern->alternative = DatumGetInt32(values[PATTERN_ALTERNATIVE]);
	pattern->event_type = respond_row_text(values, nulls, PATTERN_EVENT_TYPE);
	pattern->event_key = respond_row_text(values, nulls, PATTERN_EVENT_KEY);
	pattern->pattern = respond_row_jsonb(values, nulls, PATTERN_PATTERN);
}

/* Calls take for each row that is ours; those of other databases do not count. */
static void
scan_patterns(Relation table, Snapshot snapshot, void (*take) (void *state, TupleTableSlot *slot), void *state)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	int			incarnation = respond_shape_place(&respond_shape_wait_pattern, RelationGetDescr(table),
												  PATTERN_INCARNATION);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		is_null;

		CHECK_FOR_INTERRUPTS();
		if (DatumGetInt64(slot_getattr(slot, incarnation + 1, &is_null)) == respond_life_incarnation())
			take(state, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static Relation
open_table(LOCKMODE lock)
{
	return respond_shape_open_heap(respond_relation_oid("respond_internal", "wait_pattern"), lock);
}

static void
take_pattern(void *state, TupleTableSlot *slot)
{
	Datum		values[PATTERN_COLUMNS];
	bool		nulls[PATTERN_COLUMNS];
	WaitPattern pattern;

	respond_shape_read(&respond_shape_wait_pattern, slot, values, nulls);
	read_pattern(&pattern, values, nulls);
	add_or_warn(state, DatumGetInt64(values[PATTERN_ID]), &pattern);
}

void
respond_wait_patterns_read(WaitPatternSet *set, Snapshot snapshot)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rows of patterns",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	Relation	table = open_table(AccessShareLock);

	scan_patterns(table, snapshot, take_pattern, set);
	table_close(table, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

/*
 * As the table is now, and not as the batch's snapshot sees it: the message that
 * it changed may be younger, and does not come again.
 */
static void
load(void)
{
	WaitPatternSet *set = respond_wait_set_create();
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

	pattern_table = respond_relation_oid("respond_internal", "wait_pattern");
	is_stale = false;
	PG_TRY();
	{
		respond_wait_patterns_read(set, snapshot);
	}
	PG_CATCH();
	{
		is_stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	UnregisterSnapshot(snapshot);
	MemoryContextSetParent(respond_wait_set_context(set), TopMemoryContext);
	if (current_set != NULL)
		respond_wait_set_destroy(current_set);
	current_set = set;
}

WaitPatternSet *
respond_wait_patterns(void)
{
	register_callbacks();
	if (current_set == NULL || is_stale)
		load();
	return current_set;
}

void
respond_wait_patterns_reload(void)
{
	is_stale = true;
}

bool
respond_wait_pattern_is_known(int64 id, const char *rule, int32 rule_version, const char *step, int alternative)
{
	return current_set != NULL &&
		respond_wait_set_find(current_set, id, rule, rule_version, step, alternative) != NULL;
}

static void
insert_pattern(int64 id, const WaitPattern *pattern)
{
	PartitionWriter *writer = respond_partition_writer_open(pattern_table, &respond_shape_wait_pattern);
	Datum		values[PATTERN_COLUMNS];
	bool		nulls[PATTERN_COLUMNS] = {0};

	values[PATTERN_ID] = Int64GetDatum(id);
	values[PATTERN_RULE_VERSION] = Int32GetDatum(pattern->rule_version);
	values[PATTERN_ALTERNATIVE] = Int32GetDatum(pattern->alternative);
	values[PATTERN_INCARNATION] = Int64GetDatum(respond_life_incarnation());
	respond_row_set_text(values, nulls, PATTERN_RULE, pattern->rule);
	respond_row_set_text(values, nulls, PATTERN_STEP, pattern->step);
	respond_row_set_text(values, nulls, PATTERN_EVENT_TYPE, pattern->event_type);
	respond_row_set_text(values, nulls, PATTERN_EVENT_KEY, pattern->event_key);
	respond_row_set_jsonb(values, nulls, PATTERN_PATTERN, pattern->pattern);
	respond_partition_writer_add(writer, 0, values, nulls);
	respond_partition_writer_close(writer);
	/* a dispatcher has it in memory; a session that moves a run has to tell of it */
	if (respond_worker_slot == NULL)
		CacheInvalidateRelcacheByRelid(pattern_table);
	CommandCounterIncrement();
}

int64
respond_wait_pattern(const WaitPattern *pattern)
{
	WaitPatternSet *set = respond_wait_patterns();
	int64		id = respond_wait_pattern_id(pattern);

	if (respond_wait_set_find(set, id, pattern->rule, pattern->rule_version, pattern->step,
							  pattern->alternative) == NULL)
	{
		respond_wait_set_add(set, id, pattern);
		/* it is in memory before it is in the table */
		changed_here = true;
		insert_pattern(id, pattern);
	}
	return id;
}

/* Whether a row needs the pattern.  One with many dead rows in front is looked at another time. */
static bool
is_needed(int64 id, Snapshot snapshot)
{
	const char *const columns[3] = {"pattern_id", "key_hash", "run_id"};
	WaitScan	scan;
	ItemPointer tid;
	bool		needed = false;
	int			dead = 0;

	respond_wait_scan_begin(&scan, "wait", AccessShareLock, snapshot, columns, &id, 1);
	while (scan.index != NULL && !needed && (tid = index_getnext_tid(scan.scan, ForwardScanDirection)) != NULL)
		needed = index_fetch_heap(scan.scan, scan.slot) || ++dead == DEAD_ROWS;
	respond_wait_scan_end(&scan);
	return needed;
}

typedef struct Cleaning
{
	Relation	table;
	Snapshot	snapshot;
} Cleaning;

static void
remove_unneeded(void *state, TupleTableSlot *slot)
{
	Cleaning   *cleaning = state;
	TM_FailureData failure;
	bool		is_null;
	int			id = respond_shape_place(&respond_shape_wait_pattern, slot->tts_tupleDescriptor, PATTERN_ID);

	if (is_needed(DatumGetInt64(slot_getattr(slot, id + 1, &is_null)), cleaning->snapshot))
		return;
	(void) table_tuple_delete(cleaning->table, &slot->tts_tid, GetCurrentCommandId(true), cleaning->snapshot,
							  InvalidSnapshot, false, &failure, false);
	changed_here = is_stale = true;
}

void
respond_wait_patterns_clean(void)
{
	WaitPatternSet *set = respond_wait_patterns();
	Cleaning	cleaning;

	if (respond_wait_set_count(set) < clean_from)
		return;
	cleaning.table = open_table(RowExclusiveLock);
	cleaning.snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan_patterns(cleaning.table, cleaning.snapshot, remove_unneeded, &cleaning);
	UnregisterSnapshot(cleaning.snapshot);
	table_close(cleaning.table, NoLock);
	if (is_stale)
	{
		CommandCounterIncrement();
		set = respond_wait_patterns();
	}
	clean_from = Max(FEW_PATTERNS, 2 * respond_wait_set_count(set));
}

/*
 * wait_patterns_changed(): AFTER any change FOR EACH STATEMENT ON
 * respond_internal.wait_pattern.  The message reaches the workers when this
 * transaction commits.
 */
Datum
respond_wait_patterns_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "wait_patterns_changed", "AFTER", "STATEMENT", NULL);
	Oid			table = respond_relation_oid("respond_internal", "wait_pattern");

	if (RelationGetRelid(trigger->tg_relation) != table)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "wait_patterns_changed",
						RelationGetRelationName(trigger->tg_relation))));
	CacheInvalidateRelcacheByRelid(table);
	PG_RETURN_POINTER(NULL);
}
