/*-------------------------------------------------------------------------
 * lane.c
 *	  A lane belongs to one process at a time.
 *
 * Two processes in one lane, or two divisions into lanes at once, would handle
 * events twice.
 *
 * src/dispatcher/lane.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/lmgr.h"

#include "common/shmem.h"
#include "dispatcher/lane.h"
#include "worker/worker.h"

/* How long the lane's lock is waited for, in ms: its holder is just ending. */
#define LANE_LOCK_STEP		10
#define LANE_LOCK_STEPS		1000

static void
set_lane_tag(LOCKTAG *tag, Oid extension, int lanes, int lane)
{
	/*
	 * A lock on a part of the extension object that does not exist.  Unlike an
	 * advisory lock it cannot be given back by pg_advisory_unlock_all() in the
	 * SQL of a rule.
	 */
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, ExtensionRelationId, extension,
					   lanes * (RESPOND_MAX_LANES + 1) + lane + 1);
}

void
respond_lane_take(int lanes, int lane)
{
	Oid			extension = get_extension_oid("pg_respond", false);
	LOCKTAG		tag;
	int			steps = 0;

	set_lane_tag(&tag, extension, lanes, lane);
	while (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		if (++steps > LANE_LOCK_STEPS)
			ereport(FATAL,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("pg_respond dispatcher %d of %d is still held by another process",
							lane + 1, lanes)));
		respond_worker_pause(LANE_LOCK_STEP);
	}
	for (int others = 1; others <= RESPOND_MAX_LANES; others++)
	{
		for (int other = 0; other < others && others != lanes; other++)
		{
			/* shared, as the other lanes look at the same time */
			set_lane_tag(&tag, extension, others, other);
			if (LockAcquire(&tag, ShareLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
				ereport(FATAL,
						(errcode(ERRCODE_OBJECT_IN_USE),
						 errmsg("a pg_respond dispatcher of %d still runs although there should be %d", others, lanes)));
			LockRelease(&tag, ShareLock, true);
		}
	}
}
