/*-------------------------------------------------------------------------
 * rule_validate.c
 *	  Trigger that refuses rules which could not run.
 *
 * Whoever makes a rule, turns it on, or changes anything that decides when and
 * in what order it acts, must be allowed to act as its owner: otherwise an admin
 * could make somebody else's rights act.  Turning a rule off, to shadow, or
 * describing it needs no such right, and works on a rule that is broken.
 * Whoever makes somebody's rule their own needs the new owner's right alone:
 * they could as well delete it and make another.
 *
 * A dump that is being loaded is taken as it is: the tables that conditions
 * name may not be there yet.
 *
 * src/rule/rule_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "flow/flow_compile.h"
#include "match/pattern_jsonb.h"
#include "owner/owner_guard.h"
#include "owner/owner_sql.h"
#include "rule/rule_call.h"
#include "rule/rule_owner.h"
#include "rule/rule_row.h"
#include "rule/rule_version.h"

PG_FUNCTION_INFO_V1(respond_rule_validate);

/* Columns that say what the rule is and does, whose SQL and steps are checked. */
static const int behaviour[] = {
	RULE_EVENT_TYPE, RULE_PATTERN, RULE_CONDITION, RULE_CORRELATE, RULE_STEPS, RULE_ON_FAILURE,
	RULE_TIMEZONE, RULE_CONCURRENCY, RULE_CANCEL_ON, RULE_ON_CANCEL
};

/* Columns that the trigger keeps itself; of the owner, the number counts. */
static const int bookkeeping[] = {
	RULE_OWNER, RULE_VERSION, RULE_CREATED_AT, RULE_UPDATED_AT, RULE_OWNER_ID, RULE_START_ROLE_IDS,
	RULE_OWNER_SYSTEM
};

typedef struct RowPair
{
	TupleDesc	desc;
	int			places[RULE_COLUMNS];	/* of our columns in the table */
	Datum	   *old_values;
	bool	   *old_nulls;
	Datum	   *values;
	bool	   *nulls;
	RuleRow		old_row;
	RuleRow		row;
	bool		owner_changed;
	bool		owner_named;	/* the statement sets the column */
} RowPair;

static bool
differs(const RowPair *pair, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(pair->desc, pair->places[column]);

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
is_bookkeeping(int column)
{
	for (int i = 0; i < lengthof(bookkeeping); i++)
		if (bookkeeping[i] == column)
			return true;
	return false;
}

static bool
is_changed(const RowPair *pair)
{
	for (int i = 0; i < RULE_COLUMNS; i++)
		if (!is_bookkeeping(i) && differs(pair, i))
			return true;
	return pair->owner_changed;
}

/* Turning off, taking leave back and describing makes nobody's rights act. */
static bool
is_harmless(const RowPair *pair, int column)
{
	switch (column)
	{
		case RULE_FOLDER:
		case RULE_DESCRIPTION:
			return true;
		case RULE_ENABLED:
			return !pair->row.enabled;
		case RULE_SHADOW:
			return pair->row.shadow;
		case RULE_START_ROLES:
			return respond_rule_start_roles_within(&pair->row, &pair->old_row);
		default:
			return is_bookkeeping(column);
	}
}

static void
check_owner(const RuleRow *row)
{
	if (!respond_rule_acts_as(GetUserId(), row->owner_id))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("owner: \"%s\" cannot make a rule that acts as \"%s\"",
						GetUserNameFromId(GetUserId(), false), row->owner),
				 errhint("Become the owner yourself, or have the role granted to you.")));
}

static void
require_owner(const RuleRow *row)
{
	if (!OidIsValid(respond_rule_owner(row)))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s", respond_rule_owner_fault(row)),
				 errhint("Give the rule to a role: UPDATE respond.rule SET owner = ...")));
}

