/*-------------------------------------------------------------------------
 * agent_role.c
 *	  Trigger that keeps the numbers of the roles that agents work as.
 *
 * src/desk/agent_role.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/xlog.h"
#include "commands/trigger.h"
#include "utils/acl.h"
#include "utils/rel.h"

#include "common/restore.h"
#include "common/trigger_call.h"
#include "desk/agent.h"

PG_FUNCTION_INFO_V1(respond_agent_role);

static Oid
require_role(const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("db_role: role \"%s\" does not exist", name),
				 errhint("It names the role that the agent works as in the database; NULL stands for none.")));
	return role;
}

static void
enter_role(Datum *values, bool *nulls)
{
	nulls[AGENT_ROLE_ID] = nulls[AGENT_ROLE_SYSTEM] = nulls[AGENT_DB_ROLE];
	if (nulls[AGENT_DB_ROLE])
		return;
	values[AGENT_ROLE_ID] = ObjectIdGetDatum(require_role(NameStr(*DatumGetName(values[AGENT_DB_ROLE]))));
	values[AGENT_ROLE_SYSTEM] = Int64GetDatum((int64) GetSystemIdentifier());
}

static void
keep_role(Datum *values, bool *nulls, TupleDesc desc, HeapTuple old)
{
	Datum		old_values[AGENT_COLUMNS];
	bool		old_nulls[AGENT_COLUMNS];

	respond_shape_deform(&respond_shape_agent, desc, old, old_values, old_nulls);
	for (int i = AGENT_ROLE_ID; i <= AGENT_ROLE_SYSTEM; i++)
	{
		values[i] = old_values[i];
		nulls[i] = old_nulls[i];
	}
}

/* BEFORE INSERT OR UPDATE on respond.agent for each row: db_role names a role when it is set, and means that one. */
Datum
respond_agent_role(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "agent_role", "BEFORE", "ROW", "agent");
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	bool		updates = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = updates ? trigger->tg_newtuple : trigger->tg_trigtuple;
	Datum		values[AGENT_COLUMNS];
	bool		nulls[AGENT_COLUMNS];
	int			column = respond_shape_place(&respond_shape_agent, desc, AGENT_DB_ROLE) + 1;

	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);
	respond_shape_deform(&respond_shape_agent, desc, tuple, values, nulls);
	if (updates && !bms_is_member(column - FirstLowInvalidHeapAttributeNumber, trigger->tg_updatedcols))
		keep_role(values, nulls, desc, trigger->tg_trigtuple);
	else
		enter_role(values, nulls);
	return PointerGetDatum(respond_shape_modify(&respond_shape_agent, desc, tuple, values, nulls));
}
