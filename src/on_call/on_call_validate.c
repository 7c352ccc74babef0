/*-------------------------------------------------------------------------
 * on_call_validate.c
 *	  What triggers check on rotations, their members, layers and overrides.
 *
 * What these refer to is kept as by foreign keys; see desk/reference.c for why
 * there are none.  Rows go with what they refer to, and follow its name.
 *
 * src/on_call/on_call_validate.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "calendar/hours.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "common/zone_read.h"
#include "on_call/on_call_row.h"

PG_FUNCTION_INFO_V1(respond_rotation_validate);
PG_FUNCTION_INFO_V1(respond_rotation_member_validate);
PG_FUNCTION_INFO_V1(respond_on_call_layer_validate);
PG_FUNCTION_INFO_V1(respond_on_call_override_validate);
PG_FUNCTION_INFO_V1(respond_on_call_follow);

#define LOCK(table) \
	{"SELECT FROM respond." table " AS t WHERE t.name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF t", 1, {TEXTOID}}

static KeptPlan lock_team = LOCK("team");
static KeptPlan lock_agent = LOCK("agent");
static KeptPlan lock_rotation = LOCK("rotation");

/* A column that refers to a row of another table. */
typedef struct Referrer
{
	const char *referent;		/* the other table */
	KeptPlan	remove;
	KeptPlan	rename;
} Referrer;

#define REFERRER(referent, table, column) \
	{ \
		referent, \
		{"DELETE FROM respond." table " AS r WHERE ($1 IS NULL AND r." column " IS NOT NULL)" \
			" OR r." column " OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}}, \
		{"UPDATE respond." table " AS r SET " column " = $2 WHERE r." column " OPERATOR(pg_catalog.=) $1", \
			2, {TEXTOID, TEXTOID}} \
	}

static Referrer referrers[] = {
	REFERRER("team", "on_call_layer", "team"),
	REFERRER("team", "on_call_override", "team"),
	REFERRER("agent", "rotation_member", "agent"),
	REFERRER("agent", "on_call_layer", "agent"),
	REFERRER("agent", "on_call_override", "agent"),
	REFERRER("agent", "on_call_override", "with_agent"),
	REFERRER("rotation", "rotation_member", "rotation"),
	REFERRER("rotation", "on_call_layer", "rotation"),
};

/* A row as a trigger finds it. */
typedef struct Row
{
	HeapTuple	tuple;
	bool		checked;		/* false: it comes from a dump */
	Datum		values[LAYER_COLUMNS];
	bool		nulls[LAYER_COLUMNS];
} Row;

static void
refuse(const char *place, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", place, fault),
			 errhint("%s", hint)));
}

static Row *
begin(FunctionCallInfo fcinfo, const char *function, const Shape *shape)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, function, "BEFORE", "ROW", shape->table + strlen("respond."));
	Row		   *row = palloc0(sizeof(Row));

	row->tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	row->checked = !respond_restore_in_progress();
	if (row->checked)
		respond_shape_deform(shape, RelationGetDescr(trigger->tg_relation), row->tuple, row->values, row->nulls);
	return row;
}

static void
require_row(KeptPlan *lock, const char *table, const char *name, const char *who)
{
	Datum		value;
	bool		found;

	if (name == NULL)
		return;
	SPI_connect();
	value = CStringGetTextDatum(name);
	found = respond_kept_plan_run_as_owner(lock, &value, NULL) > 0;
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("%s \"%s\" does not exist", table, name),
				 errdetail("%s refers to it.", who),
				 errhint("respond.%s lists those that exist.", table)));
}

static void
check_zone(const Row *row, int column)
{
	char	   *timezone = respond_row_text(row->values, row->nulls, column);

	if (timezone != NULL)
		(void) respond_zone_read("timezone", timezone);
}

static void
check_span(const Row *row, int from, int to, const char *place, const char *before)
{
	if (!row->nulls[from] && !row->nulls[to] &&
		DatumGetTimestampTz(row->values[to]) <= DatumGetTimestampTz(row->values[from]))
		refuse(place, psprintf("it is not after %s", before),
			   "Write the time at which it ends, which is after its begin.");
}

