/*-------------------------------------------------------------------------
 * manifest_watch.c
 *	  Noticing that something may hang on the tables of pg_respond.
 *
 * Statements that can hang code on a table are looked at when they name one of
 * ours.  From the commit of such a transaction on the workers wait, for the
 * moment that the clock takes to compare (see upkeep/manifest.c).  While they
 * wait because of something foreign, every DROP and ALTER lets it look again,
 * so that following the remedy is enough.
 *
 * Missed are statements of a transaction that is prepared, and those that name
 * a function or a type instead of a table: the clock hears of them through
 * invalidations, within a minute.
 *
 * src/upkeep/manifest_watch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/proc.h"
#include "utils/lsyscache.h"

#include "common/shmem.h"
#include "upkeep/manifest_watch.h"
#include "worker/worker.h"

static bool noted = false;

static void
set_state(DatabaseSlot *database, ManifestState state)
{
	pg_atomic_write_u32(&database->manifest, state);
	respond_worker_wake_all(MyDatabaseId);
}

ManifestState
respond_manifest_state(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? (ManifestState) pg_atomic_read_u32(&database->manifest) : MANIFEST_CLEAN;
}

void
respond_manifest_begin(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	uint32		expected = MANIFEST_UNCHECKED;

	if (database != NULL)
		(void) pg_atomic_compare_exchange_u32(&database->manifest, &expected, MANIFEST_CHECKING);
}

void
respond_manifest_end(ManifestState state)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	/* something was made meanwhile: that is still to be looked at */
	if (database != NULL && pg_atomic_read_u32(&database->manifest) != MANIFEST_UNCHECKED)
		set_state(database, state);
}

void
respond_manifest_postpone(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	uint32		expected = MANIFEST_CHECKING;

	if (database != NULL)
		(void) pg_atomic_compare_exchange_u32(&database->manifest, &expected, MANIFEST_UNCHECKED);
}

static RangeVar *
named_table(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateTrigStmt:
			return ((CreateTrigStmt *) statement)->relation;
		case T_RuleStmt:
			return ((RuleStmt *) statement)->relation;
		case T_CreatePolicyStmt:
			return ((CreatePolicyStmt *) statement)->table;
		case T_AlterTableStmt:
			return ((AlterTableStmt *) statement)->relation;
		case T_IndexStmt:
			return ((IndexStmt *) statement)->relation;
		default:
			return NULL;
	}
}

static bool
is_ours(RangeVar *table)
{
	Oid			relation = RangeVarGetRelid(table, NoLock, true);
	char	   *schema = OidIsValid(relation) ? get_namespace_name(get_rel_namespace(relation)) : NULL;

	return schema != NULL && (strcmp(schema, "respond") == 0 || strcmp(schema, "respond_internal") == 0);
}

static bool
may_be_remedy(Node *statement)
{
	return (IsA(statement, DropStmt) || IsA(statement, AlterTableStmt) || IsA(statement, CreateFunctionStmt)) &&
		respond_manifest_state() == MANIFEST_FOREIGN;
}

void
respond_manifest_note(Node *statement)
{
	RangeVar   *table;

	/* what our own script and our own clock make is what the manifest holds */
	if (noted || creating_extension || respond_worker_slot != NULL || !IsTransactionState())
		return;
	table = named_table(statement);
	noted = (table != NULL && is_ours(table)) || may_be_remedy(statement);
}

static void
tell_of_commit(XactEvent event, void *argument)
{
	DatabaseSlot *database;

	if (!noted || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	noted = false;
	database = respond_shmem_find_database(MyDatabaseId);
	if (event == XACT_EVENT_COMMIT && database != NULL)
		set_state(database, MANIFEST_UNCHECKED);
}

void
respond_manifest_watch_initialize(void)
{
	RegisterXactCallback(tell_of_commit, NULL);
}
