/*-------------------------------------------------------------------------
 * clock.c
 *	  The clock worker: what a database needs done as time goes by.
 *
 * The clock is the first worker of a database.  It looks whether the extension
 * is there, brings shared memory in line with respond_internal.state, and by
 * that asks the launcher for the dispatchers.
 *
 * Then it has duties.  Each says when it wants to be called again; a duty that
 * fails, because a lock could not be had for example, is rolled back and tried
 * again after a pause that grows from a second to ten, and the log tells of
 * the first failure in a row.  While nothing is due the clock sleeps without
 * transaction or snapshot, and while the database is on hold it does nothing:
 * a dump may just be restored.
 *
 * src/clock/clock.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "clock/clock.h"
#include "common/guc.h"
#include "common/latch.h"
#include "schedule/schedule_fire.h"
#include "upkeep/manifest.h"
#include "upkeep/owner_names.h"
#include "upkeep/partition.h"
#include "upkeep/progress_rotation.h"
#include "upkeep/retention.h"
#include "upkeep/sealing.h"
#include "upkeep/state.h"
#include "upkeep/time_keep.h"
#include "worker/back_off.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

#define LONGEST_REST_MS		60000
#define FIRST_RETRY_MS		1000
#define LONGEST_RETRY_MS	10000

typedef struct Duty
{
	const char *what;			/* for the log, after "could not" */
	TimestampTz (*run) (TimestampTz now);
	TimestampTz due;
	int			failures;		/* in a row */
} Duty;

static Duty duties[] = {
	{"record the events of schedules", respond_schedules_fire},
	{"make partitions ahead of time", respond_partition_make_ahead},
	{"seal the audit log", respond_sealing_apply},
	{"drop old partitions", respond_retention_apply},
	{"empty the progress tables", respond_rotation_apply},
	{"bring the names of rules' owners up to date", respond_owner_names_keep},
	{"write down which time it is", respond_time_keep},
};

/* The first of them, which is due as well when schedules have changed. */
#define SCHEDULES	(&duties[0])

/* The duties that are done on hold as well. */
static Duty look_for_code = {"look for foreign code on the objects of pg_respond", respond_manifest_look};
static Duty check_manifest = {"compare the objects of pg_respond with what was installed", respond_manifest_check};
static Duty follow_state = {"read respond_internal.state", respond_state_follow};

/* What the dispatchers and the courier must know before they begin; the database is given if they are new to it. */
static void
learn_state(void *database)
{
	if (database != NULL)
		respond_rotation_choose_side(database);
	respond_time_keep_restore();
	respond_state_publish();
}

/* When time goes back, what is due by the old one is looked at now; else it would wait for as long. */
static void
note_time(void)
{
	static TimestampTz seen = 0;
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; now < seen && i < lengthof(duties); i++)
		duties[i].due = 0;
	if (now < seen)
		look_for_code.due = check_manifest.due = follow_state.due = 0;
	seen = now;
}

/* What a reload changed takes effect at once. */
static void
note_settings(void)
{
	static int	seen[4];
	int			current[4] = {respond_partition_interval, respond_event_retention, respond_audit_retention,
	respond_audit_seal_interval};

	if (memcmp(seen, current, sizeof(seen)) == 0)
		return;
	memcpy(seen, current, sizeof(seen));
	for (int i = 0; i < lengthof(duties); i++)
		duties[i].due = 0;
}

/* The clock does well when none of its duties fails. */
static void
note_success(void)
{
	for (int i = 0; i < lengthof(duties); i++)
		if (duties[i].failures > 0)
			return;
	if (follow_state.failures == 0 && look_for_code.failures == 0 && check_manifest.failures == 0)
		respond_worker_succeeded();
}

/* The first one in a row; more of them say nothing new. */
static void
report_failure(Duty *duty)
{
	ErrorData  *error;

	pg_atomic_fetch_add_u64(&respond_worker_slot->errors, 1);
	if (duty->failures > 0)
		return;
	error = CopyErrorData();
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("pg_respond could not %s: %s", duty->what, error->message),
			 errdetail("This is retried.")));
	FreeErrorData(error);
}

static void
run_duty(Duty *duty, TimestampTz now)
{
	MemoryContext caller = CurrentMemoryContext;

	pg_atomic_write_u32(&respond_worker_slot->busy, 1);
	PG_TRY();
	{
		duty->due = duty->run(now);
		duty->failures = 0;
		note_success();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		HOLD_INTERRUPTS();
		respond_worker_failed(geterrcode());
		report_failure(duty);
		AbortCurrentTransaction();
		FlushErrorState();
		RESUME_INTERRUPTS();
		duty->failures++;
		duty->due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												respond_back_off(FIRST_RETRY_MS, LONGEST_RETRY_MS, duty->failures - 1));
		pgstat_report_activity(STATE_IDLE, NULL);
	}
	PG_END_TRY();
	pg_atomic_write_u32(&respond_worker_slot->busy, 0);
	pg_atomic_write_u64(&respond_worker_slot->active_at, (uint64) GetCurrentTimestamp());
}

static void
run_if_due(Duty *duty)
{
	TimestampTz now = GetCurrentTimestamp();

	if (now >= duty->due)
		run_duty(duty, now);
	respond_worker_check_stop();
}

static long
rest_milliseconds(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		rest = LONGEST_REST_MS;

	rest = Min(rest, TimestampDifferenceMilliseconds(now, follow_state.due));
	rest = Min(rest, TimestampDifferenceMilliseconds(now, look_for_code.due));
	rest = Min(rest, TimestampDifferenceMilliseconds(now, check_manifest.due));
	if (respond_worker_on_hold())
		return Max(rest, 1);
	for (int i = 0; i < lengthof(duties); i++)
		rest = Min(rest, TimestampDifferenceMilliseconds(now, duties[i].due));
	return Max(rest, 1);
}

void
respond_clock_main(Datum main_arg)
{
	WorkerSlot *slot = respond_worker_start(main_arg, WORKER_CLOCK);
	DatabaseSlot *database;
	bool		created;

	database = respond_worker_open_database(&created);
	respond_worker_insist(learn_state, created ? database : NULL, "read the state of its database");
	respond_latch_wake_launcher();

	for (;;)
	{
		pg_atomic_write_u32(&slot->sleeping, 1);
		note_settings();
		note_time();
		if (respond_manifest_is_wanted())
		{
			/* pg_restore --disable-triggers, for example, changes a table before and after it brings rows */
			if (follow_state.failures == 0)
				follow_state.due = 0;
			if (look_for_code.failures == 0)
				look_for_code.due = 0;
			if (check_manifest.failures == 0)
				check_manifest.due = 0;
		}
		run_if_due(&follow_state);
		run_if_due(&look_for_code);
		run_if_due(&check_manifest);
		if (respond_worker_on_hold())
			respond_schedules_pause();
		if (SCHEDULES->failures == 0 && respond_schedules_have_news())
			SCHEDULES->due = 0;
		for (int i = 0; i < lengthof(duties) && !respond_worker_on_hold(); i++)
			run_if_due(&duties[i]);
		respond_worker_wait(rest_milliseconds());
	}
}
