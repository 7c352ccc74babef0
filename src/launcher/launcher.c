/*-------------------------------------------------------------------------
 * launcher.c
 *	  The launcher: one process that keeps the workers of all databases running.
 *
 * It is started when the server accepts writes, so neither on a standby
 * (before its promotion) nor in a binary upgrade.  It sleeps until somebody
 * sets its latch: a backend after DDL, a worker that ends, the postmaster.
 * Each round it compares what should run with what runs:
 *
 *	- A database that is not known to have or lack the extension gets a clock
 *	  worker, which looks and ends at once when the extension is not there.
 *	  Few do so at a time, so that a cluster of many databases is not flooded.
 *	- Where the clock found it, it makes the database's entry in shared memory;
 *	  that asks for the dispatchers and the courier.
 *	- Workers of databases that are gone, or do without the extension, and
 *	  dispatchers of another division into lanes than the one that is wanted
 *	  now, are stopped.
 *
 * With pg_respond.enabled = off nothing should run, with pg_respond.courier = off
 * no courier: the emergency switches, which need a reload and no session.  With
 * pg_respond.gateway_listen there is a listener for the cluster, and each database
 * that has the extension gets gateways.
 *
 * A cluster in which the extension was never created lacks the role
 * respond_worker, which owns its tables; there the launcher starts nothing.
 *
 * src/launcher/launcher.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/latch.h"
#include "common/pg_compat.h"
#include "common/shmem.h"
#include "launcher/database_list.h"
#include "launcher/launcher.h"
#include "launcher/registry.h"
#include "launcher/starter.h"
#include "worker/settings.h"
#include "worker/wait_event.h"
#include "worker/worker.h"

/* Clock workers that look for the extension at the same time. */
#define MAX_LOOKING			2

/* pg_database is read this often even when nobody told of a change. */
#define SCAN_INTERVAL_MS	60000

static uint32 seen_look_again;
static TimestampTz scan_after = 0;

void
respond_launcher_register(void)
{
	BackgroundWorker worker = {0};

	/* The schema is being restored by force; nothing of ours may run. */
	if (IsBinaryUpgrade)
		return;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_name, "pg_respond launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "pg_respond launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "pg_respond", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "respond_launcher_main", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

/* The launcher does the rest; but this must not depend on its being there. */
static void
ask_to_stop(Oid database)
{
	Assert(LWLockHeldByMeInMode(respond_shared->lock, LW_EXCLUSIVE));
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->database != database ||
			(slot->state != WORKER_STARTING && slot->state != WORKER_RUNNING))
			continue;
		slot->stop_wanted = true;
		respond_latch_set(slot->procno);
	}
}

void
respond_launcher_tell(Oid database, bool replaced, bool present)
{
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	if (respond_shared->request_count < RESPOND_MAX_DATABASE_REQUESTS)
	{
		DatabaseRequest *request = &respond_shared->requests[respond_shared->request_count];

		request->database = database;
		request->replaced = replaced;
		request->present = present;
	}
	if (respond_shared->request_count <= RESPOND_MAX_DATABASE_REQUESTS)
		respond_shared->request_count++;
	if (replaced || !present)
		ask_to_stop(database);
	LWLockRelease(respond_shared->lock);
	respond_latch_wake_launcher();
}

static void
leave(int code, Datum argument)
{
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	respond_shared->launcher_pid = 0;
	respond_shared->launcher_procno = -1;
	LWLockRelease(respond_shared->lock);
}

static void
announce_launcher(void)
{
	on_shmem_exit(leave, (Datum) 0);
	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	respond_shared->launcher_pid = MyProcPid;
	respond_shared->launcher_procno = MyProcNumber;
	LWLockRelease(respond_shared->lock);
}

static void
scan_if_due(void)
{
	uint32		look_again = pg_atomic_read_u32(&respond_shared->look_again);
	TimestampTz now = GetCurrentTimestamp();

	if (scan_after != 0 && now < scan_after && look_again == seen_look_again)
		return;
	seen_look_again = look_again;
	scan_after = TimestampTzPlusMilliseconds(now, SCAN_INTERVAL_MS);
	respond_registry_scan();
}

static void
worker_ended(Oid database, WorkerKind kind, WorkerOutcome outcome)
{
	DatabaseEntry *entry = respond_registry_find(database);

	if (outcome == WORKER_FAILED)
	{
		/* perhaps because the database is not there any more */
		if (OidIsValid(database))
			scan_after = 0;
		return;
	}
	if (entry == NULL || (outcome != WORKER_NO_EXTENSION && outcome != WORKER_OTHER_VERSION))
		return;
	entry->has_other_version = outcome == WORKER_OTHER_VERSION;
	if (entry->asked == entry->clock_asked)
		entry->status = DATABASE_ABSENT;
	else
		/* the worker was started before a backend told that something changed */
		entry->status = DATABASE_UNKNOWN;
}

