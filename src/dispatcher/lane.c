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

#include "access/xact.h"
#include "commands/extension.h"

#include "dispatcher/lane.h"
#include "worker/part_lock.h"
#include "worker/worker.h"

/* How long the lane's lock is waited for, in ms: its holder is just ending. */
#define LANE_LOCK_STEP		10
#define LANE_LOCK_STEPS		1000

void
respond_lane_take(int lanes, int lane)
{
	Oid			extension = get_extension_oid("pg_respond", false);
	int			steps = 0;

	Assert(IsTransactionState());
	while (!respond_part_lock_take(extension, PART_LOCK_LANE(lanes, lane), ExclusiveLock))
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
			if (!respond_part_lock_take(extension, PART_LOCK_LANE(others, other), ShareLock))
				ereport(FATAL,
						(errcode(ERRCODE_OBJECT_IN_USE),
						 errmsg("a pg_respond dispatcher of %d still runs although there should be %d", others,
								lanes)));
			respond_part_lock_release(extension, PART_LOCK_LANE(others, other), ShareLock);
		}
	}
}
