/*-------------------------------------------------------------------------
 * starter.c
 *	  The launcher's hands: starting, stopping and burying workers.
 *
 * Workers are dynamic background workers that the postmaster never restarts by
 * itself: only the launcher knows whether a worker is still wanted.  One that
 * failed keeps its slot, in state WAITING, until it is its turn again: 100 ms
 * after the first failure, then twice as long each time up to a minute, and
 * from the start again once it ran for a minute or got something done.  One that
 * somebody terminated comes back after 100 ms.
 *
 * A slot is free again only when the postmaster has buried the process,
 * because until then its place in max_worker_processes is taken too, and the
 * next start would seem to find none.
 *
 * A launcher that was restarted has no handles of the workers that its
 * predecessor started.  They tell of their end through their slots all the
 * same; only one that never came up is not heard of, so a slot without handle
 * that stays in STARTING is taken back after a while.
 *
 * src/launcher/starter.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/latch.h"
#include "common/shmem.h"
#include "launcher/registry.h"
#include "launcher/starter.h"
#include "worker/back_off.h"
#include "worker/worker.h"

#define FIRST_DELAY_MS		100
#define LONGEST_DELAY_MS	60000
#define GOOD_RUN_MS			60000
#define SHORT_RUN_MS		1000
#define TERMINATE_AFTER_MS	1000
#define CLAIM_LIMIT_MS		30000
#define PLACE_RETRY_MS		500

static BackgroundWorkerHandle **handles;
static bool warned = false;
static int	missing;
static bool missing_own;
static TimestampTz first_try_after = 0;

void
respond_starter_initialize(void)
{
	handles = MemoryContextAllocZero(TopMemoryContext,
									 sizeof(BackgroundWorkerHandle *) * respond_shared->slot_count);
	/* a predecessor has warned already */
	warned = respond_shared->missing_workers > 0;
}

static void
report_end(const WorkerSlot *slot, int pid)
{
	const char *kind = respond_worker_kind_name(slot->kind);
	char	   *of = OidIsValid(slot->database) ?
		psprintf(" of database \"%s\"", respond_registry_name(slot->database)) : pstrdup("");

	if (slot->told_to_end)
		ereport(LOG,
				(errmsg("pg_respond %s%s was terminated by another process and is restarted", kind, of),
				 errdetail("It was process %d.", pid)));
	else
		ereport(LOG,
				(errmsg("pg_respond %s%s ended unexpectedly", kind, of),
				 errdetail("It was process %d; failures in a row: %d.", pid, slot->failures)));
	pfree(of);
}

static bool
process_is_gone(int number)
{
	WorkerSlot *slot = &respond_shared->slots[number];
	pid_t		pid;

	if (handles[number] != NULL)
		return GetBackgroundWorkerPid(handles[number], &pid) == BGWH_STOPPED;
	if (slot->state == WORKER_STARTING)
		return TimestampDifferenceExceeds(slot->started_at, GetCurrentTimestamp(), CLAIM_LIMIT_MS);
	return slot->state == WORKER_ENDED;
}

/* Whether it did something before it ended, so that it need not wait long. */
static bool
has_worked(const WorkerSlot *slot, TimestampTz now)
{
	return slot->state == WORKER_ENDED &&
		(TimestampDifferenceExceeds(slot->started_at, now, GOOD_RUN_MS) ||
		 (pg_atomic_read_u64(&unconstify(WorkerSlot *, slot)->batches) > 0 &&
		  TimestampDifferenceExceeds(slot->started_at, now, SHORT_RUN_MS)));
}

static void
bury(WorkerSlot *slot, TimestampTz now)
{
	int64		delay;

	/* a process of this generation that still comes up finds that it is not wanted */
	slot->generation++;
	slot->procno = -1;
	if (slot->stop_wanted && slot->outcome == WORKER_FAILED)
		slot->outcome = WORKER_STOPPED;
	if (slot->outcome != WORKER_FAILED)
	{
		slot->state = WORKER_FREE;
		slot->failures = 0;
		slot->pid = 0;
		return;
	}

	if (slot->told_to_end || has_worked(slot, now))
		slot->failures = 0;
	delay = respond_back_off(FIRST_DELAY_MS, LONGEST_DELAY_MS, slot->failures);
	/* an end that somebody else wanted is no failure */
	if (!slot->told_to_end)
		slot->failures++;
	slot->restart_after = TimestampTzPlusMilliseconds(now, delay);
	slot->state = WORKER_WAITING;
	slot->pid = 0;
}