/* Who changes what makes the rule act needs the right to act as its owner. */
static void
check_changes(const RowPair *pair)
{
	const RuleRow *row = &pair->row;

	if (pair->owner_changed || any_differs(pair, behaviour, lengthof(behaviour)))
	{
		check_owner(row);
		return;
	}
	for (int i = 0; i < RULE_COLUMNS; i++)
	{
		if (!differs(pair, i) || is_harmless(pair, i) || respond_rule_acts_as(GetUserId(), row->owner_id))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s: \"%s\" cannot change this for a rule that acts as \"%s\"",
						respond_shape_rule.columns[i].name, GetUserNameFromId(GetUserId(), false), row->owner),
				 errdetail("Others may turn a rule off, set it to shadow, reduce who may start it, and describe it."),
				 errhint("Have the role of the owner granted to you, or make the rule your own: UPDATE respond.rule SET"
						 " owner = current_user ...")));
	}
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
	FlowSource	source = respond_rule_row_flow(row, row->owner_id);

	if (row->pattern != NULL)
		respond_pattern_check_jsonb("pattern", row->pattern);
	if (row->condition != NULL)
		respond_owner_sql_prepare(OWNER_SQL_CONDITION, row->condition, row->owner_id, "condition", NULL, context);
	if (row->correlate != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("correlate: state across events is not available in this version of pg_respond"),
				 errhint("Leave it NULL.")));
	respond_flow_compile(&source, true, context);
	respond_rule_call_check(row);
	MemoryContextDelete(context);
}

/* A rule that had such a name before it was refused may keep it. */
static void
check_new_name(const char *name)
{
	if (strncmp(name, RULE_OF_SCHEDULE, strlen(RULE_OF_SCHEDULE)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("name: \"%s\" begins with \"" RULE_OF_SCHEDULE "\"", name),
				 errdetail("Runs and statistics of schedules have such names."),
				 errhint("Choose another name.")));
}

static void
check_rule(const RuleRow *row)
{
	require("name", row->name == NULL);
	respond_name_check("rule", row->name);
	require("event_type", row->event_type == NULL);
	respond_name_check_event_type(row->event_type);
	require("steps", row->steps == NULL);
	require("owner", row->owner == NULL);
}

static void
take_apart(const RowPair *pair, HeapTuple tuple, Datum **values, bool **nulls, RuleRow *row)
{
	*values = palloc(RULE_COLUMNS * sizeof(Datum));
	*nulls = palloc(RULE_COLUMNS * sizeof(bool));
	respond_shape_deform(&respond_shape_rule, pair->desc, tuple, *values, *nulls);
	respond_rule_row_read(row, *values, *nulls);
}

static Oid
find_owner(const char *owner)
{
	Oid			role = respond_owner_find(owner);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("owner: role \"%s\" does not exist", owner),
				 errhint("The SQL of a rule runs with the rights of its owner.")));
	return role;
}

/*
 * Whose the changed rule is.  Its old owner keeps it unless the statement names
 * another, or names the role that now has the name of one that is gone.
 */
static void
settle_owner(RowPair *pair)
{
	RuleRow    *row = &pair->row;
	Oid			before = respond_rule_owner(&pair->old_row);
	bool		renames = strcmp(row->owner, pair->old_row.owner) != 0;
	Oid			owner = before;

	if (renames || (pair->owner_named && !OidIsValid(before)))
		owner = find_owner(row->owner);
	pair->owner_changed = owner != before;
	/* an owner that is gone stays on record as it was */
	row->owner_id = pair->old_row.owner_id;
	row->owner_system = pair->old_row.owner_system;
	row->start_role_ids = pair->old_row.start_role_ids;
	if (OidIsValid(owner))
		respond_rule_owner_set(row, owner);
	if (differs(pair, RULE_START_ROLES))
		respond_rule_start_roles_set(row);
}

