/*-------------------------------------------------------------------------
 * owner_ddl.c
 *	  What statements about roles do to the rules of this database.
 *
 *	ALTER ROLE ... RENAME	rules and agents show the new name at once
 *	REASSIGN OWNED			rules and schedules go to the new owner with everything else
 *	DROP ROLE				a warning names the rules and schedules that cannot run any more;
 *							sources that were the role's alone are nobody's
 *	REASSIGN OWNED BY, DROP OWNED BY the role of the workers: refused, because the
 *							workers could not act on their own tables any more
 *
 * Such a statement never fails because the rules cannot be looked at or changed.
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
#include "catalog/namespace.h"
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
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "common/contain.h"
#include "common/door.h"
#include "common/kept_plan.h"
#include "desk/agent.h"
#include "event/producer.h"
#include "owner/owner_guard.h"
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
	Oid			schema = get_namespace_oid("respond", true);
	Oid			owner;

	/* renamed: then there is nothing that the workers could act on */
	if (!OidIsValid(schema) || !OidIsValid(get_relname_relid("event", schema)))
		return;
	owner = respond_door_owner();
	if (list_member_oid(roles, owner))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot run %s BY \"%s\" in a database with pg_respond", statement,
						GetUserNameFromId(owner, false)),
				 errdetail("The workers act as this role on tables that must belong to it."),
				 errhint("DROP EXTENSION pg_respond removes everything that it owns here.")));
}

static KeptPlan names_plan = {
	"SELECT pg_catalog.string_agg(n.name, ', ' ORDER BY n.kind, n.name) FROM ("
	"SELECT 1 AS kind, pg_catalog.format('\"%s\"', r.name) AS name"
	" FROM respond.rule AS r WHERE r.owner_id OPERATOR(pg_catalog.=) ANY ($1)"
	" UNION ALL SELECT 2, pg_catalog.format('schedule \"%s\"', s.name)"
	" FROM respond.schedule AS s WHERE s.owner_id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY 1, 2 LIMIT 20) AS n",
	1, {OIDARRAYOID}
};

/* What is asked of the table of rules, and what comes of it. */
typedef struct Question
{
	List	   *roles;
	Oid			receiver;		/* of the rules; InvalidOid: they stay */
	char	   *names;			/* of the rules, quoted; NULL: none */
	MemoryContext context;		/* for names */
} Question;

static void
ask_names(void *argument)
{
	Question   *question = argument;
	List	   *roles = question->roles;
	Datum	   *ids = palloc(Max(1, list_length(roles)) * sizeof(Datum));
	Datum		value;

	for (int i = 0; i < list_length(roles); i++)
		ids[i] = ObjectIdGetDatum(list_nth_oid(roles, i));
	value = PointerGetDatum(construct_array(ids, list_length(roles), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	SPI_connect();
	if (respond_kept_plan_run_as_owner(&names_plan, &value, NULL) == 1)
	{
		char	   *names = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		if (names != NULL)
			question->names = MemoryContextStrdup(question->context, names);
	}
	SPI_finish();
}

static void
move(void *argument)
{
	Question   *question = argument;

	respond_rule_owners_move(question->roles, question->receiver);
}

typedef struct Work
{
	void		(*function) (void *argument);
	void	   *argument;
} Work;

/* In a subtransaction of its own; somebody's lock on the rules does not keep roles waiting for long. */
static void
work_soon(void *argument)
{
	Work	   *work = argument;
	int			level = NewGUCNestLevel();

	(void) set_config_option("lock_timeout", LOCK_WAIT, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	work->function(work->argument);
	AtEOXact_GUC(true, level);
}

/*
 * A statement about roles is never refused because the table of rules cannot
 * be used: it may be locked, or not be what this library knows.  What it raised
 * is returned.
 */
static ErrorData *
try_soon(void (*function) (void *argument), void *argument)
{
	Work		work = {function, argument};

	return respond_contain_try(work_soon, &work);
}

/* The rules of these roles, quoted; NULL: none, or nobody can tell. */
static char *
rules_of(List *roles)
{
	Question	question = {roles, InvalidOid, NULL, CurrentMemoryContext};
	ErrorData  *error = try_soon(ask_names, &question);

	if (error != NULL)
		ereport(WARNING,
				(errmsg("cannot tell which rules are owned by a role that is dropped: %s", error->message),
				 errhint("respond.health() names rules without an owner.")));
	return question.names;
}

static void
move_rules(List *roles, Oid receiver)
{
	Question	question = {roles, receiver, NULL, CurrentMemoryContext};
	ErrorData  *error = try_soon(move, &question);

	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("rules keep their owner: %s", error->message),
				 errhint("Give them to the new owner with UPDATE respond.rule SET owner = ....")));
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
		*rules = rules_of(roles);
	}
	return roles;
}

typedef struct Refresh
{
	Node	   *tree;
	uint64		sources;		/* that became nobody's */
} Refresh;

static void
refresh_now(void *argument)
{
	Refresh    *refresh = argument;

	if (IsA(refresh->tree, DropRoleStmt))
		refresh->sources = respond_producer_roles_gone();
	else
	{
		respond_rule_owners_refresh();
		respond_agent_roles_refresh();
	}
}

/* A row that somebody keeps locked does not keep a role from being renamed or dropped: the clock does it later. */
static void
refresh_roles(Node *tree)
{
	Refresh		refresh = {.tree = tree};
	ErrorData  *error = try_soon(refresh_now, &refresh);

	if (error != NULL)
		ereport(DEBUG1,
				(errmsg_internal("roles of rules and producers are brought up to date later: %s", error->message)));
	else if (refresh.sources > 0)
		ereport(WARNING,
				(errmsg("sources in respond.producer whose role is dropped now belong to nobody: " UINT64_FORMAT,
						refresh.sources),
				 errhint("Give them to another role: UPDATE respond.producer SET role = ... WHERE role = 0; or DELETE"
						 " the rows, and any producer may use them.")));
}

static void
act_after(Node *tree, List *roles, const char *rules)
{
	if (IsA(tree, DropRoleStmt))
	{
		if (rules != NULL)
			ereport(WARNING,
					(errmsg("rules and schedules whose owner is dropped can no longer run: %s", rules),
					 errhint("Give them to another role: UPDATE respond.rule (or respond.schedule) SET owner = ..."
							 " (REASSIGN OWNED does so before a role is dropped.)")));
		CommandCounterIncrement();
		refresh_roles(tree);
	}
	else if (IsA(tree, ReassignOwnedStmt) && roles != NIL)
	{
		CommandCounterIncrement();
		move_rules(roles, get_rolespec_oid(((ReassignOwnedStmt *) tree)->newrole, false));
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
