/*-------------------------------------------------------------------------
 * schedule_set.c
 *	  The schedules that are turned on, as the clock keeps them in memory.
 *
 * All are loaded again when one was changed by somebody.  What the clock itself
 * changes in their rows it keeps up here; so it finds a row where it has put it,
 * and a row that it has changed a million times, while somebody holds an old
 * snapshot, costs no more than one that it has changed once.
 *
 * src/schedule/schedule_set.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/relation_change.h"
#include "common/zone_read.h"
#include "schedule/schedule_set.h"
#include "worker/worker.h"

static KeptPlan list_plan = {
	"SELECT s.ctid, s.* FROM respond.schedule AS s WHERE s.enabled AND s.next_at IS NOT NULL ORDER BY s.name",
	0, {0}
};

static List *current = NIL;
static MemoryContext current_context = NULL;
static bool is_stale = true;	/* written by the callback */
static Oid	schedule_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == schedule_table)
		is_stale = true;
}

bool
respond_schedules_have_changed(void)
{
	respond_relation_on_change(table_changed);
	AcceptInvalidationMessages();
	return is_stale;
}

void
respond_schedules_forget(void)
{
	is_stale = true;
}

/* Raises nothing: nothing but memory is touched, so an error can be caught as it is. */
static void
prepare(Schedule *schedule)
{
	const char *subject = schedule->row.subject;

	PG_TRY();
	{
		respond_cron_read("cron", schedule->row.cron, &schedule->cron);
		schedule->zone = respond_zone_read("timezone", schedule->row.timezone);
		if (subject != NULL)
			schedule->subject = respond_template_compile_in(schedule->context, subject, strlen(subject), "subject");
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(schedule->context);
		error = CopyErrorData();
		FlushErrorState();
		schedule->fault = error->message;
	}
	PG_END_TRY();
}

static Schedule *
read_schedule(HeapTuple tuple, TupleDesc desc, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "pg_respond schedule", ALLOCSET_SMALL_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	Schedule   *schedule = palloc0(sizeof(Schedule));
	Datum		values[SCHEDULE_COLUMNS];
	bool		nulls[SCHEDULE_COLUMNS];
	bool		is_null;

	schedule->context = context;
	schedule->tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(tuple, desc, 1, &is_null));
	respond_shape_deform(&respond_shape_schedule, desc, tuple, values, nulls);
	respond_schedule_row_read(&schedule->row, values, nulls);
	schedule->retry_at = DT_NOBEGIN;
	prepare(schedule);
	MemoryContextSwitchTo(before);
	return schedule;
}

/* Its turn, and what is known of a time that is due, outlive a load; both are in the order of names. */
static void
carry_over(Schedule *schedule, ListCell **place)
{
	while (*place != NULL && strcmp(((Schedule *) lfirst(*place))->row.name, schedule->row.name) < 0)
		*place = lnext(current, *place);
	if (*place != NULL)
	{
		const Schedule *old = lfirst(*place);

		if (strcmp(old->row.name, schedule->row.name) != 0)
			return;
		schedule->turn = old->turn;
		if (old->row.next_at == schedule->row.next_at)
		{
			schedule->attempts = old->attempts;
			schedule->moves = old->moves;
			schedule->retry_at = old->retry_at;
			schedule->announced = old->announced;
		}
	}
}

static List *
load(MemoryContext context)
{
	List	   *schedules = NIL;
	ListCell   *place = list_head(current);
	uint64		count;

	respond_worker_begin();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "load schedules");
	schedule_table = respond_relation_oid("respond", "schedule");
	/* a message that comes while they are read must count */
	is_stale = false;
	count = respond_kept_plan_run(&list_plan, NULL, NULL);
	for (uint64 i = 0; i < count; i++)
	{
		Schedule   *schedule = read_schedule(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, context);
		MemoryContext before = MemoryContextSwitchTo(context);

		carry_over(schedule, &place);
		schedules = lappend(schedules, schedule);
		MemoryContextSwitchTo(before);
	}
	SPI_finish();
	PopActiveSnapshot();
	respond_worker_commit();
	pgstat_report_activity(STATE_IDLE, NULL);
	return schedules;
}

List *
respond_schedules_current(void)
{
	MemoryContext context;
	List	   *schedules = NIL;

	if (!respond_schedules_have_changed())
		return current;
	context = AllocSetContextCreate(TopMemoryContext, "pg_respond schedules", ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		schedules = load(context);
	}
	PG_CATCH();
	{
		is_stale = true;
		MemoryContextDelete(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (current_context != NULL)
		MemoryContextDelete(current_context);
	current_context = context;
	current = schedules;
	return current;
}