/* rotation_validate(): BEFORE INSERT OR UPDATE ON respond.rotation FOR EACH ROW */
Datum
respond_rotation_validate(PG_FUNCTION_ARGS)
{
	Row		   *row = begin(fcinfo, "rotation_validate", &respond_shape_rotation);
	char	   *name;
	char	   *unit;
	RotationUnit known;

	if (!row->checked)
		return PointerGetDatum(row->tuple);
	name = respond_row_text(row->values, row->nulls, ROTATION_NAME);
	if (name != NULL && name[0] == '\0')
		refuse("name", "it is empty", "Give the rotation a name.");
	if (name != NULL && strlen(name) > ROTATION_LONGEST_NAME)
		refuse("name", psprintf("it is longer than %d bytes", ROTATION_LONGEST_NAME), "Give a shorter name.");
	check_zone(row, ROTATION_TIMEZONE);
	unit = respond_row_text(row->values, row->nulls, ROTATION_UNIT);
	if (unit != NULL && !respond_rotation_unit(unit, &known))
		refuse("unit", psprintf("there is no unit \"%s\"", unit), "Write hour, day, week or month.");
	if (!row->nulls[ROTATION_LENGTH] && (DatumGetInt32(row->values[ROTATION_LENGTH]) < 1 ||
										 DatumGetInt32(row->values[ROTATION_LENGTH]) > ROTATION_LONGEST))
		refuse("length", psprintf("it is not from 1 to %d", ROTATION_LONGEST),
			   "Write how many hours, days, weeks or months a shift has.");
	if (!row->nulls[ROTATION_STARTS])
	{
		Timestamp	starts = DatumGetTimestamp(row->values[ROTATION_STARTS]);

		if (TIMESTAMP_NOT_FINITE(starts))
			refuse("starts", "it is infinite", "Write the local time of the first handoff.");
		if (starts % USECS_PER_SEC != 0)
			refuse("starts", "it has a fraction of a second",
				   "Write the local time of the first handoff in whole seconds.");
	}
	return PointerGetDatum(row->tuple);
}

/* rotation_member_validate(): BEFORE INSERT OR UPDATE ON respond.rotation_member FOR EACH ROW */
Datum
respond_rotation_member_validate(PG_FUNCTION_ARGS)
{
	Row		   *row = begin(fcinfo, "rotation_member_validate", &respond_shape_rotation_member);

	if (!row->checked)
		return PointerGetDatum(row->tuple);
	require_row(&lock_rotation, "rotation", respond_row_text(row->values, row->nulls, MEMBER_ROTATION),
				"A member of a rotation");
	require_row(&lock_agent, "agent", respond_row_text(row->values, row->nulls, MEMBER_AGENT),
				"A member of a rotation");
	check_span(row, MEMBER_VALID_FROM, MEMBER_VALID_TO, "valid_to", "valid_from");
	return PointerGetDatum(row->tuple);
}

static void
check_windows(Jsonb *windows)
{
	MemoryContext context;
	WeekHours	week;
	Arena	   *arena;
	HoursError	error;

	if (windows == NULL)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond windows check", ALLOCSET_SMALL_SIZES);
	arena = respond_arena_create_in(context);
	/* the place begins with "hours" */
	if (!respond_week_hours_read(arena, respond_json_value_from_jsonb(arena, windows), &week, &error))
		refuse(psprintf("windows%s", error.place + strlen("hours")), error.reason, error.remedy);
	MemoryContextDelete(context);
}

/* on_call_layer_validate(): BEFORE INSERT OR UPDATE ON respond.on_call_layer FOR EACH ROW */
Datum
respond_on_call_layer_validate(PG_FUNCTION_ARGS)
{
	Row		   *row = begin(fcinfo, "on_call_layer_validate", &respond_shape_on_call_layer);

	if (!row->checked)
		return PointerGetDatum(row->tuple);
	if (row->nulls[LAYER_ROTATION] == row->nulls[LAYER_AGENT])
		refuse("rotation", row->nulls[LAYER_AGENT] ? "the layer has neither a rotation nor an agent" :
			   "the layer has a rotation and an agent",
			   "Write who is on in this layer: either a rotation or an agent.");
	require_row(&lock_team, "team", respond_row_text(row->values, row->nulls, LAYER_TEAM), "A layer");
	require_row(&lock_rotation, "rotation", respond_row_text(row->values, row->nulls, LAYER_ROTATION), "A layer");
	require_row(&lock_agent, "agent", respond_row_text(row->values, row->nulls, LAYER_AGENT), "A layer");
	check_windows(respond_row_jsonb(row->values, row->nulls, LAYER_WINDOWS));
	check_zone(row, LAYER_TIMEZONE);
	check_span(row, LAYER_VALID_FROM, LAYER_VALID_TO, "valid_to", "valid_from");
	return PointerGetDatum(row->tuple);
}

