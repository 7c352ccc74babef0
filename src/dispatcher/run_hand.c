/*-------------------------------------------------------------------------
 * run_hand.c
 *	  A session takes a run in hand: its row is locked, and who asks may do that.
 *
 * src/dispatcher/run_hand.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/standby.h"
#include "dispatcher/run_hand.h"
#include "event/event_context.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"

static KeptPlan lock_plan = {
	"SELECT r.started_at FROM respond.run AS r WHERE r.id OPERATOR(pg_catalog.=) $1 FOR UPDATE", 1, {INT8OID}
};

static KeptPlan see_plan = {
	"SELECT FROM respond.run AS r WHERE r.id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};

void
respond_run_hand_require_writes(const char *function)
{
	respond_standby_refuse(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

/* False when there is none. */
static bool
lock_row(int64 id, TimestampTz *started_at)
{
	Datum		value = Int64GetDatum(id);
	bool		is_null;
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_newest(&lock_plan, &value, NULL) > 0;
	if (found)
		*started_at = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}

/* The row changes when the run goes on; what its own SQL did to it would be lost. */
static void
refuse_self(int64 id, const char *function)
{
	if (id != 0 && respond_event_context()->run_id == id)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called for the run that calls it", function),
				 errhint("A run ends itself with action \"stop\" or \"fail\".")));
}

/*
 * A condition runs in a subtransaction while what rules did before it waits in the
 * buffer of effects.  That would be written there, and be gone when the condition fails.
 */
static void
refuse_condition(const char *function)
{
	const EventContext *context = respond_event_context();

	if (context->rule != NULL && context->run_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s cannot be called in the condition of a rule", function),
				 errhint("Call it in a step with action \"sql\".")));
}

RunUnderWay *
respond_run_hand_take(int64 id, const char *function)
{
	TimestampTz started_at;
	RunUnderWay *run;

	refuse_self(id, function);
	refuse_condition(function);
	if (!lock_row(id, &started_at))
		return NULL;
	PushActiveSnapshot(GetLatestSnapshot());
	run = respond_run_find_any(id, started_at);
	PopActiveSnapshot();
	return run;
}

static void
refuse_unknown(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("run " INT64_FORMAT " does not exist", id),
			 errhint("Runs are dropped with their partition, see \"pg_respond.event_retention\".")));
}

RunUnderWay *
respond_run_hand_require(int64 id, const char *function)
{
	RunUnderWay *run = respond_run_hand_take(id, function);

	if (run == NULL)
		refuse_unknown(id);
	return run;
}

/* Leave that the owner took back, or that another owner gives, does not count. */
static bool
has_leave(const char *rule, Oid owner)
{
	RuleRow		today;

	return respond_rule_find(rule, &today) && OidIsValid(owner) && respond_rule_owner(&today) == owner &&
		respond_rule_has_leave(GetUserId(), &today);
}

static bool
is_admin(void)
{
	Oid			admins = get_role_oid("respond_admin", true);

	return OidIsValid(admins) && has_privs_of_role(GetUserId(), admins);
}

/* Whether the row policy of runs hides it from the caller. */
static bool
is_hidden(int64 id)
{
	Oid			table = respond_relation_oid("respond", "run");
	Datum		value = Int64GetDatum(id);
	bool		hidden;

	if (check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return true;
	SPI_connect();
	hidden = respond_kept_plan_run(&see_plan, &value, NULL) == 0;
	SPI_finish();
	return hidden;
}

/* Whether the caller may do that to runs of this version of the rule, which is found. */
static bool
may_act(const RunUnderWay *run, RuleRow *row, bool *found, bool admins)
{
	Oid			owner;

	*found = respond_rule_find_version(run->rule, run->rule_version, row);
	owner = *found ? respond_rule_owner(row) : InvalidOid;
	return respond_rule_acts_as(GetUserId(), owner) || has_leave(run->rule, owner) || (admins && is_admin());
}

bool
respond_run_hand_knows(const RunUnderWay *run)
{
	RuleRow		row;
	bool		found;

	return may_act(run, &row, &found, true) || !is_hidden(run->id);
}

const RuleRow *
respond_run_hand_allow(const RunUnderWay *run, const char *what, bool admins)
{
	RuleRow    *row = palloc(sizeof(RuleRow));
	bool		found;

	if (may_act(run, row, &found, admins))
		return found ? row : NULL;
	if (is_hidden(run->id))
		refuse_unknown(run->id);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to %s run " INT64_FORMAT " of rule \"%s\"", what, run->id, run->rule),
			 found ? errdetail("It acts with the rights of the rule's owner, role \"%s\".", row->owner) : 0,
			 errhint("The owner can allow a role to do that: UPDATE respond.rule SET start_roles = ARRAY['...']"
					 " WHERE name = ...")));
	return NULL;
}
