/*-------------------------------------------------------------------------
 * schedule_wake.c
 *	  Telling the clock that schedules changed.
 *
 * What changed it learns from a message of the relation cache, which arrives
 * when the change commits, by COMMIT PREPARED too.  But it may sleep for a minute,
 * so the commit sets its latch.
 *
 * src/schedule/schedule_wake.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/resowner.h"

#include "common/latch.h"
#include "common/partition_write.h"
#include "common/shmem.h"
#include "common/trigger_call.h"
#include "event/wake.h"
#include "schedule/schedule_wake.h"

PG_FUNCTION_INFO_V1(respond_schedules_changed);

/* Of the current transaction. */
static bool wanted = false;

static void
wake_clock(void)
{
	DatabaseSlot *entry = respond_shmem_find_database(MyDatabaseId);

	wanted = false;
	if (entry == NULL)
		return;
	pg_memory_barrier();
	respond_latch_wake_slot(pg_atomic_read_u32(&entry->clock));
}

static void
forget_unless_committed(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		wanted = false;
}

/* As late as the waking of dispatchers: the clock shall have been sent the message. */
static void
tell_of_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (wanted && is_commit && is_top_level && phase == RESOURCE_RELEASE_AFTER_LOCKS)
		wake_clock();
}

void
respond_schedule_wake_initialize(void)
{
	RegisterXactCallback(forget_unless_committed, NULL);
	RegisterResourceReleaseCallback(tell_of_commit, NULL);
	respond_wake_after_commit_prepared(wake_clock);
}

void
respond_schedule_announce(void)
{
	CacheInvalidateRelcacheByRelid(respond_relation_oid("respond", "schedule"));
	wanted = true;
}

/*
 * schedules_changed(): AFTER any change of people's columns FOR EACH STATEMENT ON respond.schedule
 */
Datum
respond_schedules_changed(PG_FUNCTION_ARGS)
{
	(void) respond_trigger_call(fcinfo, "schedules_changed", "AFTER", "STATEMENT", "schedule");
	respond_schedule_announce();
	PG_RETURN_POINTER(NULL);
}
