/*-------------------------------------------------------------------------
 * ddl_hooks.c
 *	  What backends tell the launcher, and how they keep workers out of a database.
 *
 * What a transaction did counts when it commits: it notes that it touched an
 * extension, a database or a role's name, and the transaction callback looks at
 * the outcome.  Whether the extension is there is asked just before the commit,
 * so savepoints, DROP SCHEMA ... CASCADE and DROP OWNED need no special care.
 *
 * Whether the workers hold is read from the table just before the commit too, so
 * what a savepoint took back never reaches them.
 *
 * A prepared transaction may commit in any session, long after; so after each
 * COMMIT PREPARED the session looks whether the extension is there, whether
 * workers know it, and whether they hold.
 *
 * src/launcher/ddl_hooks.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/resowner.h"

#include "common/latch.h"
#include "common/life.h"
#include "common/restore.h"
#include "common/shmem.h"
#include "event/wake.h"
#include "launcher/ddl_hooks.h"
#include "launcher/drop_extension.h"
#include "launcher/eviction.h"
#include "launcher/launcher.h"
#include "owner/owner_session.h"
#include "upkeep/manifest_watch.h"
#include "worker/worker.h"

/* What the current transaction did that the launcher will have to know. */
typedef struct Pending
{
	bool		databases;		/* databases or names of roles may have changed */
	bool		extension;		/* an extension was created or ours dropped */
	bool		dropped;		/* ours was dropped, perhaps in a savepoint */
	Oid			dropped_oid;
	bool		updated;		/* ours was altered: ALTER EXTENSION ... UPDATE */
	bool		present;		/* just before commit: whether ours is there, */
	bool		replaced;		/* and whether it is another than before */
	bool		hold_changed;	/* respond_internal.state may have been changed, perhaps in a savepoint */
	bool		hold;			/* just before commit: what it says */
	bool		restart;		/* the workers shall begin anew if it says that they do not hold */
	SubTransactionId called_in; /* hold() or release() was called there */
	bool		evicted;		/* workers were made to leave a database */
} Pending;

static Pending pending;
static int	statement_depth = 0;	/* of statements that workers had to make way for */
static bool in_restore = false;

static ProcessUtility_hook_type previous_utility_hook = NULL;
static object_access_hook_type previous_access_hook = NULL;

PG_FUNCTION_INFO_V1(respond_is_restore);

static void
note_hold(void)
{
	pending.hold_changed = true;
}

static bool
changes_databases(Node *tree)
{
	switch (nodeTag(tree))
	{
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_AlterDatabaseStmt:
			return true;
		case T_RenameStmt:
			return ((RenameStmt *) tree)->renameType == OBJECT_DATABASE ||
				((RenameStmt *) tree)->renameType == OBJECT_ROLE;
		default:
			return false;
	}
}

static void
utility_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo parameters,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	Node	   *tree = statement->utilityStmt;
	bool		databases = changes_databases(tree);
	bool		restore_before = in_restore;
	Oid			target = InvalidOid;

	respond_owner_session_utility(tree);

	/*
	 * The statements that workers make way for cannot run inside a transaction
	 * block; there they fail, and nobody needs to leave for that.
	 */
	if (databases && context == PROCESS_UTILITY_TOPLEVEL && !IsTransactionBlock() && !RecoveryInProgress())
		target = respond_eviction_target(tree);
	if (IsA(tree, DropStmt))
		respond_drop_extension_lock(tree);
	if (IsA(tree, CreateExtensionStmt))
		in_restore = respond_restore_in_progress();

	PG_TRY();
	{
		if (OidIsValid(target))
		{
			statement_depth++;
			pending.evicted = true;
			respond_eviction_begin(target);
		}
		if (databases)
			pending.databases = true;
		if (previous_utility_hook)
			previous_utility_hook(statement, query, read_only_tree, context, parameters,
								  environment, destination, completion);
		else
			standard_ProcessUtility(statement, query, read_only_tree, context, parameters,
									environment, destination, completion);
	}
	PG_FINALLY();
	{
		if (OidIsValid(target))
			statement_depth--;
		in_restore = restore_before;
	}
	PG_END_TRY();

	respond_manifest_note(tree);
}