void
respond_starter_reap(WorkerEnded ended)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];
		int			pid = slot->pid;

		/* the launcher alone makes these states, so it needs no lock to read them */
		if (slot->state == WORKER_FREE || slot->state == WORKER_WAITING || !process_is_gone(i))
			continue;

		LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
		bury(slot, now);
		LWLockRelease(respond_shared->lock);

		if (handles[i] != NULL)
			pfree(handles[i]);
		handles[i] = NULL;
		if (slot->outcome == WORKER_FAILED)
			report_end(slot, pid);
		ended(slot->database, slot->kind, slot->outcome);
	}
}

WorkerSlot *
respond_starter_find(Oid database, WorkerKind kind, int lane)
{
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state != WORKER_FREE && slot->database == database &&
			slot->kind == kind && slot->lane == lane)
			return slot;
	}
	return NULL;
}

/* No process could be had: as before, but keep in mind that the worker failed earlier. */
static void
give_back(WorkerSlot *slot)
{
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	slot->generation++;
	slot->state = slot->failures > 0 ? WORKER_WAITING : WORKER_FREE;
	LWLockRelease(respond_shared->lock);
}

static WorkerSlot *
take_slot(Oid database, WorkerKind kind, int lane)
{
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state != WORKER_FREE)
			continue;
		LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
		slot->kind = kind;
		slot->database = database;
		slot->lane = lane;
		slot->failures = 0;
		slot->restart_after = 0;
		pg_atomic_write_u32(&slot->busy, 0);
		pg_atomic_write_u32(&slot->errors_in_row, 0);
		slot->state = WORKER_WAITING;
		LWLockRelease(respond_shared->lock);
		return slot;
	}
	return NULL;
}

static bool
start_process(WorkerSlot *slot)
{
	int			number = (int) (slot - respond_shared->slots);
	BackgroundWorker worker = {0};
	MemoryContext previous;
	bool		registered;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = respond_worker_argument(number, slot->generation);
	strlcpy(worker.bgw_library_name, "pg_respond", BGW_MAXLEN);
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "respond_%s_main", respond_worker_kind_name(slot->kind));
	snprintf(worker.bgw_type, BGW_MAXLEN, "pg_respond %s", respond_worker_kind_name(slot->kind));
	if (slot->kind == WORKER_DISPATCHER)
		snprintf(worker.bgw_name, BGW_MAXLEN, "pg_respond dispatcher %d of %s",
				 slot->lane + 1, respond_registry_name(slot->database));
	else if (slot->kind == WORKER_GATEWAY && slot->lane > 0)
		snprintf(worker.bgw_name, BGW_MAXLEN, "pg_respond gateway for REST %d of %s",
				 slot->lane, respond_registry_name(slot->database));
	else if (slot->kind == WORKER_LISTENER)
		strlcpy(worker.bgw_name, "pg_respond listener", BGW_MAXLEN);
	else
		snprintf(worker.bgw_name, BGW_MAXLEN, "pg_respond %s of %s", respond_worker_kind_name(slot->kind),
				 respond_registry_name(slot->database));

	previous = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&worker, &handles[number]);
	MemoryContextSwitchTo(previous);
	if (!registered)
		handles[number] = NULL;
	return registered;
}

bool
respond_starter_start(Oid database, Oid role, WorkerKind kind, int lane, int lanes)
{
	WorkerSlot *slot = respond_starter_find(database, kind, lane);
	TimestampTz now = GetCurrentTimestamp();
	bool		barred;

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	barred = respond_worker_is_barred(database);
	LWLockRelease(respond_shared->lock);
	if (barred)
		return false;
	if (slot != NULL &&
		(slot->state != WORKER_WAITING || now < slot->restart_after))
		return false;
	if (now < first_try_after)
	{
		missing++;
		return false;
	}
	if (slot == NULL)
		slot = take_slot(database, kind, lane);
	if (slot == NULL)
	{
		missing++;
		missing_own = true;
		return false;
	}

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	slot->generation++;
	slot->role = role;
	slot->lanes = lanes;
	slot->pid = 0;
	slot->stop_wanted = false;
	slot->stop_asked_at = 0;
	slot->outcome = WORKER_FAILED;
	slot->told_to_end = 0;
	slot->started_at = now;
	slot->state = WORKER_STARTING;
	pg_atomic_write_u64(&slot->events, 0);
	pg_atomic_write_u64(&slot->batches, 0);
	pg_atomic_write_u64(&slot->runs, 0);
	pg_atomic_write_u64(&slot->errors, 0);
	LWLockRelease(respond_shared->lock);
	if (start_process(slot))
		return true;

	missing++;
	give_back(slot);
	return false;
}