/* on_call_override_validate(): BEFORE INSERT OR UPDATE ON respond.on_call_override FOR EACH ROW */
Datum
respond_on_call_override_validate(PG_FUNCTION_ARGS)
{
	Row		   *row = begin(fcinfo, "on_call_override_validate", &respond_shape_on_call_override);
	char	   *kind;
	OverrideKind known = OVERRIDE_ADD;

	if (!row->checked)
		return PointerGetDatum(row->tuple);
	kind = respond_row_text(row->values, row->nulls, OVERRIDE_KIND);
	if (kind != NULL && !respond_override_kind(kind, &known))
		refuse("kind", psprintf("there is no kind \"%s\"", kind), "Write replace, remove or add.");
	if (kind != NULL && (known == OVERRIDE_REPLACE) == row->nulls[OVERRIDE_WITH_AGENT])
		refuse("with_agent", known == OVERRIDE_REPLACE ? "it is missing" : "it is given",
			   "It says who replaces the agent of an override of kind replace, and is NULL for the other kinds.");
	require_row(&lock_team, "team", respond_row_text(row->values, row->nulls, OVERRIDE_TEAM), "An override");
	require_row(&lock_agent, "agent", respond_row_text(row->values, row->nulls, OVERRIDE_AGENT), "An override");
	require_row(&lock_agent, "agent", respond_row_text(row->values, row->nulls, OVERRIDE_WITH_AGENT), "An override");
	check_span(row, OVERRIDE_FROM_TIME, OVERRIDE_TO_TIME, "to_time", "from_time");
	return PointerGetDatum(row->tuple);
}

static Datum
name_in(TupleTableSlot *slot, TupleDesc desc)
{
	bool		is_null;

	for (int i = 0; i < desc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), "name") == 0 && !TupleDescAttr(desc, i)->attisdropped)
			return slot_getattr(slot, i + 1, &is_null);
	elog(ERROR, "a table has no column \"name\"");
}

static bool
is_referent(const char *table)
{
	for (int i = 0; i < lengthof(referrers); i++)
		if (strcmp(referrers[i].referent, table) == 0)
			return true;
	return false;
}

/*
 * on_call_follow(): AFTER DELETE OR UPDATE OF name for each row, or TRUNCATE for
 * each statement, on respond.team, respond.agent and respond.rotation: rows that
 * refer to one go, and change the name, along.
 */
Datum
respond_on_call_follow(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "on_call_follow", "AFTER", NULL, NULL);
	const char *table = RelationGetRelationName(trigger->tg_relation);
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Datum		names[2] = {0};
	bool		of_row = TRIGGER_FIRED_FOR_ROW(trigger->tg_event);
	bool		renames = of_row && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);

	if (!is_referent(table))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "on_call_follow", table)));
	(void) respond_trigger_call(fcinfo, "on_call_follow", "AFTER", NULL, table);
	if (!of_row && !TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called for each row", "on_call_follow")));
	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);
	if (of_row)
		names[0] = name_in(trigger->tg_trigslot, desc);
	if (renames)
		names[1] = name_in(trigger->tg_newslot, desc);
	SPI_connect();
	for (int i = 0; i < lengthof(referrers); i++)
	{
		if (strcmp(referrers[i].referent, table) != 0)
			continue;
		if (renames)
			respond_kept_plan_run_newest(&referrers[i].rename, names, NULL);
		else
			respond_kept_plan_run_newest(&referrers[i].remove, names, of_row ? NULL : "n");
	}
	SPI_finish();
	PG_RETURN_POINTER(NULL);
}