static void
access_hook(ObjectAccessType access, Oid class, Oid object, int sub_id, void *argument)
{
	if (previous_access_hook)
		previous_access_hook(access, class, object, sub_id, argument);

	if (access == OAT_FUNCTION_EXECUTE)
	{
		respond_owner_session_function(object);
		return;
	}
	if (class != ExtensionRelationId)
		return;
	if (access == OAT_POST_CREATE)
		/* its name cannot be read yet; looking before commit tells which one it was */
		pending.extension = true;
	else if (access == OAT_DROP || access == OAT_POST_ALTER)
	{
		char	   *name = get_extension_name(object);

		if (name == NULL || strcmp(name, "pg_respond") != 0)
			return;
		if (access == OAT_POST_ALTER)
			pending.updated = true;
		else
		{
			pending.extension = true;
			pending.dropped = true;
			pending.dropped_oid = object;
		}
	}
}

/* The transaction's own changes count. */
static void
read_hold(void)
{
	CommandCounterIncrement();
	pending.hold = respond_life_is_held();
}

static void
look_before_commit(void)
{
	Oid			extension = get_extension_oid("pg_respond", true);

	pending.present = OidIsValid(extension);
	pending.replaced = pending.dropped && extension != pending.dropped_oid;
	/* dropped and rolled back to a savepoint before, or another extension altogether */
	if (pending.dropped ? !pending.replaced : !pending.present)
		pending.extension = false;
}

static void
see_end_of_transaction(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (pending.extension)
				look_before_commit();
			if (pending.hold_changed)
				read_hold();
			break;

		case XACT_EVENT_PRE_PREPARE:
			if (pending.called_in != InvalidSubTransactionId)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that called respond.hold() or respond.release()")));
			break;

		case XACT_EVENT_COMMIT:
			/*
			 * Before the locks go, as upkeep/state.c expects.  Workers that shall
			 * begin anew must not do a last batch: they hold until they are gone.
			 */
			if (pending.hold_changed && (pending.hold || !pending.restart))
				respond_worker_set_hold(MyDatabaseId, pending.hold);
			break;

		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			if (pending.evicted)
				respond_eviction_end();
			memset(&pending, 0, sizeof(pending));
			break;

		default:
			break;
	}
}

/* A call that was rolled back to a savepoint does not keep the transaction from being prepared. */
static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *argument)
{
	if (pending.called_in != mine)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		pending.called_in = parent;
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		pending.called_in = InvalidSubTransactionId;
}

static void
tell_after_commit(void)
{
	Pending		done = pending;

	/*
	 * ALTER DATABASE SET TABLESPACE commits in its middle; the database is
	 * needed until the statement is over.
	 */
	if (statement_depth > 0)
		return;
	memset(&pending, 0, sizeof(pending));

	if (done.extension)
		respond_launcher_tell(MyDatabaseId, done.replaced, done.present);
	if (done.updated || (done.restart && !done.hold))
		respond_launcher_tell(MyDatabaseId, true, true);
	if (done.evicted)
		respond_eviction_end();
	else if (done.databases)
		respond_latch_wake_launcher();
}

/*
 * The launcher is told here, not in the transaction callback: the server sends
 * cache invalidations in between, and without them the launcher would look for
 * a role that it remembers as missing.
 */
static void
see_locks_released(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (is_commit && is_top_level && phase == RESOURCE_RELEASE_AFTER_LOCKS)
		tell_after_commit();
}

static void
check_after_commit_prepared(void)
{
	Oid			extension = get_extension_oid("pg_respond", true);
	bool		present = OidIsValid(extension);
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	bool		known = database != NULL;
	/* dropped and created in it; the workers that know the old one end by themselves */
	bool		replaced = present && known && pg_atomic_read_u32(&database->extension) != extension;

	if (present != known || replaced)
		respond_launcher_tell(MyDatabaseId, replaced, present);
	else if (present)
		respond_worker_set_hold(MyDatabaseId, respond_life_is_held());
}

void
respond_ddl_hooks_initialize(void)
{
	/* The schema is being restored by force; there is no launcher to tell. */
	if (IsBinaryUpgrade)
		return;
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
	previous_access_hook = object_access_hook;
	object_access_hook = access_hook;
	RegisterXactCallback(see_end_of_transaction, NULL);
	RegisterSubXactCallback(follow_subtransaction, NULL);
	respond_wake_after_commit_prepared(check_after_commit_prepared);
	respond_life_hold_changed = note_hold;
	RegisterResourceReleaseCallback(see_locks_released, NULL);
}

void
respond_ddl_hold_at_commit(bool restart)
{
	note_hold();
	pending.called_in = GetCurrentSubTransactionId();
	pending.restart |= restart;
}

bool
respond_ddl_in_restore(void)
{
	return in_restore;
}

/*
 * respond_internal.is_restore() returns boolean: whether CREATE EXTENSION runs
 * in a session that restores a dump.  The extension's script cannot see it by
 * itself, because it runs with settings of its own.
 */
Datum
respond_is_restore(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(respond_ddl_in_restore());
}