void
respond_starter_forget(WorkerSlot *slot)
{
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	slot->generation++;
	slot->failures = 0;
	slot->state = WORKER_FREE;
	LWLockRelease(respond_shared->lock);
}

void
respond_starter_stop(WorkerSlot *slot)
{
	TimestampTz now = GetCurrentTimestamp();

	if (slot->state == WORKER_WAITING)
	{
		respond_starter_forget(slot);
		return;
	}

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	if (slot->state == WORKER_STARTING || slot->state == WORKER_RUNNING)
	{
		if (slot->stop_asked_at == 0)
			slot->stop_asked_at = now;
		slot->stop_wanted = true;
		respond_latch_set(slot->procno);
		/* until the slot says ENDED, which needs the lock, the pid is the worker's */
		if (slot->state == WORKER_RUNNING &&
			TimestampDifferenceExceeds(slot->stop_asked_at, now, TERMINATE_AFTER_MS))
			kill(slot->pid, SIGTERM);
	}
	LWLockRelease(respond_shared->lock);
}

void
respond_starter_begin_round(void)
{
	missing = 0;
	missing_own = false;
}

static int
count_processes(void)
{
	int			count = 0;

	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerState state = respond_shared->slots[i].state;

		if (state == WORKER_STARTING || state == WORKER_RUNNING)
			count++;
	}
	return count;
}

/*
 * What max_worker_processes must be for all workers that are wanted.  If all
 * processes are taken, those that are not ours stay so; else only those that every
 * server has are known: its own launcher and ours.
 */
static int
processes_needed(int wanted)
{
	if (missing_own)
		return Max(max_worker_processes, wanted + 2);
	return max_worker_processes + Max(wanted - count_processes(), missing);
}

void
respond_starter_end_round(int wanted)
{
	TimestampTz now = GetCurrentTimestamp();

	/* a round within the pause tried nothing and so knows nothing */
	if (missing > 0 && now < first_try_after)
		return;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	respond_shared->missing_workers = missing;
	respond_shared->missing_own_slots = missing_own;
	respond_shared->wanted_workers = wanted;
	respond_shared->needed_processes = missing > 0 ? processes_needed(wanted) : 0;
	LWLockRelease(respond_shared->lock);

	if (missing == 0)
	{
		if (warned)
			ereport(LOG, (errmsg("pg_respond has started all workers that were waiting for a slot")));
		warned = false;
		return;
	}
	first_try_after = TimestampTzPlusMilliseconds(now, PLACE_RETRY_MS);
	if (!warned)
	{
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("pg_respond has no slot for %d of its workers", missing),
				 errdetail("Events of their databases wait.  The workers start when slots become free."),
				 missing_own ?
				 errhint("Raise \"%s\" to %d or more, make sure that \"%s\" is %d or more, and restart the server.",
						 "pg_respond.max_workers", wanted, "max_worker_processes", respond_shared->needed_processes) :
				 errhint("Raise \"%s\" to %d or more, make sure that \"%s\" is %d or more, and restart the server.",
						 "max_worker_processes", respond_shared->needed_processes, "pg_respond.max_workers", wanted)));
		warned = true;
	}
}

long
respond_starter_next_due(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz due = 0;

	if (missing > 0)
		due = first_try_after;
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];
		TimestampTz mine = 0;

		if (slot->state == WORKER_WAITING)
			mine = slot->restart_after;
		else if (slot->state == WORKER_RUNNING && slot->stop_asked_at != 0)
			mine = TimestampTzPlusMilliseconds(now, 100);
		else if (slot->state == WORKER_STARTING && handles[i] == NULL)
			mine = TimestampTzPlusMilliseconds(slot->started_at, CLAIM_LIMIT_MS);
		if (mine != 0 && (due == 0 || mine < due))
			due = mine;
	}
	return due == 0 ? -1 : Max(1, TimestampDifferenceMilliseconds(now, due));
}