/* The extension was found there: its clock has made the entry. */
static bool
is_ready(DatabaseEntry *entry)
{
	return entry->status == DATABASE_PRESENT && respond_shmem_find_database(entry->database) != NULL;
}

static bool
is_wanted(WorkerSlot *slot)
{
	DatabaseEntry *entry = respond_registry_find(slot->database);

	if (slot->kind == WORKER_LISTENER)
		return respond_worker_is_switched_on(slot->kind);
	if (entry == NULL || entry->status == DATABASE_ABSENT || !respond_worker_is_switched_on(slot->kind))
		return false;
	if (slot->kind == WORKER_CLOCK)
		/* one that was started before a change is of no use */
		return entry->status == DATABASE_PRESENT || entry->asked == entry->clock_asked;
	if (slot->kind == WORKER_COURIER)
		return is_ready(entry);
	if (slot->kind == WORKER_GATEWAY)
		return is_ready(entry) && slot->lane <= respond_gateway_rest_workers;
	return is_ready(entry) && slot->lane < respond_dispatchers &&
		(slot->lanes == respond_dispatchers || slot->state == WORKER_WAITING);
}

static void
stop_unwanted(void)
{
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state != WORKER_FREE && slot->state != WORKER_ENDED && !is_wanted(slot))
			respond_starter_stop(slot);
	}
}

/* Entries in shared memory whose database is gone or without extension, once nobody uses them. */
static void
forget_databases(void)
{
	for (int i = 0; i < respond_shared->database_count; i++)
	{
		Oid			database = pg_atomic_read_u32(&respond_shared->databases[i].database);
		DatabaseEntry *entry;
		bool		used = false;

		if (!OidIsValid(database))
			continue;
		entry = respond_registry_find(database);
		if (entry != NULL && entry->status == DATABASE_UNKNOWN && entry->asked == entry->clock_asked)
			entry->status = DATABASE_PRESENT;
		if (entry != NULL && entry->status == DATABASE_PRESENT)
			continue;
		for (int s = 0; s < respond_shared->slot_count; s++)
		{
			if (respond_shared->slots[s].database == database &&
				respond_shared->slots[s].state != WORKER_FREE)
				used = true;
		}
		if (used)
			continue;
		LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
		respond_shmem_remove_database(database);
		LWLockRelease(respond_shared->lock);
	}
}

/*
 * Workers of all databases together.  One that could not be looked at for want of a
 * place counts as if it had the extension, so that this advice is given once.
 */
static int
count_wanted(void)
{
	DatabaseEntry *entry;
	int			position = 0;
	int			gateways = respond_worker_is_switched_on(WORKER_GATEWAY) ? 1 + respond_gateway_rest_workers : 0;
	int			wanted = gateways > 0 ? 1 : 0;
	bool		looking = false;

	while ((entry = respond_registry_next(&position)) != NULL)
	{
		if (entry->status != DATABASE_ABSENT)
			wanted += 2 + respond_dispatchers + gateways;
		else
			looking = true;
	}
	/* after a restart the others must be looked at, one after the other */
	return wanted + (looking ? 1 : 0);
}

/*
 * Clock workers for databases where it is not known whether the extension is
 * there; first those that a backend told of.
 */
static int
start_looking(bool told, int looking)
{
	DatabaseEntry *entry;
	int			position = 0;

	while (looking < MAX_LOOKING && (entry = respond_registry_next(&position)) != NULL)
	{
		if (entry->status == DATABASE_UNKNOWN &&
			(entry->asked != entry->clock_asked) == told &&
			respond_shmem_find_database(entry->database) == NULL &&
			respond_starter_start(entry->database, respond_registry_role(), WORKER_CLOCK, 0, 0))
		{
			entry->clock_asked = entry->asked;
			looking++;
		}
	}
	return looking;
}

/* Two divisions of the events into lanes never run together: the order per subject would be lost. */
static void
start_dispatchers(Oid database)
{
	int			lanes = respond_dispatchers;

	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->database == database && slot->kind == WORKER_DISPATCHER &&
			slot->state != WORKER_FREE && slot->state != WORKER_WAITING && slot->lanes != lanes)
			return;
	}
	for (int lane = 0; lane < lanes; lane++)
		(void) respond_starter_start(database, respond_registry_role(), WORKER_DISPATCHER, lane, lanes);
}

