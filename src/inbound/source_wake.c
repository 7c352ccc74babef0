/*-------------------------------------------------------------------------
 * source_wake.c
 *	  Telling workers that inbound sources changed.
 *
 * The worker that waits for requests says how large they may be, before one
 * comes: a request that is too large for what it last said is not even read.
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

/*
 * As late as the waking of dispatchers: who looks before the message is sent
 * sees no change, and sleeps on.  COMMIT PREPARED wakes all workers anyway.
 */
static void
tell_of_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (!wanted || !is_commit || !is_top_level || phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	wanted = false;
	respond_worker_wake_all(MyDatabaseId);
}

void
respond_source_wake_initialize(void)
{
	RegisterXactCallback(forget_unless_committed, NULL);
	RegisterResourceReleaseCallback(tell_of_commit, NULL);
}

void
respond_source_changed(void)
{
	wanted = true;
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "inbound_source"));
}
