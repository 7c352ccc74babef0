/*-------------------------------------------------------------------------
 * source_wake.c
 *	  Telling workers that inbound sources changed.
 *
 * The worker that waits for requests says how large they may be, before one
 * comes: a request that is too large for what it last said is not even read.  It
 * looks only when the count of changes has grown, as a look needs a transaction.
 *
 * src/inbound/source_wake.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/resowner.h"

#include "common/partition_write.h"
#include "common/shmem.h"
#include "event/wake.h"
#include "inbound/source_wake.h"
#include "worker/worker.h"

/* Of the current transaction. */
static bool wanted = false;

static void
forget_unless_committed(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		wanted = false;
}

static void
tell(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	if (database == NULL)
		return;
	pg_atomic_fetch_add_u64(&database->source_changes, 1);
	respond_worker_wake_all(MyDatabaseId);
}

/*
 * As late as the waking of dispatchers: who looks before the message is sent
 * sees no change, and sleeps on.
 */
static void
tell_of_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (!wanted || !is_commit || !is_top_level || phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	wanted = false;
	tell();
}

void
respond_source_wake_initialize(void)
{
	RegisterXactCallback(forget_unless_committed, NULL);
	RegisterResourceReleaseCallback(tell_of_commit, NULL);
	respond_wake_after_commit_prepared(tell);
}

void
respond_source_changed(void)
{
	wanted = true;
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "inbound_source"));
}

uint64
respond_source_changes(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? pg_atomic_read_u64(&database->source_changes) : 0;
}
