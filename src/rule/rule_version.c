/*-------------------------------------------------------------------------
 * rule_version.c
 *	  Keeps the versions of rules, and says when rules changed.
 *
 * Runs name the version they began with, so a version must mean the same for
 * ever: numbers go on when a name is used again.
 *
 * src/rule/rule_version.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/pg_compat.h"
#include "common/shape.h"
#include "common/partition_write.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "effect/run_place.h"
#include "event/event_context.h"
#include "rule/rule_row.h"
#include "rule/rule_version.h"

PG_FUNCTION_INFO_V1(respond_rule_keep_version);
PG_FUNCTION_INFO_V1(respond_rules_changed);

int32
respond_rule_last_version(const char *name)
{
	Relation	table = respond_shape_open_heap(respond_relation_oid("respond", "rule_version"), AccessShareLock);
	Relation	index = index_open(respond_relation_oid("respond", "rule_version_pkey"), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	IndexScanDesc scan = respond_index_beginscan(table, index, snapshot, 1);
	ScanKeyData key;
	int32		version = 0;
	bool		is_null;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
	key.sk_collation = TupleDescAttr(RelationGetDescr(table),
									 respond_shape_place(&respond_shape_rule_version, RelationGetDescr(table),
														 RULE_NAME))->attcollation;
	index_rescan(scan, &key, 1, NULL, 0);
	if (index_getnext_slot(scan, BackwardScanDirection, slot))
		version = DatumGetInt32(slot_getattr(slot,
											 respond_shape_place(&respond_shape_rule_version, RelationGetDescr(table),
																 RULE_VERSION) + 1,
											 &is_null));
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return version;
}

static void
keep(PartitionWriter *writer, TupleTableSlot *row)
{
	Datum		values[VERSION_COLUMNS];
	bool		nulls[VERSION_COLUMNS];
	char	   *session_actor = respond_event_context_session_actor();

	respond_shape_read(&respond_shape_rule, row, values, nulls);
	values[VERSION_CHANGED_BY] = CStringGetTextDatum(respond_event_context_actor());
	nulls[VERSION_CHANGED_BY] = false;
	values[VERSION_CHANGED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	nulls[VERSION_CHANGED_AT] = false;
	nulls[VERSION_SESSION_ACTOR] = session_actor == NULL;
	if (session_actor != NULL)
		values[VERSION_SESSION_ACTOR] = CStringGetTextDatum(session_actor);
	respond_partition_writer_add(writer, 0, values, nulls);
}

static void
keep_all(PartitionWriter *writer, Relation rules)
{
	TupleTableSlot *slot = table_slot_create(rules, NULL);
	TableScanDesc scan = table_beginscan(rules, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		keep(writer, slot);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static bool
same_version(TriggerData *trigger)
{
	AttrNumber	column = respond_shape_place(&respond_shape_rule, RelationGetDescr(trigger->tg_relation),
											 RULE_VERSION) + 1;
	bool		is_null;

	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) &&
		DatumGetInt32(slot_getattr(trigger->tg_trigslot, column, &is_null)) ==
		DatumGetInt32(slot_getattr(trigger->tg_newslot, column, &is_null));
}

/* A rule that had a limit may have places for more runs now. */
static void
tell_queue(TriggerData *trigger)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		is_null;
	Datum		name = slot_getattr(trigger->tg_trigslot, respond_shape_place(&respond_shape_rule, desc, RULE_NAME) + 1,
									&is_null);

	(void) slot_getattr(trigger->tg_trigslot, respond_shape_place(&respond_shape_rule, desc, RULE_CONCURRENCY) + 1,
						&is_null);
	if (!is_null)
		respond_run_place_tell(TextDatumGetCString(name), NULL);
}

/*
 * rule_keep_version(): AFTER UPDATE OR DELETE FOR EACH ROW, and BEFORE
 * TRUNCATE, ON respond.rule
 */
Datum
respond_rule_keep_version(PG_FUNCTION_ARGS)
{
	bool		truncates = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_BY_TRUNCATE(((TriggerData *) fcinfo->context)->tg_event);
	TriggerData *trigger = respond_trigger_call(fcinfo, "rule_keep_version", truncates ? "BEFORE" : "AFTER",
												truncates ? "STATEMENT" : "ROW", "rule");
	PartitionWriter *writer;

	if (respond_restore_in_progress() ||
		(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) && same_version(trigger)))
		PG_RETURN_POINTER(NULL);
	writer = respond_partition_writer_open(respond_relation_oid("respond", "rule_version"),
										   &respond_shape_rule_version);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		keep(writer, trigger->tg_trigslot);
	else
		keep_all(writer, trigger->tg_relation);
	respond_partition_writer_close(writer);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		tell_queue(trigger);
	PG_RETURN_POINTER(NULL);
}

/*
 * rules_changed(): AFTER any change FOR EACH STATEMENT ON respond.rule, mute,
 * route and whatever else a rule set is made from.  All of them count as a
 * change of respond.rule: the message reaches other sessions when this
 * transaction commits, by COMMIT PREPARED too.
 */
Datum
respond_rules_changed(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "rules_changed", "AFTER", NULL, NULL);
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "rule"));
	PG_RETURN_POINTER(NULL);
}