/* What meets the network, and who answers for each database. */
static void
start_gateways(void)
{
	DatabaseEntry *entry;
	int			position = 0;

	if (!respond_worker_is_switched_on(WORKER_LISTENER))
		return;
	(void) respond_starter_start(InvalidOid, InvalidOid, WORKER_LISTENER, 0, 0);
	while ((entry = respond_registry_next(&position)) != NULL)
		for (int lane = 0; is_ready(entry) && lane <= respond_gateway_rest_workers; lane++)
			(void) respond_starter_start(entry->database, respond_registry_role(), WORKER_GATEWAY, lane, 0);
}

/*
 * When places are scarce, few databases that are served completely are better
 * than many with half of their workers: first the dispatchers where a clock
 * runs, then clocks, then gateways, and last those that must look for the
 * extension first.
 */
static void
start_wanted(void)
{
	DatabaseEntry *entry;
	int			position;
	int			looking = 0;

	if (!OidIsValid(respond_registry_role()))
		return;

	respond_starter_begin_round();
	if (!respond_enabled)
	{
		respond_starter_end_round(count_wanted());
		return;
	}
	position = 0;
	while ((entry = respond_registry_next(&position)) != NULL)
	{
		if (!is_ready(entry))
			continue;
		start_dispatchers(entry->database);
		if (respond_courier)
			(void) respond_starter_start(entry->database, respond_registry_role(), WORKER_COURIER, 0, 0);
	}
	position = 0;
	while ((entry = respond_registry_next(&position)) != NULL)
	{
		if (entry->status == DATABASE_PRESENT &&
			respond_starter_start(entry->database, respond_registry_role(), WORKER_CLOCK, 0, 0))
			entry->clock_asked = entry->asked;
		if (entry->status == DATABASE_UNKNOWN)
		{
			WorkerSlot *slot = respond_starter_find(entry->database, WORKER_CLOCK, 0);

			if (slot != NULL && slot->state != WORKER_WAITING)
				looking++;
		}
	}
	start_gateways();
	looking = start_looking(true, looking);
	(void) start_looking(false, looking);
	respond_starter_end_round(count_wanted());
}

static void
report_switch(const char *name, bool is_on, bool *was_on)
{
	if (is_on != *was_on)
		ereport(LOG,
				(errmsg(is_on ? "pg_respond starts its workers: \"%s\" is on" :
						"pg_respond stops its workers: \"%s\" is off", name)));
	*was_on = is_on;
}

/* Who reads the log later shall know when, and that it was meant. */
static void
report_switches(void)
{
	static bool enabled = true;
	static bool courier = true;

	report_switch("pg_respond.enabled", respond_enabled, &enabled);
	report_switch("pg_respond.courier", respond_courier, &courier);
}

/* The role owns the extension's tables, so it can be missing only because it was renamed. */
static void
report_missing_role(void)
{
	DatabaseEntry *entry;
	int			position = 0;
	bool		missing = false;

	while (!OidIsValid(respond_registry_role()) && (entry = respond_registry_next(&position)) != NULL)
	{
		if (entry->status == DATABASE_PRESENT || entry->asked > 0)
			missing = entry->status != DATABASE_ABSENT;
	}
	if (missing && !respond_shared->role_missing)
		ereport(WARNING,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"respond_worker\" is missing, so pg_respond cannot start its workers"),
				 errhint("Rename the role that owns the tables of schema respond to respond_worker.")));
	respond_shared->role_missing = missing;
}

static void
rest(void)
{
	long		timeout = respond_starter_next_due();
	long		scan = Max(0, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), scan_after));

	if (timeout < 0 || timeout > scan)
		timeout = scan;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout,
					 respond_wait_event(SLEEP_LAUNCHER));
	ResetLatch(MyLatch);
	/* no error, and with any other code than 1 the postmaster would not start it again */
	if (ShutdownRequestPending)
		proc_exit(1);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		respond_settings_pin();
	}
}

void
respond_launcher_main(Datum main_arg)
{
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	respond_settings_pin();
	announce_launcher();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	respond_registry_initialize();
	respond_starter_initialize();

	for (;;)
	{
		scan_if_due();
		respond_registry_take_requests();
		respond_starter_reap(worker_ended);
		report_switches();
		stop_unwanted();
		forget_databases();
		start_wanted();
		report_missing_role();
		respond_database_list_publish();
		rest();
	}
}
