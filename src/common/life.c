/*-------------------------------------------------------------------------
 * life.c
 *	  What tells this database's own rows from those of another.
 *
 * Numbers of transactions, ids and clocks of two databases coincide; so each
 * row that is handled once carries the incarnation of the database that
 * recorded it, a random number of 64 bits.  It is in respond_internal.state,
 * which no dump holds: a restored database has another one than its dump says,
 * whatever the order in which things are restored.
 *
 * A copy of the files has the row of its original.  There the database's oid or
 * the identifier of the cluster differs from what the row says, and the
 * incarnation is derived from all three until the clock has written it down,
 * so it is the same before and after that.  A copy of a whole cluster
 * cannot be told by these; see launcher/copy.c for what can be noticed.
 *
 * The row is read once per session, and again when the relation cache hears of
 * a change of the table.
 *
 * src/common/life.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "commands/dbcommands.h"
#include "common/shape.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/kept_plan.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/trigger_call.h"

PG_FUNCTION_INFO_V1(respond_incarnation);
PG_FUNCTION_INFO_V1(respond_new_incarnation);
PG_FUNCTION_INFO_V1(respond_forget_incarnation);
PG_FUNCTION_INFO_V1(respond_foreign_row);

void		(*respond_life_hold_changed) (void) = NULL;

static Oid	known_table = InvalidOid;
static int64 known_incarnation;
static text *known_source = NULL;

/* The subtransaction that noted a foreign row; while it lives, noting again changes nothing. */
static SubTransactionId noted_in = InvalidSubTransactionId;

static KeptPlan hold_for_foreign = {
	"UPDATE respond_internal.state AS s SET hold = 'restore', hold_since = pg_catalog.now()"
	" WHERE s.hold IS NULL OR s.hold OPERATOR(pg_catalog.<>) 'restore'",
	0
};

static void
forget(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == known_table)
		known_table = InvalidOid;
}

/* What the row says, if the database is the one that it was written in. */
static int64
incarnation_here(int64 stored, int64 system_identifier, Oid database)
{
	struct
	{
		int64		stored;
		uint64		system_identifier;
		uint64		database;
	}			place = {stored, GetSystemIdentifier(), MyDatabaseId};
	int64		derived;

	if (database == MyDatabaseId && (uint64) system_identifier == GetSystemIdentifier())
		return stored;
	derived = (int64) hash_bytes_extended((unsigned char *) &place, sizeof(place), 0);
	return derived != RESPOND_LIFE_UNKNOWN ? derived : 1;
}

static Datum
column(Relation table, TupleTableSlot *slot, const char *name)
{
	AttrNumber	number = get_attnum(RelationGetRelid(table), name);
	bool		is_null = true;
	Datum		value = (Datum) 0;

	if (number > 0)
		value = slot_getattr(slot, number, &is_null);
	if (is_null)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no column \"%s\" with a value", "respond_internal.state", name),
				 errhint("The library and the extension in this database differ: run ALTER EXTENSION pg_respond UPDATE,"
						 " or restart the server with the library of the extension's version.")));
	return value;
}

static void
keep(int64 incarnation, text *source)
{
	static bool registered = false;
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	text	   *copy = cstring_to_text_with_len(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source));

	MemoryContextSwitchTo(caller);
	if (known_source != NULL)
		pfree(known_source);
	known_source = copy;
	known_incarnation = incarnation;
	if (!registered)
		respond_relation_on_change(forget);
	registered = true;
}

/* Calls use with the row as it is now, whatever the transaction's snapshot; slot NULL: somebody deleted it. */
static void
with_row(Oid oid, void (*use) (Relation table, TupleTableSlot *slot, void *argument), void *argument)
{
	Relation	table = respond_shape_open_heap(oid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);

	use(table, table_scan_getnextslot(scan, ForwardScanDirection, slot) ? slot : NULL, argument);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(table, AccessShareLock);
}

