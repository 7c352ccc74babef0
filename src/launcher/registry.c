/*-------------------------------------------------------------------------
 * registry.c
 *	  What the launcher knows of each database of the cluster.
 *
 * The launcher cannot look into a database that it is not connected to.  It
 * knows the databases from pg_database, which all databases share, and whether
 * the extension is in one from a worker that looked, or from a backend that
 * created or dropped it there.
 *
 * All of it is in the launcher's own memory.  A new launcher begins with
 * nothing known, and asks again.
 *
 * src/launcher/registry.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/shmem.h"
#include "launcher/registry.h"

/* datconnlimit of a database that an interrupted DROP DATABASE left behind */
#define CONNECTION_LIMIT_INVALID	(-2)

static DatabaseEntry *entries;
static int	entry_count = 0;
static int	entry_room = 64;
static Oid	worker_role = InvalidOid;

void
respond_registry_initialize(void)
{
	entries = MemoryContextAlloc(TopMemoryContext, sizeof(DatabaseEntry) * entry_room);
}

DatabaseEntry *
respond_registry_find(Oid database)
{
	for (int i = 0; i < entry_count; i++)
	{
		if (entries[i].database == database)
			return &entries[i];
	}
	return NULL;
}

static void
note_database(Oid database, const char *name)
{
	DatabaseEntry *entry = respond_registry_find(database);

	if (entry == NULL)
	{
		if (entry_count == entry_room)
		{
			entry_room *= 2;
			entries = repalloc(entries, sizeof(DatabaseEntry) * entry_room);
		}
		entry = &entries[entry_count++];
		memset(entry, 0, sizeof(DatabaseEntry));
		entry->database = database;
		/* a launcher before this one may have found it */
		entry->status = respond_shmem_find_database(database) != NULL ? DATABASE_PRESENT : DATABASE_UNKNOWN;
	}
	namestrcpy(&entry->name, name);
	entry->seen = true;
}

static void
forget_unseen(void)
{
	int			kept = 0;

	for (int i = 0; i < entry_count; i++)
	{
		if (entries[i].seen)
			entries[kept++] = entries[i];
	}
	entry_count = kept;
}

void
respond_registry_scan(void)
{
	Relation	databases;
	TableScanDesc scan;
	HeapTuple	tuple;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());

	worker_role = get_role_oid("respond_worker", true);
	for (int i = 0; i < entry_count; i++)
		entries[i].seen = false;

	databases = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(databases, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (form->datallowconn && !form->datistemplate &&
			form->datconnlimit != CONNECTION_LIMIT_INVALID)
			note_database(form->oid, NameStr(form->datname));
	}
	table_endscan(scan);
	table_close(databases, AccessShareLock);

	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
	forget_unseen();
}

static void
apply_request(const DatabaseRequest *request)
{
	DatabaseEntry *entry = respond_registry_find(request->database);

	if (entry == NULL)
		return;
	entry->asked++;
	entry->has_other_version = false;
	if (!request->present)
		entry->status = DATABASE_ABSENT;
	else if (request->replaced || entry->status == DATABASE_ABSENT)
		entry->status = DATABASE_UNKNOWN;
}

void
respond_registry_take_requests(void)
{
	DatabaseRequest requests[RESPOND_MAX_DATABASE_REQUESTS];
	int			count;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	count = respond_shared->request_count;
	memcpy(requests, respond_shared->requests,
		   sizeof(DatabaseRequest) * Min(count, RESPOND_MAX_DATABASE_REQUESTS));
	respond_shared->request_count = 0;
	LWLockRelease(respond_shared->lock);

	for (int i = 0; i < Min(count, RESPOND_MAX_DATABASE_REQUESTS); i++)
		apply_request(&requests[i]);
	if (count > RESPOND_MAX_DATABASE_REQUESTS)
	{
		for (int i = 0; i < entry_count; i++)
		{
			entries[i].asked++;
			if (entries[i].status == DATABASE_ABSENT)
				entries[i].status = DATABASE_UNKNOWN;
		}
	}
}

const char *
respond_registry_name(Oid database)
{
	DatabaseEntry *entry = respond_registry_find(database);

	return entry != NULL ? NameStr(entry->name) : psprintf("%u", database);
}

Oid
respond_registry_role(void)
{
	return worker_role;
}

DatabaseEntry *
respond_registry_next(int *position)
{
	if (*position >= entry_count)
		return NULL;
	return &entries[(*position)++];
}
