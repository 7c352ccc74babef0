/*-------------------------------------------------------------------------
 * member_reference.c
 *	  What foreign keys would keep between teams, agents and members of teams.
 *
 * As in reference.c: whoever refers to a row locks it, and rows of a dump are
 * left alone.  Members are no more than a link, so they go with what they link.
 *
 * src/desk/member_reference.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "common/kept_plan.h"
#include "common/restore.h"
#include "common/trigger_call.h"
#include "desk/agent.h"
#include "desk/ticket_columns.h"

PG_FUNCTION_INFO_V1(respond_member_reference);
PG_FUNCTION_INFO_V1(respond_members_follow);

/* What members refer to. */
typedef struct Referent
{
	const char *table;			/* "team" */
	const char *column;			/* of respond.team_member */
	const Shape *shape;
	KeptPlan	lock;
	KeptPlan	remove;
	KeptPlan	rename;
} Referent;

#define REFERENT(name, shape) \
	{ \
		name, name, &(shape), \
		{"SELECT FROM respond." name " AS t WHERE t.name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF t", 1, {TEXTOID}}, \
		{"DELETE FROM respond.team_member AS m WHERE $1 IS NULL OR m." name " OPERATOR(pg_catalog.=) $1", \
			1, {TEXTOID}}, \
		{"UPDATE respond.team_member AS m SET " name " = $2 WHERE m." name " OPERATOR(pg_catalog.=) $1", \
			2, {TEXTOID, TEXTOID}} \
	}

static Referent referents[] = {
	REFERENT("team", respond_shape_team),
	REFERENT("agent", respond_shape_agent),
};

static void
require_row(Referent *referent, HeapTuple tuple, TupleDesc desc)
{
	int			column = respond_column_place(&respond_shape_team_member, desc, referent->column) + 1;
	char	   *name = SPI_getvalue(tuple, desc, column);
	Datum		value;

	/* left to NOT NULL */
	if (name == NULL)
		return;
	value = CStringGetTextDatum(name);
	if (respond_kept_plan_run_as_owner(&referent->lock, &value, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("%s \"%s\" does not exist", referent->table, name),
				 errdetail("A member of a team refers to it."),
				 errhint("Create it with INSERT INTO respond.%s (name) VALUES (%s).", referent->table,
						 quote_literal_cstr(name))));
}

/* BEFORE INSERT OR UPDATE on respond.team_member for each row: team and agent exist. */
Datum
respond_member_reference(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "member_reference", "BEFORE", "ROW", "team_member");
	HeapTuple	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	SPI_connect();
	for (int i = 0; i < lengthof(referents); i++)
		require_row(&referents[i], tuple, RelationGetDescr(trigger->tg_relation));
	SPI_finish();
	return PointerGetDatum(tuple);
}

static Referent *
find_referent(const TriggerData *trigger)
{
	const char *name = RelationGetRelationName(trigger->tg_relation);

	for (int i = 0; i < lengthof(referents); i++)
		if (strcmp(referents[i].table, name) == 0)
			return &referents[i];
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "members_follow", name)));
}

static Datum
name_of(const Referent *referent, TupleTableSlot *row, TupleDesc desc)
{
	bool		is_null;

	return slot_getattr(row, respond_column_place(referent->shape, desc, "name") + 1, &is_null);
}

/*
 * AFTER DELETE OR UPDATE OF name for each row, or TRUNCATE for each statement, on
 * respond.team and respond.agent: members go, and change their names, along.
 */
Datum
respond_members_follow(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "members_follow", "AFTER", NULL, NULL);
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Referent   *referent = find_referent(trigger);
	Datum		names[2] = {0};

	if (respond_restore_in_progress())
		PG_RETURN_POINTER(NULL);
	(void) respond_trigger_call(fcinfo, "members_follow", "AFTER", NULL, referent->table);
	SPI_connect();
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		respond_kept_plan_run_newest(&referent->remove, names, "n");
	else
	{
		names[0] = name_of(referent, trigger->tg_trigslot, desc);
		if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
			respond_kept_plan_run_newest(&referent->remove, names, NULL);
		else
		{
			names[1] = name_of(referent, trigger->tg_newslot, desc);
			respond_kept_plan_run_newest(&referent->rename, names, NULL);
		}
	}
	SPI_finish();
	PG_RETURN_POINTER(NULL);
}
