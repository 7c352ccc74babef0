/*-------------------------------------------------------------------------
 * ops.c
 *	  What SQL sees and moves of the workers; behind respond.worker, health(), hold().
 *
 * Everything is read from shared memory, under the lock where the comments of
 * shmem.h ask for it.  Nothing here looks into a table.
 *
 * src/launcher/ops.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "launcher/ddl_hooks.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(respond_workers);
PG_FUNCTION_INFO_V1(respond_worker_status);
PG_FUNCTION_INFO_V1(respond_lane_status);
PG_FUNCTION_INFO_V1(respond_announce_hold);

enum
{
	SHOWN_KIND,
	SHOWN_DATABASE,
	SHOWN_PID,
	SHOWN_LANE,
	SHOWN_STATE,
	SHOWN_WAITING_FOR,
	SHOWN_GENERATION,
	SHOWN_FAILURES,
	SHOWN_STARTED_AT,
	SHOWN_RESTART_AT,
	SHOWN_EVENTS,
	SHOWN_BATCHES,
	SHOWN_RUNS,
	SHOWN_ERRORS,
	SHOWN_ACTIVE_AT,
	SHOWN_COLUMNS
};

/* In words, for one worker. */
typedef struct Description
{
	const char *state;
	char	   *waiting_for;	/* NULL: for nothing */
} Description;

/* As pg_stat_activity shows it; NULL when the process does not wait. */
static char *
wait_of_process(int procno)
{
	uint32		info = ((volatile PGPROC *) &ProcGlobal->allProcs[procno])->wait_event_info;

	if (info == 0)
		return NULL;
	return psprintf("%s: %s", pgstat_get_wait_event_type(info), pgstat_get_wait_event(info));
}

static void
put_launcher(ReturnSetInfo *result)
{
	Datum		values[SHOWN_COLUMNS] = {0};
	bool		nulls[SHOWN_COLUMNS];
	int			procno = respond_shared->launcher_procno;
	char	   *wait;

	if (procno < 0)
		return;
	memset(nulls, true, sizeof(nulls));
	values[SHOWN_KIND] = CStringGetTextDatum("launcher");
	values[SHOWN_PID] = Int32GetDatum(respond_shared->launcher_pid);
	wait = wait_of_process(procno);
	values[SHOWN_STATE] = CStringGetTextDatum(wait != NULL ? "idle" : "busy");
	values[SHOWN_WAITING_FOR] = CStringGetTextDatum("changes of databases and workers");
	nulls[SHOWN_KIND] = nulls[SHOWN_PID] = nulls[SHOWN_STATE] = nulls[SHOWN_WAITING_FOR] = false;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static bool
database_holds(Oid database)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	return entry != NULL && pg_atomic_read_u32(&entry->hold) != 0;
}

static bool
manifest_holds(Oid database)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	return entry != NULL && pg_atomic_read_u32(&entry->manifest) != 0;
}

/* What an idle worker of this kind waits for. */
static const char *
waits_for(WorkerKind kind)
{
	switch (kind)
	{
		case WORKER_CLOCK:
			return "time";
		case WORKER_COURIER:
			return "deliveries";
		case WORKER_LISTENER:
			return "the program of the gateway";
		case WORKER_GATEWAY:
			return "requests";
		case WORKER_DISPATCHER:
			break;
	}
	return "events";
}

static Description
describe(const WorkerSlot *slot)
{
	WorkerSlot *flags = unconstify(WorkerSlot *, slot);
	char	   *wait = slot->procno >= 0 ? wait_of_process(slot->procno) : NULL;

	switch (slot->state)
	{
		case WORKER_STARTING:
			return (Description) {"starting", pstrdup("its process")};
		case WORKER_WAITING:
			return (Description) {"failed", pstrdup("its next start")};
		case WORKER_ENDED:
			return (Description) {"ended", pstrdup("the launcher")};
		default:
			break;
	}
	if (slot->stop_wanted)
		return (Description) {"stopping", wait};
	if (slot->kind == WORKER_LISTENER)
		return (Description) {"idle", pstrdup("the program of the gateway")};
	if (database_holds(slot->database))
		return (Description) {"holding", pstrdup("respond.release()")};
	if (slot->kind != WORKER_CLOCK && manifest_holds(slot->database))
		return (Description) {"holding", pstrdup("check manifest of respond.health()")};
	if (pg_atomic_read_u32(&flags->busy) != 0)
		return (Description) {"busy", wait};
	if (pg_atomic_read_u32(&flags->sleeping) != 0)
		return (Description) {"idle", pstrdup(waits_for(slot->kind))};
	return (Description) {"busy", wait};
}

