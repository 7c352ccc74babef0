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

static pg_atomic_uint64 *
latest(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? &database->time_seen : NULL;
}

TimestampTz
respond_time_guard_seen(void)
{
	pg_atomic_uint64 *seen = latest();

	return seen != NULL ? (TimestampTz) pg_atomic_read_u64(seen) : DT_NOBEGIN;
}

void
respond_time_guard_see(TimestampTz time)
{
	pg_atomic_uint64 *seen = latest();
	uint64		before = seen != NULL ? pg_atomic_read_u64(seen) : 0;

	while (seen != NULL && time > (TimestampTz) before &&
		   !pg_atomic_compare_exchange_u64(seen, &before, (uint64) time))
		;
}

void
respond_time_guard_accept(TimestampTz now)
{
	pg_atomic_uint64 *seen = latest();

	if (seen != NULL)
		pg_atomic_write_u64(seen, (uint64) now);
}

TimestampTz
respond_time_guard_thaw(void)
{
	TimestampTz seen = respond_time_guard_seen();

	return seen != DT_NOBEGIN ? seen - TIME_GUARD_TOLERANCE : DT_NOBEGIN;
}

bool
respond_time_guard_rests(TimestampTz now)
{
	respond_time_guard_see(now);
	return now < respond_time_guard_thaw();
}
