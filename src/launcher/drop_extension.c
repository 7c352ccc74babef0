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

#include "common/door.h"
#include "common/pg_compat.h"
#include "launcher/drop_extension.h"

static const char *const find_tables =
"SELECT pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::pg_catalog.regclass) "
"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
"WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}') AND NOT c.relispartition AND (n.nspname OPERATOR(pg_catalog.=)"
" 'respond' OR EXISTS ("
"SELECT FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid "
"WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND p.proname OPERATOR(pg_catalog.=) 'capture' "
"AND p.pronamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('respond'))) "
"ORDER BY n.nspname OPERATOR(pg_catalog.=) 'respond', c.relname OPERATOR(pg_catalog.=) ANY ('{event,run,audit_log}'),"
" c.relname";

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
	Door		door;
	SPITupleTable *tables;
	uint64		count;

	respond_door_enter(&door, DOOR_AS_CALLER);
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
	respond_door_leave(&door);
}

void
respond_drop_extension_lock(Node *statement)
{
	Oid			extension;

	if (!names_our_extension(statement))
		return;
	extension = get_extension_oid("pg_respond", true);
	if (!OidIsValid(extension))
		return;
	if (!object_ownercheck(ExtensionRelationId, extension, GetUserId()))
		return;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessExclusiveLock);
	lock_tables();
}
