/*-------------------------------------------------------------------------
 * drop_extension.c
 *	  DROP EXTENSION pg_respond while others work with its tables.
 *
 * The server locks what it drops in the order in which it finds it, which is
 * not that of a session that inserts an event: table, sequence, partition.
 * Under load the two would deadlock.  So everything is locked beforehand, from
 * the outside in:
 *
 *	1. the extension, on which each batch of a worker has a lock;
 *	2. tables of users with triggers that record events;
 *	3. the tables that people write to: tickets, rules and so on;
 *	4. the tables that their triggers write to: event, run, audit_log, each with
 *	   its partitions.
 *
 * src/launcher/drop_extension.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "launcher/drop_extension.h"

static const char *const find_tables =
"SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::regclass) "
"FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
"WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND (n.nspname = 'respond' OR EXISTS ("
"SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid "
"WHERE t.tgrelid = c.oid AND p.proname = 'capture' AND p.pronamespace = 'respond'::regnamespace)) "
"ORDER BY n.nspname = 'respond', c.relname IN ('event', 'run', 'audit_log'), c.relname";

static bool names_our_extension(Node *statement);
static void lock_tables(void);

void
respond_drop_extension_lock(Node *statement)
{
	Oid			extension;

	if (!names_our_extension(statement))
		return;
	extension = get_extension_oid("pg_respond", true);
	if (!OidIsValid(extension))
		return;
#if PG_VERSION_NUM >= 160000
	if (!object_ownercheck(ExtensionRelationId, extension, GetUserId()))
		return;
#else
	if (!pg_extension_ownercheck(extension, GetUserId()))
		return;
#endif
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessExclusiveLock);
	lock_tables();
}

static bool
names_our_extension(Node *statement)
{
	ListCell   *cell;

	if (!IsA(statement, DropStmt) || ((DropStmt *) statement)->removeType != OBJECT_EXTENSION)
		return false;
	foreach(cell, ((DropStmt *) statement)->objects)
	{
		if (strcmp(strVal(lfirst(cell)), "pg_respond") == 0)
			return true;
	}
	return false;
}

static void
lock_tables(void)
{
	int			level = NewGUCNestLevel();
	SPITupleTable *tables;
	uint64		count;

	/* whatever the session has in its way, the names here mean what they say */
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute(find_tables, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look up the tables of pg_respond");
	tables = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		if (SPI_execute(SPI_getvalue(tables->vals[i], tables->tupdesc, 1), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not lock the tables of pg_respond");
	}
	SPI_finish();
	PopActiveSnapshot();
	AtEOXact_GUC(true, level);
}
