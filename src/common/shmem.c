/*-------------------------------------------------------------------------
 * shmem.c
 *	  Shared memory of pg_respond: its size, its making, its lock.
 *
 * Everything is one fixed block, sized by pg_respond.max_workers when the
 * server starts; nothing in it belongs to one process.  After a crash the
 * server makes it anew, so whatever must survive is in tables.
 *
 * src/common/shmem.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/shmem.h"

#define TRANCHE_NAME "pg_respond"

RespondShared *respond_shared = NULL;

/* in the postmaster: how often it made shared memory */
static int	made = 0;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static Size
shared_size(void)
{
	Size		size = MAXALIGN(sizeof(RespondShared));

	size = add_size(size, mul_size(sizeof(CommitPosition), RESPOND_COMMIT_RING));
	size = add_size(size, MAXALIGN(mul_size(sizeof(DatabaseSlot), respond_max_workers)));
	size = add_size(size, MAXALIGN(mul_size(sizeof(WorkerSlot), respond_max_workers)));
	return size;
}

static void
request_shared_memory(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(shared_size());
	/* one for everything, and one for the deliveries of each database */
	RequestNamedLWLockTranche(TRANCHE_NAME, 1 + respond_max_workers);
}

static void
initialize_slots(void)
{
	for (int i = 0; i < RESPOND_COMMIT_RING; i++)
	{
		pg_atomic_init_u64(&respond_shared->commit_ring[i].xid, 0);
		pg_atomic_init_u64(&respond_shared->commit_ring[i].lsn, 0);
	}
	for (int i = 0; i < respond_shared->database_count; i++)
	{
		DatabaseSlot *database = &respond_shared->databases[i];

		pg_atomic_init_u32(&database->database, 0);
		for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
			pg_atomic_init_u32(&database->dispatchers[lane], 0);
		pg_atomic_init_u32(&database->clock, 0);
		pg_atomic_init_u32(&database->courier, 0);
		pg_atomic_init_u32(&database->streams, 0);
		pg_atomic_init_u32(&database->gateway, 0);
		database->deliveries.lock = &GetNamedLWLockTranche(TRANCHE_NAME)[1 + i].lock;
		database->deliveries.count = 0;
		database->deliveries.lost_due = DT_NOEND;
		database->deliveries.look_at_all = false;
		pg_atomic_init_u32(&database->hold, 0);
		pg_atomic_init_u32(&database->progress_side, 0);
		pg_atomic_init_u32(&database->owners_mixed, 0);
		pg_atomic_init_u32(&database->manifest, 1);
		pg_atomic_init_u32(&database->extension, InvalidOid);
		pg_atomic_init_u64(&database->wakes, 0);
		pg_atomic_init_u64(&database->audit_written, 0);
		pg_atomic_init_u64(&database->time_seen, (uint64) DT_NOBEGIN);
		respond_metric_reset(&database->metrics, true);
		for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
		{
			pg_atomic_init_u64(&database->timers[reader].noted, (uint64) DT_NOEND);
			pg_atomic_init_u64(&database->timers[reader].passed, (uint64) DT_NOBEGIN);
			pg_atomic_init_u64(&database->timers[reader].next, (uint64) DT_NOBEGIN);
		}
		for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
		{
			pg_atomic_init_u64(&database->lanes[lane].seen_wakes, 0);
			pg_atomic_init_u64(&database->lanes[lane].pending, 0);
			pg_atomic_init_u64(&database->lanes[lane].last_recorded_at, 0);
			pg_atomic_init_u64(&database->lanes[lane].cursor_xmax, 0);
			pg_atomic_init_u64(&database->lanes[lane].cursor_at, 0);
		}
	}
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		memset(slot, 0, sizeof(WorkerSlot));
		slot->procno = -1;
		pg_atomic_init_u32(&slot->sleeping, 0);
		pg_atomic_init_u32(&slot->busy, 0);
		pg_atomic_init_u64(&slot->events, 0);
		pg_atomic_init_u64(&slot->batches, 0);
		pg_atomic_init_u64(&slot->runs, 0);
		pg_atomic_init_u64(&slot->errors, 0);
		pg_atomic_init_u64(&slot->active_at, 0);
		pg_atomic_init_u32(&slot->errors_in_row, 0);
		pg_atomic_init_u32(&slot->last_error, 0);
		pg_atomic_init_u64(&slot->failing_since, 0);
	}
}

