/*-------------------------------------------------------------------------
 * owner_names.c
 *	  Duty of the clock: the names of owners, and of the roles of agents and tokens, are those of today.
 *
 * ALTER ROLE ... RENAME brings the rules of its own database up to date; in the
 * others of the cluster, and for owners that came with a dump, it is done here.
 * Rules belong to numbers of roles, and agents work as them, so nothing but what people and dumps read
 * depends on it.  So are the sources of roles that are gone.  Nothing is asked
 * unless a role or one of the tables has changed.
 *
 * src/upkeep/owner_names.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/inval.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "desk/agent.h"
#include "event/producer.h"
#include "rule/rule_owner.h"
#include "upkeep/owner_names.h"
#include "upkeep/statement.h"

#define INTERVAL_MS		10000
#define LOCK_WAIT_MS	1000

static bool has_news = true;
static Oid	rule_table = InvalidOid;
static Oid	producer_table = InvalidOid;
static Oid	schedule_table = InvalidOid;
static Oid	agent_table = InvalidOid;
static Oid	token_table = InvalidOid;

/* The room of tokens stands behind this one; what is to be done takes no code of it. */
static KeptPlan refresh_tokens = {
	"UPDATE respond.api_token AS t SET db_role = r.rolname FROM pg_catalog.pg_roles AS r"
	" WHERE CASE WHEN t.role_system OPERATOR(pg_catalog.=) $1"
	" THEN r.oid OPERATOR(pg_catalog.=) t.role_id AND r.rolname OPERATOR(pg_catalog.<>) t.db_role"
	" ELSE r.rolname OPERATOR(pg_catalog.=) t.db_role END",
	1, {INT8OID}
};

static void
role_changed(Datum argument, int cache, uint32 hash)
{
	has_news = true;
}

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == rule_table || relation == producer_table ||
		relation == schedule_table || relation == agent_table || relation == token_table)
		has_news = true;
}

static void
listen_for_changes(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
		respond_relation_on_change(table_changed);
		registered = true;
	}
	AcceptInvalidationMessages();
}

static void
refresh_token_roles(void)
{
	Datum		system = Int64GetDatum((int64) GetSystemIdentifier());

	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&refresh_tokens, &system, NULL);
	SPI_finish();
}

TimestampTz
respond_owner_names_keep(TimestampTz now)
{
	listen_for_changes();
	if (has_news)
	{
		respond_statement_begin();
		respond_statement_limit_lock_wait(LOCK_WAIT_MS);
		rule_table = respond_relation_oid("respond", "rule");
		producer_table = respond_relation_oid("respond", "producer");
		schedule_table = respond_relation_oid("respond", "schedule");
		agent_table = respond_relation_oid("respond", "agent");
		token_table = respond_relation_oid("respond", "api_token");
		respond_rule_owners_refresh();
		(void) respond_producer_roles_gone();
		respond_agent_roles_refresh();
		refresh_token_roles();
		respond_statement_commit();
		has_news = false;
	}
	return TimestampTzPlusMilliseconds(now, INTERVAL_MS);
}