static void
keep_row(Relation table, TupleTableSlot *slot, void *argument)
{
	if (slot == NULL)
		/* producers shall not fail for that */
		keep(incarnation_here(RESPOND_LIFE_UNKNOWN, 0, InvalidOid),
			 cstring_to_text(psprintf("/%s", get_database_name(MyDatabaseId))));
	else
		keep(incarnation_here(DatumGetInt64(column(table, slot, "incarnation")),
							  DatumGetInt64(column(table, slot, "system_identifier")),
							  DatumGetObjectId(column(table, slot, "database"))),
			 DatumGetTextPP(column(table, slot, "source")));
}

static void
read_row(void)
{
	Oid			oid = respond_relation_oid("respond_internal", "state");

	with_row(oid, keep_row, NULL);
	known_table = oid;
}

static void
look_at_hold(Relation table, TupleTableSlot *slot, void *argument)
{
	AttrNumber	number = get_attnum(RelationGetRelid(table), "hold");
	bool	   *held = argument;

	/* without the row, or the column, nobody knows; then it is safer to do nothing */
	*held = slot == NULL || number <= 0 || !slot_attisnull(slot, number);
}

bool
respond_life_is_held(void)
{
	Oid			schema = get_namespace_oid("respond_internal", true);
	Oid			oid = OidIsValid(schema) ? get_relname_relid("state", schema) : InvalidOid;
	bool		held = true;

	if (OidIsValid(oid))
		with_row(oid, look_at_hold, &held);
	return held;
}

int64
respond_life_incarnation(void)
{
	if (!OidIsValid(known_table))
		read_row();
	return known_incarnation;
}

text *
respond_life_source(void)
{
	if (!OidIsValid(known_table))
		read_row();
	return cstring_to_text_with_len(VARDATA(known_source), VARSIZE(known_source) - VARHDRSZ);
}

static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *argument)
{
	if (noted_in != mine)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		noted_in = parent;
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		noted_in = InvalidSubTransactionId;
}

static void
forget_note(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		noted_in = InvalidSubTransactionId;
}

void
respond_life_note_foreign(void)
{
	static bool registered = false;

	if (noted_in != InvalidSubTransactionId)
		return;
	if (!registered)
	{
		RegisterXactCallback(forget_note, NULL);
		RegisterSubXactCallback(follow_subtransaction, NULL);
		registered = true;
	}
	SPI_connect();
	respond_kept_plan_run_newest(&hold_for_foreign, NULL, NULL);
	SPI_finish();
	noted_in = GetCurrentSubTransactionId();
	if (respond_life_hold_changed != NULL)
		respond_life_hold_changed();
}

/* incarnation() → bigint: that of this database. */
Datum
respond_incarnation(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(respond_life_incarnation());
}

/* new_incarnation() → bigint: a random number for the script of the extension. */
Datum
respond_new_incarnation(PG_FUNCTION_ARGS)
{
	int64		incarnation = RESPOND_LIFE_UNKNOWN;

	while (incarnation == RESPOND_LIFE_UNKNOWN)
	{
		if (!pg_strong_random(&incarnation, sizeof(incarnation)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random number")));
	}
	PG_RETURN_INT64(incarnation);
}

/* forget_incarnation() → void: all sessions read it again, this one from the next command on. */
Datum
respond_forget_incarnation(PG_FUNCTION_ARGS)
{
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond_internal", "state"));
	known_table = InvalidOid;
	PG_RETURN_VOID();
}

/* foreign_row(): BEFORE INSERT trigger for each row of tables with a column incarnation. */
Datum
respond_foreign_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "foreign_row", "BEFORE", "ROW", NULL);
	Oid			table = RelationGetRelid(trigger->tg_relation);
	AttrNumber	number = get_attnum(table, "incarnation");
	bool		is_null;
	Datum		mark;

	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || number <= 0 || get_atttype(table, number) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "foreign_row",
						RelationGetRelationName(trigger->tg_relation)),
				 errdetail("It is for INSERT into tables with a column \"incarnation\".")));
	mark = slot_getattr(trigger->tg_trigslot, number, &is_null);
	if (is_null || DatumGetInt64(mark) != respond_life_incarnation())
		respond_life_note_foreign();
	return PointerGetDatum(trigger->tg_trigtuple);
}