static HeapTuple
with_bookkeeping(const RowPair *pair, HeapTuple tuple, int32 version, TimestampTz created_at,
				 TimestampTz updated_at)
{
	const RuleRow *row = &pair->row;
	int			columns[] = {
		RULE_VERSION, RULE_CREATED_AT, RULE_UPDATED_AT, RULE_OWNER, RULE_OWNER_ID, RULE_OWNER_SYSTEM,
		RULE_START_ROLES, RULE_START_ROLE_IDS
	};
	NameData	owner = {""};
	Datum		values[] = {
		Int32GetDatum(version), TimestampTzGetDatum(created_at), TimestampTzGetDatum(updated_at),
		NameGetDatum(&owner), ObjectIdGetDatum(row->owner_id), Int64GetDatum(row->owner_system),
		PointerGetDatum(row->start_roles), PointerGetDatum(row->start_role_ids)
	};
	bool		nulls[] = {
		false, false, false, row->owner == NULL, !OidIsValid(row->owner_id), row->owner_system == 0,
		row->start_roles == NULL, row->start_role_ids == NULL
	};

	namestrcpy(&owner, row->owner != NULL ? row->owner : "");
	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = pair->places[columns[i]] + 1;
	return heap_modify_tuple_by_cols(tuple, pair->desc, lengthof(columns), columns, values, nulls);
}

static HeapTuple
validate_new(RowPair *pair, HeapTuple tuple)
{
	RuleRow    *row = &pair->row;
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	check_rule(row);
	check_new_name(row->name);
	respond_rule_owner_set(row, find_owner(row->owner));
	respond_rule_start_roles_set(row);
	check_owner(row);
	check_contents(row);
	return with_bookkeeping(pair, tuple, respond_rule_last_version(row->name) + 1, now, now);
}

static HeapTuple
validate_changed(RowPair *pair, HeapTuple tuple)
{
	RuleRow    *row = &pair->row;
	RuleRow    *old = &pair->old_row;
	bool		moves = respond_rule_owner_change() == OWNER_CHANGE_MOVE;
	int32		version = old->version;

	check_rule(row);
	if (differs(pair, RULE_NAME))
		check_new_name(row->name);
	settle_owner(pair);
	if (!is_changed(pair))
		return with_bookkeeping(pair, tuple, version, old->created_at, old->updated_at);
	if (!moves)
		check_changes(pair);
	if (!moves && (pair->owner_changed || any_differs(pair, behaviour, lengthof(behaviour)) ||
				   (row->enabled && differs(pair, RULE_ENABLED))))
	{
		require_owner(row);
		check_contents(row);
	}
	else if (differs(pair, RULE_NAME))
		respond_rule_call_check(row);
	/* A rule that takes over the name of a former one goes on counting there. */
	if (differs(pair, RULE_NAME))
		version = Max(version, respond_rule_last_version(row->name));
	return with_bookkeeping(pair, tuple, version + 1, old->created_at, GetCurrentTransactionStartTimestamp());
}

/* The row as it is, but for the roles that it names. */
static HeapTuple
refresh_roles(RowPair *pair, HeapTuple tuple)
{
	RuleRow    *row = &pair->row;

	if (row->owner != NULL)
		respond_rule_roles_refresh(row);
	return with_bookkeeping(pair, tuple, row->version, row->created_at, row->updated_at);
}

/* rule_validate(): BEFORE INSERT OR UPDATE ON respond.rule FOR EACH ROW */
Datum
respond_rule_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "rule_validate", "BEFORE", "ROW", "rule");
	bool		updates = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = updates ? trigger->tg_newtuple : trigger->tg_trigtuple;
	RowPair		pair = {.desc = RelationGetDescr(trigger->tg_relation)};

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_find(&respond_shape_rule, pair.desc, pair.places);
	take_apart(&pair, tuple, &pair.values, &pair.nulls, &pair.row);
	if (respond_rule_owner_change() == OWNER_CHANGE_REFRESH)
		return PointerGetDatum(refresh_roles(&pair, tuple));
	if (!updates)
		return PointerGetDatum(validate_new(&pair, tuple));
	take_apart(&pair, trigger->tg_trigtuple, &pair.old_values, &pair.old_nulls, &pair.old_row);
	pair.owner_named = bms_is_member(pair.places[RULE_OWNER] + 1 - FirstLowInvalidHeapAttributeNumber,
									 trigger->tg_updatedcols);
	return PointerGetDatum(validate_changed(&pair, tuple));
}