static void
put_worker(ReturnSetInfo *result, const WorkerSlot *slot)
{
	WorkerSlot *counters = unconstify(WorkerSlot *, slot);
	Description description = describe(slot);
	Datum		values[SHOWN_COLUMNS] = {0};
	bool		nulls[SHOWN_COLUMNS] = {0};

	values[SHOWN_KIND] = CStringGetTextDatum(respond_worker_kind_name(slot->kind));
	values[SHOWN_DATABASE] = ObjectIdGetDatum(slot->database);
	nulls[SHOWN_DATABASE] = !OidIsValid(slot->database);
	values[SHOWN_PID] = Int32GetDatum(slot->pid);
	nulls[SHOWN_PID] = slot->pid == 0;
	values[SHOWN_LANE] = Int32GetDatum(slot->lane + 1);
	nulls[SHOWN_LANE] = slot->kind != WORKER_DISPATCHER && slot->kind != WORKER_GATEWAY;
	values[SHOWN_STATE] = CStringGetTextDatum(description.state);
	if (description.waiting_for != NULL)
		values[SHOWN_WAITING_FOR] = CStringGetTextDatum(description.waiting_for);
	nulls[SHOWN_WAITING_FOR] = description.waiting_for == NULL;
	values[SHOWN_GENERATION] = Int64GetDatum((int64) slot->generation);
	values[SHOWN_FAILURES] = Int32GetDatum(slot->failures);
	values[SHOWN_STARTED_AT] = TimestampTzGetDatum(slot->started_at);
	nulls[SHOWN_STARTED_AT] = slot->state != WORKER_RUNNING;
	values[SHOWN_RESTART_AT] = TimestampTzGetDatum(slot->restart_after);
	nulls[SHOWN_RESTART_AT] = slot->state != WORKER_WAITING;
	values[SHOWN_EVENTS] = Int64GetDatum((int64) pg_atomic_read_u64(&counters->events));
	values[SHOWN_BATCHES] = Int64GetDatum((int64) pg_atomic_read_u64(&counters->batches));
	values[SHOWN_RUNS] = Int64GetDatum((int64) pg_atomic_read_u64(&counters->runs));
	values[SHOWN_ERRORS] = Int64GetDatum((int64) pg_atomic_read_u64(&counters->errors));
	values[SHOWN_ACTIVE_AT] = TimestampTzGetDatum((TimestampTz) pg_atomic_read_u64(&counters->active_at));
	nulls[SHOWN_ACTIVE_AT] = slot->state != WORKER_RUNNING;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * workers() → setof: one row for the launcher and for each slot in use, of all
 * databases.  Columns as in respond.worker; database is an OID.
 */
Datum
respond_workers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	WorkerSlot *copy = palloc(sizeof(WorkerSlot) * respond_shared->slot_count);

	InitMaterializedSRF(fcinfo, 0);
	LWLockAcquire(respond_shared->lock, LW_SHARED);
	memcpy(copy, respond_shared->slots, sizeof(WorkerSlot) * respond_shared->slot_count);
	LWLockRelease(respond_shared->lock);

	put_launcher(result);
	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		if (copy[i].state != WORKER_FREE)
			put_worker(result, &copy[i]);
	}
	return (Datum) 0;
}

/*
 * worker_status() → record (in_recovery boolean, launcher boolean, known boolean,
 * role_missing boolean, missing_workers integer, missing_setting text, dispatchers integer):
 * what health() asks shared memory for.  known: whether the workers know this
 * database.
 */
Datum
respond_worker_status(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;
	Datum		values[9];
	bool		nulls[9] = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	values[0] = BoolGetDatum(RecoveryInProgress());
	values[1] = BoolGetDatum(respond_shared->launcher_procno >= 0);
	values[2] = BoolGetDatum(respond_shmem_find_database(MyDatabaseId) != NULL);
	values[3] = BoolGetDatum(respond_shared->role_missing);
	values[4] = Int32GetDatum(respond_shared->missing_workers);
	nulls[5] = respond_shared->missing_workers == 0;
	values[6] = Int32GetDatum(respond_dispatchers);
	values[7] = Int32GetDatum(respond_shared->wanted_workers);
	values[8] = Int32GetDatum(respond_shared->needed_processes);
	LWLockRelease(respond_shared->lock);
	values[5] = CStringGetTextDatum(respond_shared->missing_own_slots ? "pg_respond.max_workers" :
											"max_worker_processes");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

/*
 * lane_status() → setof (lane integer, waiting boolean, looked_at timestamptz):
 * for each dispatcher of this database whether it has to look or to handle
 * something, and when it last looked.
 */
Datum
respond_lane_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	InitMaterializedSRF(fcinfo, 0);
	for (int lane = 0; database != NULL && lane < respond_dispatchers; lane++)
	{
		LaneStatus *status = &database->lanes[lane];
		TimestampTz looked_at = (TimestampTz) pg_atomic_read_u64(&status->cursor_at);
		Datum		values[3];
		bool		nulls[3] = {false, false, looked_at == 0};

		values[0] = Int32GetDatum(lane + 1);
		values[1] = BoolGetDatum(pg_atomic_read_u64(&status->pending) > 0 ||
								 pg_atomic_read_u64(&status->seen_wakes) < pg_atomic_read_u64(&database->wakes));
		values[2] = TimestampTzGetDatum(looked_at);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * announce_hold(restart boolean): at commit the workers of this database rest or
 * go on, as the table says; with restart they begin anew, as if just started.
 */
Datum
respond_announce_hold(PG_FUNCTION_ARGS)
{
	respond_ddl_hold_at_commit(PG_GETARG_BOOL(0));
	PG_RETURN_VOID();
}
