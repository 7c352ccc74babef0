/*-------------------------------------------------------------------------
 * worker.c
 *	  What every worker of a database does alike: claim its slot, connect, wait, end.
 *
 * The launcher writes a slot and starts a process with the slot's number and
 * generation.  The process claims the slot, and from then on it alone says
 * that it is gone: in a callback that runs after it has left the list of
 * processes, so whoever sees the slot ENDED may drop the database at once.  A
 * process whose generation is not the slot's any more came too late and ends.
 *
 * Three ways to end a worker: stop_wanted and its latch, which it sees when it
 * waits or finishes a batch; SIGTERM, which it obeys at the next check for
 * interrupts; SIGKILL, after which the server makes shared memory anew.
 *
 * src/worker/worker.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/latch.h"
#include "common/memory_limit.h"
#include "common/pg_compat.h"
#include "common/recode.h"
#include "common/shmem.h"
#include "common/utf8_cut.h"
#include "common/version.h"
#include "worker/death_word.h"
#include "worker/settings.h"
#include "worker/wait_event.h"
#include "worker/worker.h"

WorkerSlot *respond_worker_slot = NULL;

static DatabaseSlot *my_database = NULL;
static MemoryContext begin_context;	/* current when the transaction was begun */
static Oid	my_extension = InvalidOid;
static char my_name[METRIC_NAME_SIZE]; /* of the database, UTF-8 */
pg_noreturn static void end_worker(WorkerOutcome outcome);

const char *
respond_worker_kind_name(WorkerKind kind)
{
	switch (kind)
	{
		case WORKER_CLOCK:
			return "clock";
		case WORKER_DISPATCHER:
			return "dispatcher";
		case WORKER_COURIER:
			return "courier";
		case WORKER_LISTENER:
			return "listener";
		case WORKER_GATEWAY:
			return "gateway";
	}
	return "worker";
}

Datum
respond_worker_argument(int slot, uint32 generation)
{
	return Int64GetDatum(((int64) slot << 32) | generation);
}

static void
end_worker(WorkerOutcome outcome)
{
	respond_worker_slot->outcome = outcome;
	proc_exit(0);
}

void
respond_worker_make_way(void)
{
	respond_worker_slot->told_to_end = 1;
	end_worker(WORKER_STOPPED);
}

/* Whether somebody, DROP DATABASE for example, wants workers to keep out. */
bool
respond_worker_is_barred(Oid database)
{
	Assert(LWLockHeldByMe(respond_shared->lock));
	for (int i = 0; i < RESPOND_MAX_BARRED; i++)
	{
		if (OidIsValid(database) && respond_shared->barred[i].database == database)
			return true;
	}
	return false;
}

/* The server lets go of a session's locks on objects only when a transaction fails. */
static void
release_session_locks(int code, Datum argument)
{
	LockReleaseAll(DEFAULT_LOCKMETHOD, true);
}

/* The process is not in the database any more, but can still use shared memory. */
static void
leave_slot(int code, Datum argument)
{
	WorkerSlot *slot = respond_worker_slot;
	uint32		reference;
	int			launcher;

	if (slot == NULL)
		return;
	respond_worker_slot = NULL;
	reference = (uint32) (slot - respond_shared->slots) + 1;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	slot->procno = -1;
	respond_death_word_end(slot);
	pg_atomic_write_u32(&slot->sleeping, 0);
	/* a dispatcher that died in a batch leaves its mark to its successor */
	if (slot->outcome != WORKER_FAILED)
		pg_atomic_write_u32(&slot->busy, 0);
	if (my_database != NULL)
	{
		for (int lane = 0; lane < RESPOND_MAX_LANES; lane++)
		{
			if (pg_atomic_read_u32(&my_database->dispatchers[lane]) == reference)
				pg_atomic_write_u32(&my_database->dispatchers[lane], 0);
		}
		if (pg_atomic_read_u32(&my_database->clock) == reference)
			pg_atomic_write_u32(&my_database->clock, 0);
		if (pg_atomic_read_u32(&my_database->courier) == reference)
			pg_atomic_write_u32(&my_database->courier, 0);
		if (pg_atomic_read_u32(&my_database->streams) == reference)
			pg_atomic_write_u32(&my_database->streams, 0);
		if (pg_atomic_read_u32(&my_database->gateway) == reference)
			pg_atomic_write_u32(&my_database->gateway, 0);
	}
	slot->state = WORKER_ENDED;
	launcher = respond_shared->launcher_procno;
	LWLockRelease(respond_shared->lock);

	respond_latch_set(launcher);
}

