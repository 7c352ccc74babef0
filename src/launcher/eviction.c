/*-------------------------------------------------------------------------
 * eviction.c
 *	  Keeping workers out of a database while a statement needs it for itself.
 *
 * DROP DATABASE, ALTER DATABASE RENAME or SET TABLESPACE, and CREATE DATABASE
 * with the database as template fail while other sessions are connected to it;
 * the server makes way for them only by ending autovacuum workers.  So before
 * such a statement runs, our workers leave.
 *
 * An entry in shared memory bars the launcher from starting new ones, and a
 * worker that is about to start sees it too, before it connects.  The entry
 * goes when the backend's transaction ends, whichever way: if the database is
 * still there, its workers come back.  Only who may do such a thing to the
 * database can stop its workers this way.
 *
 * src/launcher/eviction.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/latch.h"
#include "common/pg_compat.h"
#include "common/shmem.h"
#include "launcher/eviction.h"
#include "worker/wait_event.h"

/* A worker that waits sees its latch at once; one that is busy gets SIGTERM after this time. */
#define POLITE_MS			30
#define LIMIT_MS			10000

static const char *
needed_database(Node *statement)
{
	ListCell   *cell;

	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) statement)->dbname;

		case T_RenameStmt:
			if (((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) statement)->subname;
			return NULL;

		case T_AlterDatabaseStmt:
			foreach(cell, ((AlterDatabaseStmt *) statement)->options)
			{
				if (strcmp(((DefElem *) lfirst(cell))->defname, "tablespace") == 0)
					return ((AlterDatabaseStmt *) statement)->dbname;
			}
			return NULL;

		case T_CreatedbStmt:
			foreach(cell, ((CreatedbStmt *) statement)->options)
			{
				DefElem    *option = lfirst(cell);

				if (strcmp(option->defname, "template") == 0 && option->arg != NULL)
					return defGetString(option);
			}
			return "template1";

		default:
			return NULL;
	}
}

static bool
has_createdb(Oid role)
{
	HeapTuple	tuple;
	bool		result;

	if (superuser_arg(role))
		return true;
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_authid) GETSTRUCT(tuple))->rolcreatedb;
	ReleaseSysCache(tuple);
	return result;
}

/* Databases with workers are no templates, so copying takes their owner too. */
static bool
may_evict(Node *statement, Oid database)
{
	if (!object_ownercheck(DatabaseRelationId, database, GetUserId()))
		return false;
	if (IsA(statement, RenameStmt) || IsA(statement, CreatedbStmt))
		return has_createdb(GetUserId());
	return true;
}

Oid
respond_eviction_target(Node *statement)
{
	const char *name = needed_database(statement);
	Oid			database;

	if (name == NULL)
		return InvalidOid;
	database = get_database_oid(name, true);
	if (!OidIsValid(database) || database == MyDatabaseId || !may_evict(statement, database))
		return InvalidOid;
	return database;
}

/* Returns whether any is still there. */
static bool
stop_workers(Oid database, bool terminate)
{
	bool		found = false;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->database != database ||
			(slot->state != WORKER_STARTING && slot->state != WORKER_RUNNING))
			continue;
		slot->stop_wanted = true;
		/* one that is still to come sees it before it connects */
		if (slot->state == WORKER_STARTING)
			continue;
		found = true;
		respond_latch_set(slot->procno);
		/* its slot says ENDED before the process ends, so the pid is its own */
		if (terminate)
			kill(slot->pid, SIGTERM);
	}
	LWLockRelease(respond_shared->lock);
	return found;
}

void
respond_eviction_begin(Oid database)
{
	TimestampTz start = GetCurrentTimestamp();
	bool		barred = false;
	long		pause = 1;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < RESPOND_MAX_BARRED && !barred; i++)
	{
		BarredDatabase *entry = &respond_shared->barred[i];

		if (!OidIsValid(entry->database))
		{
			entry->database = database;
			entry->pid = MyProcPid;
			barred = true;
		}
	}
	LWLockRelease(respond_shared->lock);

	/* with all entries in use the workers would only come back: let the statement fail by itself */
	if (!barred)
		return;

	while (stop_workers(database, TimestampDifferenceExceeds(start, GetCurrentTimestamp(), POLITE_MS)) &&
		   !TimestampDifferenceExceeds(start, GetCurrentTimestamp(), LIMIT_MS))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause,
						 respond_wait_event(SLEEP_WORKERS_END));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pause = Min(pause * 2, 20);
	}
}

void
respond_eviction_end(void)
{
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < RESPOND_MAX_BARRED; i++)
	{
		if (respond_shared->barred[i].pid == MyProcPid)
		{
			respond_shared->barred[i].database = InvalidOid;
			respond_shared->barred[i].pid = 0;
		}
	}
	LWLockRelease(respond_shared->lock);
	respond_latch_wake_launcher();
}