static void
create_shared_memory(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	respond_shared = ShmemInitStruct("pg_respond", shared_size(), &found);
	if (!found)
	{
		char	   *position = (char *) respond_shared + MAXALIGN(sizeof(RespondShared));

		respond_shared->lock = &GetNamedLWLockTranche(TRANCHE_NAME)->lock;
		respond_shared->launcher_pid = 0;
		respond_shared->launcher_procno = -1;
		pg_atomic_init_u32(&respond_shared->look_again, 0);
		respond_shared->request_count = 0;
		memset(respond_shared->barred, 0, sizeof(respond_shared->barred));
		respond_shared->missing_workers = 0;
		respond_shared->missing_own_slots = false;
		respond_shared->wanted_workers = 0;
		respond_shared->needed_processes = 0;
		respond_shared->role_missing = false;
		memset(&respond_shared->gateway, 0, sizeof(respond_shared->gateway));
		pg_atomic_init_u32(&respond_shared->accused_program, 0);
		memset(&respond_shared->words, 0, sizeof(DeathWords));
		respond_shared->started_at = GetCurrentTimestamp();
		respond_shared->copy_mark = 0;
		respond_shared->restarts = made++;
		respond_shared->slot_count = respond_max_workers;
		respond_shared->database_count = respond_max_workers;
		respond_shared->commit_ring = (CommitPosition *) position;
		position += sizeof(CommitPosition) * RESPOND_COMMIT_RING;
		respond_shared->databases = (DatabaseSlot *) position;
		position += MAXALIGN(sizeof(DatabaseSlot) * respond_max_workers);
		respond_shared->slots = (WorkerSlot *) position;
		initialize_slots();
	}
	LWLockRelease(AddinShmemInitLock);
}

void
respond_shmem_request(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = create_shared_memory;
}

DatabaseSlot *
respond_shmem_find_database(Oid database)
{
	for (int i = 0; i < respond_shared->database_count; i++)
	{
		if (pg_atomic_read_u32(&respond_shared->databases[i].database) == database)
			return &respond_shared->databases[i];
	}
	return NULL;
}

DatabaseSlot *
respond_shmem_add_database(Oid database, bool *created)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	Assert(LWLockHeldByMeInMode(respond_shared->lock, LW_EXCLUSIVE));
	*created = entry == NULL;
	if (entry != NULL)
		return entry;

	entry = respond_shmem_find_database(InvalidOid);
	if (entry == NULL)
		return NULL;
	for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
		pg_atomic_write_u32(&entry->dispatchers[lane], 0);
	pg_atomic_write_u32(&entry->clock, 0);
	pg_atomic_write_u32(&entry->courier, 0);
	pg_atomic_write_u32(&entry->streams, 0);
	pg_atomic_write_u32(&entry->gateway, 0);
	entry->deliveries.count = 0;
	entry->deliveries.lost_due = DT_NOEND;
	entry->deliveries.look_at_all = false;
	pg_atomic_write_u32(&entry->hold, 1);
	pg_atomic_write_u32(&entry->progress_side, 0);
	pg_atomic_write_u32(&entry->owners_mixed, 0);
	pg_atomic_write_u32(&entry->manifest, 1);
	pg_atomic_write_u32(&entry->extension, InvalidOid);
	/* more than the lanes have seen: what is in the log already waits */
	pg_atomic_write_u64(&entry->wakes, 1);
	/* more than anybody has seen */
	pg_atomic_write_u64(&entry->source_changes, 1);
	pg_atomic_write_u64(&entry->time_seen, (uint64) DT_NOBEGIN);
	respond_metric_reset(&entry->metrics, false);
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
	{
		pg_atomic_write_u64(&entry->timers[reader].noted, (uint64) DT_NOEND);
		pg_atomic_write_u64(&entry->timers[reader].passed, (uint64) DT_NOBEGIN);
		pg_atomic_write_u64(&entry->timers[reader].next, (uint64) DT_NOBEGIN);
	}
	for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
	{
		pg_atomic_write_u64(&entry->lanes[lane].seen_wakes, 0);
		pg_atomic_write_u64(&entry->lanes[lane].pending, 0);
		pg_atomic_write_u64(&entry->lanes[lane].last_recorded_at, 0);
		pg_atomic_write_u64(&entry->lanes[lane].cursor_xmax, 0);
		pg_atomic_write_u64(&entry->lanes[lane].cursor_at, 0);
	}
	/* readers without the lock find the entry by its OID */
	pg_write_barrier();
	pg_atomic_write_u32(&entry->database, database);
	return entry;
}

void
respond_shmem_remove_database(Oid database)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	Assert(LWLockHeldByMeInMode(respond_shared->lock, LW_EXCLUSIVE));
	if (entry != NULL)
		pg_atomic_write_u32(&entry->database, InvalidOid);
}