static void
claim_slot(int number, uint32 generation, WorkerKind kind)
{
	WorkerSlot *slot;
	bool		mine;
	bool		stop;

	if (number < 0 || number >= respond_shared->slot_count)
		elog(FATAL, "worker slot %d does not exist", number);
	slot = &respond_shared->slots[number];

	/* registered before the process joins those of the database, so it runs after it left them */
	on_shmem_exit(leave_slot, (Datum) 0);
	/* registered before connecting, so it runs after the last transaction was rolled back */
	before_shmem_exit(release_session_locks, (Datum) 0);

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	mine = slot->state == WORKER_STARTING && slot->generation == generation && slot->kind == kind;
	stop = mine && (slot->stop_wanted || respond_worker_is_barred(slot->database));
	if (mine)
	{
		slot->state = WORKER_RUNNING;
		slot->pid = MyProcPid;
		slot->procno = MyProcNumber;
		slot->started_at = GetCurrentTimestamp();
		pg_atomic_write_u64(&slot->active_at, (uint64) slot->started_at);
		respond_worker_slot = slot;
		respond_death_word_begin(slot);
	}
	LWLockRelease(respond_shared->lock);

	if (!mine)
		proc_exit(0);
	if (stop)
		end_worker(WORKER_STOPPED);
}

static void
connect_to_database(void)
{
	respond_settings_pin();

	/*
	 * Rights to connect are asked of people; whoever created the extension
	 * wanted its workers.  The launcher does not start workers in a database
	 * that allows no connections.
	 */
	BackgroundWorkerInitializeConnectionByOid(respond_worker_slot->database, respond_worker_slot->role,
											  BGWORKER_BYPASS_ALLOWCONN);
	respond_settings_pin_role();
	SetConfigOption("application_name", "pg_respond", PGC_USERSET, PGC_S_SESSION);
}

/* To no database: only so that the server shows the process among its others. */
static void
connect_to_cluster(void)
{
	respond_settings_pin();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	SetConfigOption("application_name", "pg_respond", PGC_USERSET, PGC_S_SESSION);
}

/*
 * After a new package was installed and the server restarted, each database
 * keeps its tables and functions until somebody updates the extension there.
 * Meanwhile events are recorded and wait.  ALTER EXTENSION ... UPDATE makes the
 * launcher look at the database again (ddl_hooks.c).
 */
static bool
version_fits(void)
{
	const char *installed = respond_version_installed();

	if (installed == NULL || strcmp(installed, RESPOND_VERSION) == 0)
		return true;
	if (respond_worker_slot->kind == WORKER_CLOCK)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pg_respond: no workers run in database \"%s\", because library and extension differ",
						get_database_name(MyDatabaseId)),
				 errdetail("The server has library %s in memory, the database has extension %s.", RESPOND_VERSION,
						   installed),
				 errhint("Run ALTER EXTENSION pg_respond UPDATE in that database; if the library is the older one,"
						 " restart the server.")));
	return false;
}

/*
 * For the metrics, which have nothing but shared memory.  The server does not
 * know the encoding of the name: it is that of the database in which it was given.
 */
static void
find_name(void)
{
	const char *name = get_database_name(MyDatabaseId);
	size_t		length;

	if (name == NULL)
		return;
	length = strlen(name);
	if (!pg_verify_mbstr(PG_UTF8, name, (int) length, true))
		name = respond_to_utf8(name, &length);
	length = respond_utf8_cut(name, length, sizeof(my_name) - 1);
	memcpy(my_name, name, length);
	my_name[length] = '\0';
}

static void
find_extension(void)
{
	bool		fits;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	my_extension = get_extension_oid("pg_respond", true);
	fits = OidIsValid(my_extension) && version_fits();
	find_name();
	CommitTransactionCommand();
	pgstat_report_activity(STATE_IDLE, NULL);
	if (!fits)
		end_worker(OidIsValid(my_extension) ? WORKER_OTHER_VERSION : WORKER_NO_EXTENSION);
}

/* From now on whoever has work for this worker can find and wake it. */
static void
publish_slot(void)
{
	WorkerSlot *slot = respond_worker_slot;
	uint32		reference = (uint32) (slot - respond_shared->slots) + 1;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	my_database = respond_shmem_find_database(MyDatabaseId);
	if (my_database != NULL)
	{
		if (slot->kind == WORKER_CLOCK)
			pg_atomic_write_u32(&my_database->clock, reference);
		else if (slot->kind == WORKER_COURIER)
			pg_atomic_write_u32(&my_database->courier, reference);
		else if (slot->kind == WORKER_DISPATCHER)
			pg_atomic_write_u32(&my_database->dispatchers[slot->lane], reference);
		else if (slot->lane == 0)
			pg_atomic_write_u32(&my_database->gateway, reference);
	}
	LWLockRelease(respond_shared->lock);

	/* the launcher forgets a database in which the extension was dropped */
	if (my_database == NULL)
		end_worker(WORKER_STOPPED);
}

WorkerSlot *
respond_worker_start(Datum main_arg, WorkerKind kind)
{
	int64		argument = DatumGetInt64(main_arg);

	respond_death_word_listen();
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();

	claim_slot((int) (argument >> 32), (uint32) argument, kind);
	if (kind == WORKER_LISTENER)
	{
		connect_to_cluster();
		return respond_worker_slot;
	}
	connect_to_database();
	find_extension();
	if (kind == WORKER_DISPATCHER)
		respond_memory_limit_apply();
	if (kind != WORKER_CLOCK)
		publish_slot();
	return respond_worker_slot;
}

