/*-------------------------------------------------------------------------
 * rule_validate.c
 *	  Trigger that refuses rules which could not run.
 *
 * Whoever makes a rule, or changes what it does, must be allowed to act as its
 * owner: otherwise an admin could hang SQL on somebody else's rights.  Turning
 * a rule off, or describing it, needs no such right, and works on a rule that
 * is broken.
 *
 * A dump that is being loaded is taken as it is: the tables that conditions
 * name may not be there yet.
 *
 * src/rule/rule_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/owner_guard.h"
#include "common/owner_sql.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "flow/flow.h"
#include "rule/pattern_jsonb.h"
#include "rule/rule_row.h"
#include "rule/rule_version.h"

PG_FUNCTION_INFO_V1(respond_rule_validate);

/* Columns that decide what is done with the owner's rights. */
static const int behaviour[] = {
	RULE_EVENT_TYPE, RULE_PATTERN, RULE_CONDITION, RULE_CORRELATE, RULE_STEPS, RULE_ON_FAILURE,
	RULE_OWNER
};

/* Columns that the trigger keeps itself. */
static const int bookkeeping[] = {RULE_VERSION, RULE_CREATED_AT, RULE_UPDATED_AT};

typedef struct RowPair
{
	TupleDesc	desc;
	Datum		old_values[RULE_COLUMNS];
	bool		old_nulls[RULE_COLUMNS];
	Datum		values[RULE_COLUMNS];
	bool		nulls[RULE_COLUMNS];
} RowPair;

static bool
differs(const RowPair *pair, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(pair->desc, column);

	if (pair->old_nulls[column] || pair->nulls[column])
		return pair->old_nulls[column] != pair->nulls[column];
	return !datum_image_eq(pair->old_values[column], pair->values[column],
						   attribute->attbyval, attribute->attlen);
}

static bool
any_differs(const RowPair *pair, const int *columns, int count)
{
	for (int i = 0; i < count; i++)
		if (differs(pair, columns[i]))
			return true;
	return false;
}

static bool
is_changed(const RowPair *pair)
{
	for (int i = 0; i < RULE_COLUMNS; i++)
	{
		bool		kept = false;

		for (int j = 0; j < lengthof(bookkeeping); j++)
			kept |= bookkeeping[j] == i;
		if (!kept && differs(pair, i))
			return true;
	}
	return false;
}

static void
check_owner(const char *owner)
{
	Oid			role = respond_owner_find(owner);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("owner: role \"%s\" does not exist", owner),
				 errhint("The SQL of a rule runs with the rights of its owner.")));
#if PG_VERSION_NUM >= 160000
	if (!member_can_set_role(GetUserId(), role))
#else
	if (!is_member_of_role(GetUserId(), role))
#endif
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("owner: \"%s\" cannot make a rule that acts as \"%s\"",
						GetUserNameFromId(GetUserId(), false), owner),
				 errhint("Become the owner yourself, or have the role granted to you.")));
}

static void
require(const char *name, bool missing)
{
	if (missing)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: it cannot be null", name)));
}

static void
check_contents(const RuleRow *row)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rule check",
												  ALLOCSET_DEFAULT_SIZES);

	if (row->pattern != NULL)
		respond_pattern_check_jsonb("pattern", row->pattern);
	if (row->condition != NULL)
		respond_owner_sql_prepare(OWNER_SQL_CONDITION, row->condition, row->owner, "condition", context);
	if (row->correlate != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("correlate: state across events is not available in this version of pg_respond"),
				 errhint("Leave it NULL.")));
	respond_flow_compile(row->steps, row->on_failure, row->owner, true, context);
	MemoryContextDelete(context);
}

static void
check_rule(const RuleRow *row)
{
	require("name", row->name == NULL);
	respond_rule_check_name("rule", row->name);
	require("event_type", row->event_type == NULL);
	respond_rule_check_event_type(row->event_type);
	require("steps", row->steps == NULL);
	require("owner", row->owner == NULL);
}

static HeapTuple
with_bookkeeping(const RowPair *pair, HeapTuple tuple, int32 version, TimestampTz created_at,
				 TimestampTz updated_at)
{
	int			columns[] = {RULE_VERSION + 1, RULE_CREATED_AT + 1, RULE_UPDATED_AT + 1};
	Datum		values[] = {
		Int32GetDatum(version), TimestampTzGetDatum(created_at), TimestampTzGetDatum(updated_at)
	};
	bool		nulls[] = {false, false, false};

	return heap_modify_tuple_by_cols(tuple, pair->desc, lengthof(columns), columns, values, nulls);
}

static HeapTuple
validate_new(RowPair *pair, HeapTuple tuple)
{
	RuleRow		row;
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	respond_rule_row_read(&row, pair->values, pair->nulls);
	check_rule(&row);
	check_owner(row.owner);
	check_contents(&row);
	return with_bookkeeping(pair, tuple, respond_rule_last_version(row.name) + 1, now, now);
}

static HeapTuple
validate_changed(RowPair *pair, HeapTuple tuple)
{
	RuleRow		row;
	int32		version = DatumGetInt32(pair->old_values[RULE_VERSION]);
	TimestampTz created_at = DatumGetTimestampTz(pair->old_values[RULE_CREATED_AT]);
	TimestampTz updated_at = DatumGetTimestampTz(pair->old_values[RULE_UPDATED_AT]);
	bool		behaves = any_differs(pair, behaviour, lengthof(behaviour));

	if (!is_changed(pair))
		return with_bookkeeping(pair, tuple, version, created_at, updated_at);
	respond_rule_row_read(&row, pair->values, pair->nulls);
	check_rule(&row);
	if (behaves)
		check_owner(row.owner);
	if (behaves || (row.enabled && differs(pair, RULE_ENABLED)))
		check_contents(&row);
	/* A rule that takes over the name of a former one goes on counting there. */
	if (differs(pair, RULE_NAME))
		version = Max(version, respond_rule_last_version(row.name));
	return with_bookkeeping(pair, tuple, version + 1, created_at, GetCurrentTransactionStartTimestamp());
}

/* rule_validate(): BEFORE INSERT OR UPDATE ON respond.rule FOR EACH ROW */
Datum
respond_rule_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "rule_validate", "BEFORE", "ROW", "rule");
	HeapTuple	tuple;
	RowPair		pair;

	pair.desc = RelationGetDescr(trigger->tg_relation);
	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	heap_deform_tuple(tuple, pair.desc, pair.values, pair.nulls);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		return PointerGetDatum(validate_new(&pair, tuple));
	heap_deform_tuple(trigger->tg_trigtuple, pair.desc, pair.old_values, pair.old_nulls);
	return PointerGetDatum(validate_changed(&pair, tuple));
}
