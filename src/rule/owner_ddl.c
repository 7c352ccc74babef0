/*-------------------------------------------------------------------------
 * owner_ddl.c
 *	  What statements about roles do to the rules of this database.
 *
 *	ALTER ROLE ... RENAME	rules show the new name at once
 *	REASSIGN OWNED			rules go to the new owner with everything else
 *	DROP ROLE				a warning names the rules that cannot run any more;
 *							sources that were the role's alone are nobody's
 *	REASSIGN OWNED BY, DROP OWNED BY the role of the workers: refused, because the
 *							workers could not act on their own tables any more
 *
 * The catalogs know nothing of rows, so DROP ROLE cannot be refused as it would
 * be for a table: rules in other databases could not be looked at anyway.
 *
 * src/rule/owner_ddl.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "common/contain.h"
#include "common/door.h"
#include "common/kept_plan.h"
#include "common/owner_guard.h"
#include "event/producer.h"
#include "rule/rule_owner.h"

#define LOCK_WAIT	"1s"

static ProcessUtility_hook_type previous_hook = NULL;

static bool
is_about_roles(Node *tree)
{
	switch (nodeTag(tree))
	{
		case T_ReassignOwnedStmt:
		case T_DropOwnedStmt:
		case T_DropRoleStmt:
			return true;
		case T_RenameStmt:
			return ((RenameStmt *) tree)->renameType == OBJECT_ROLE;
		default:
			return false;
	}
}

static bool
has_rules(void)
{
	return IsTransactionState() && OidIsValid(MyDatabaseId) && !RecoveryInProgress() && !XactReadOnly &&
		OidIsValid(get_extension_oid("pg_respond", true));
}

/* The numbers of the roles of a list of RoleSpec; those that there are not are left to the statement. */
static List *
role_oids(List *roles)
{
	List	   *oids = NIL;
	ListCell   *cell;

	foreach(cell, roles)
	{
		Oid			role = get_rolespec_oid(lfirst_node(RoleSpec, cell), true);

		if (OidIsValid(role))
			oids = lappend_oid(oids, role);
	}
	return oids;
}

static void
keep_tables(List *roles, const char *statement)
{
	Oid			owner = respond_door_owner();

	if (list_member_oid(roles, owner))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot run %s BY \"%s\" in a database with pg_respond", statement,
						GetUserNameFromId(owner, false)),
				 errdetail("The workers act as this role on tables that must belong to it."),
				 errhint("DROP EXTENSION pg_respond removes everything that it owns here.")));
}

static KeptPlan names_plan = {
	"SELECT pg_catalog.string_agg(n.name, ', ' ORDER BY n.name) FROM (SELECT pg_catalog.format('\"%s\"', r.name) AS name"
	" FROM respond.rule AS r WHERE r.owner_id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY r.name LIMIT 20) AS n",
	1, {OIDARRAYOID}
};