bool
respond_worker_is_switched_on(WorkerKind kind)
{
	switch (kind)
	{
		case WORKER_COURIER:
			return respond_enabled && respond_courier;
		case WORKER_LISTENER:
		case WORKER_GATEWAY:
			return respond_enabled && respond_gateway_listen[0] != '\0';
		case WORKER_CLOCK:
		case WORKER_DISPATCHER:
			break;
	}
	return respond_enabled;
}

DatabaseSlot *
respond_worker_open_database(bool *created)
{
	DatabaseSlot *entry;

	LWLockAcquire(respond_shared->lock, LW_EXCLUSIVE);
	entry = respond_shmem_add_database(MyDatabaseId, created);
	if (entry != NULL)
		strlcpy(entry->metrics.database, my_name, sizeof(entry->metrics.database));
	LWLockRelease(respond_shared->lock);
	if (entry == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("pg_respond has no room in shared memory for another database"),
				 errhint("Raise \"%s\" and restart the server.", "pg_respond.max_workers")));
	publish_slot();
	pg_atomic_write_u32(&my_database->extension, my_extension);
	return my_database;
}

bool
respond_worker_on_hold(void)
{
	if (my_database == NULL)
		return false;
	return pg_atomic_read_u32(&my_database->hold) != 0 || pg_atomic_read_u32(&my_database->manifest) != 0;
}

Sleep
respond_worker_sleep(void)
{
	if (respond_worker_on_hold())
		return SLEEP_HOLD;
	switch (respond_worker_slot->kind)
	{
		case WORKER_CLOCK:
			return SLEEP_CLOCK;
		case WORKER_DISPATCHER:
			return SLEEP_DISPATCHER;
		case WORKER_LISTENER:
			return SLEEP_LISTENER;
		case WORKER_GATEWAY:
			return SLEEP_GATEWAY;
		case WORKER_COURIER:
			break;
	}
	return SLEEP_COURIER;
}

void
respond_worker_check_stop(void)
{
	if (respond_worker_slot->stop_wanted || !respond_worker_is_switched_on(respond_worker_slot->kind))
		end_worker(WORKER_STOPPED);
	/* one with nothing in its hands ends without a line in the log */
	if (respond_death_word_terminated())
		proc_exit(0);
}

void
respond_worker_woken(void)
{
	ResetLatch(MyLatch);
	pg_atomic_write_u32(&respond_worker_slot->sleeping, 0);

	respond_worker_check_stop();

	/* a cancel that came while there was nothing to cancel, also one that comes between these lines */
	QueryCancelPending = false;
	HOLD_CANCEL_INTERRUPTS();
	CHECK_FOR_INTERRUPTS();
	RESUME_CANCEL_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		respond_settings_pin();
		if (respond_worker_slot->kind == WORKER_DISPATCHER)
			respond_memory_limit_apply();
	}
}

static void
wait_for(long milliseconds, Sleep sleep)
{
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;

	/* counts of what was done go out at most once a second, and before a long rest */
	if (!IsTransactionState())
		pgstat_report_stat(milliseconds < 0 || milliseconds >= 10000);

	if (milliseconds >= 0)
		events |= WL_TIMEOUT;
	(void) WaitLatch(MyLatch, events, milliseconds, respond_wait_event(sleep));
	respond_worker_woken();
}

void
respond_worker_wait(long milliseconds)
{
	wait_for(milliseconds, respond_worker_sleep());
}

void
respond_worker_pause(long milliseconds)
{
	wait_for(milliseconds, SLEEP_RETRY);
}

void
respond_worker_lock_extension(void)
{
	LockDatabaseObject(ExtensionRelationId, my_extension, 0, AccessShareLock);
	if (get_extension_name(my_extension) == NULL)
		end_worker(WORKER_NO_EXTENSION);
}

void
respond_worker_begin(void)
{
	begin_context = CurrentMemoryContext;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	respond_worker_lock_extension();
}

void
respond_worker_commit(void)
{
	CommitTransactionCommand();
	MemoryContextSwitchTo(begin_context);
}

/* Workers that hold do not wait for events, so their latches are set in any case. */
void
respond_worker_wake_all(Oid database)
{
	LWLockAcquire(respond_shared->lock, LW_SHARED);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		if (slot->state == WORKER_RUNNING && slot->database == database)
			respond_latch_set(slot->procno);
	}
	LWLockRelease(respond_shared->lock);
}

void
respond_worker_set_hold(Oid database, bool hold)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	if (entry == NULL)
		return;
	pg_atomic_write_u32(&entry->hold, hold ? 1 : 0);
	respond_worker_wake_all(database);
}
