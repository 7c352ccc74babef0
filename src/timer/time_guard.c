/*-------------------------------------------------------------------------
 * time_guard.c
 *	  Time that goes back: timers wait until it has caught up.
 *
 * Whoever sets the server's clock back has most likely corrected a mistake, or
 * made one.  What was armed meanwhile would be late by as much, and a schedule
 * would fire twice at one time.  So timers rest, and health() says it, until time has
 * caught up, or somebody calls accept_clock().
 *
 * src/timer/time_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/shmem.h"
#include "timer/time_guard.h"

void
respond_time_guard_note(TimestampTz now)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	uint64		seen;

	if (database == NULL)
		return;
	seen = pg_atomic_read_u64(&database->time_seen);
	while (now > (TimestampTz) seen &&
		   !pg_atomic_compare_exchange_u64(&database->time_seen, &seen, (uint64) now))
		;
}

TimestampTz
respond_time_guard_thaw(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	TimestampTz seen = database != NULL ? (TimestampTz) pg_atomic_read_u64(&database->time_seen) : DT_NOBEGIN;

	return seen != DT_NOBEGIN ? seen - TIME_GUARD_TOLERANCE : DT_NOBEGIN;
}