/* The rules of these roles, quoted; NULL: none. */
static char *
rules_of(List *roles)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum	   *ids = palloc(Max(1, list_length(roles)) * sizeof(Datum));
	Datum		value;
	char	   *names = NULL;

	for (int i = 0; i < list_length(roles); i++)
		ids[i] = ObjectIdGetDatum(list_nth_oid(roles, i));
	value = PointerGetDatum(construct_array(ids, list_length(roles), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	SPI_connect();
	if (respond_kept_plan_run_as_owner(&names_plan, &value, NULL) == 1)
		names = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (names != NULL)
		names = MemoryContextStrdup(caller, names);
	SPI_finish();
	return names;
}

typedef struct Look
{
	List	   *roles;
	char	   *rules;
} Look;

static void
limit_lock_wait(void)
{
	(void) set_config_option("lock_timeout", LOCK_WAIT, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* In a subtransaction of its own. */
static void
look_soon(void *argument)
{
	Look	   *look = argument;
	int			level = NewGUCNestLevel();

	limit_lock_wait();
	look->rules = rules_of(look->roles);
	AtEOXact_GUC(true, level);
}

/* For a warning, which is not worth waiting for when somebody locks the table. */
static char *
look_for_rules(List *roles)
{
	Look		look = {.roles = roles};
	ErrorData  *error = respond_contain_try(look_soon, &look);

	if (error == NULL)
		return look.rules;
	ereport(WARNING,
			(errmsg("cannot tell which rules are owned by a role that is dropped: %s", error->message),
			 errhint("respond.health() names rules without an owner.")));
	return NULL;
}

/* What must be known or refused before the statement runs; the roles that it is about. */
static List *
look_before(Node *tree, char **rules)
{
	List	   *roles = NIL;

	if (IsA(tree, ReassignOwnedStmt))
	{
		roles = role_oids(((ReassignOwnedStmt *) tree)->roles);
		keep_tables(roles, "REASSIGN OWNED");
	}
	else if (IsA(tree, DropOwnedStmt))
		keep_tables(role_oids(((DropOwnedStmt *) tree)->roles), "DROP OWNED");
	else if (IsA(tree, DropRoleStmt))
	{
		roles = role_oids(((DropRoleStmt *) tree)->roles);
		*rules = look_for_rules(roles);
	}
	return roles;
}

typedef struct Refresh
{
	Node	   *tree;
	uint64		sources;		/* that became nobody's */
} Refresh;

/* In a subtransaction of its own. */
static void
refresh_soon(void *argument)
{
	Refresh    *refresh = argument;
	int			level = NewGUCNestLevel();

	limit_lock_wait();
	if (IsA(refresh->tree, DropRoleStmt))
		refresh->sources = respond_producer_roles_gone();
	else
		respond_rule_owners_refresh();
	AtEOXact_GUC(true, level);
}

/* A row that somebody keeps locked does not keep a role from being renamed or dropped: the clock does it later. */
static void
refresh_roles(Node *tree)
{
	Refresh		refresh = {.tree = tree};
	ErrorData  *error = respond_contain_try(refresh_soon, &refresh);

	if (error != NULL)
		ereport(DEBUG1,
				(errmsg_internal("roles of rules and producers are brought up to date later: %s", error->message)));
	else if (refresh.sources > 0)
		ereport(WARNING,
				(errmsg("sources in respond.producer whose role is dropped belong to nobody now: " UINT64_FORMAT, refresh.sources),
				 errhint("Give them to another role: UPDATE respond.producer SET role = ... WHERE role = 0; or DELETE the rows, and any producer may use them.")));
}

static void
act_after(Node *tree, List *roles, const char *rules)
{
	if (IsA(tree, DropRoleStmt))
	{
		if (rules != NULL)
			ereport(WARNING,
					(errmsg("rules whose owner is dropped cannot run any more: %s", rules),
					 errhint("Give them to another role: UPDATE respond.rule SET owner = ... (REASSIGN OWNED does so before a role is dropped.)")));
		CommandCounterIncrement();
		refresh_roles(tree);
	}
	else if (IsA(tree, ReassignOwnedStmt) && roles != NIL)
	{
		CommandCounterIncrement();
		respond_rule_owners_move(roles, get_rolespec_oid(((ReassignOwnedStmt *) tree)->newrole, false));
	}
	else if (IsA(tree, RenameStmt))
	{
		CommandCounterIncrement();
		refresh_roles(tree);
	}
}

static void
utility_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo parameters,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	Node	   *tree = statement->utilityStmt;
	bool		concerns_us = is_about_roles(tree) && has_rules();
	List	   *roles = NIL;
	char	   *rules = NULL;

	if (concerns_us)
		roles = look_before(tree, &rules);
	if (previous_hook)
		previous_hook(statement, query, read_only_tree, context, parameters, environment, destination, completion);
	else
		standard_ProcessUtility(statement, query, read_only_tree, context, parameters, environment, destination,
								completion);
	if (concerns_us)
		act_after(tree, roles, rules);
}

void
respond_rule_owner_initialize(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
}
