/*-------------------------------------------------------------------------
 * move_runs.c
 *	  move_runs(): runs that wait go over to today's version of their rule.
 *
 * A run that waits for an event or a time begins its step anew there, as if for another
 * attempt, and keeps what it has heard; until then its waits hear for the mailbox.
 * One that has not begun keeps its turn in the queue, begins at the first step, and
 * hears what came since its event.  Whatever else a run waits for is not touched.
 *
 * src/dispatcher/move_runs.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/clock.h"
#include "common/jsonb_push.h"
#include "common/kept_plan.h"
#include "dispatcher/run_hand.h"
#include "effect/effects.h"
#include "effect/run_change.h"
#include "flow/pause_arm.h"
#include "flow/run_move.h"
#include "flow/run_peek.h"
#include "outbox/run_inbox.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "rule/rule_version.h"
#include "timer/timer.h"
#include "wait/wait_rows.h"

/* Most runs that an error lists. */
#define MOST_LISTED		20

PG_FUNCTION_INFO_V1(respond_move_runs);

static KeptPlan runs_plan = {
	"SELECT r.id FROM respond.run AS r WHERE r.rule OPERATOR(pg_catalog.=) $1"
	" AND r.status OPERATOR(pg_catalog.=) ANY ('{running,waiting}') AND r.rule_version OPERATOR(pg_catalog.<>) $2"
	" AND ($3 IS NULL OR r.rule_version OPERATOR(pg_catalog.=) $3) ORDER BY r.id",
	3, {TEXTOID, INT4OID, INT4OID}
};

typedef struct Moving
{
	RuleRow		today;
	Oid			owner;
	Jsonb	   *steps;			/* NULL: all keep their names */
	List	   *versions;		/* of Rule *: those that were looked at */
	List	   *runs;			/* of RunUnderWay *, locked */
	StringInfoData faults;
	int			fault_count;
} Moving;

static void
require_rule(Moving *moving, const char *name)
{
	if (!respond_rule_find(name, &moving->today))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule \"%s\" does not exist", name)));
	moving->owner = respond_rule_owner(&moving->today);
	if (!respond_rule_acts_as(GetUserId(), moving->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to move runs of rule \"%s\"", name),
				 errdetail("They act with the rights of its owner, role \"%s\".", moving->today.owner)));
}

static void
check_map(Jsonb *steps)
{
	if (steps != NULL && !JB_ROOT_IS_OBJECT(steps))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step_map: must be an object"),
				 errhint("Write {\"old step\": \"new step\"}.")));
}

static int64 *
find_runs(const Moving *moving, bool any, int32 version, uint64 *count)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[3] = {
		CStringGetTextDatum(moving->today.name), Int32GetDatum(moving->today.version), Int32GetDatum(version)
	};
	int64	   *ids;
	bool		is_null;

	SPI_connect();
	*count = respond_kept_plan_run_newest(&runs_plan, values, any ? "  n" : "   ");
	ids = MemoryContextAllocHuge(caller, sizeof(int64) * Max(*count, 1));
	for (uint64 i = 0; i < *count; i++)
		ids[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return ids;
}

/* NULL when there is none any more. */
static const Rule *
find_version(Moving *moving, int32 version)
{
	ListCell   *cell;
	Rule	   *rule;

	foreach(cell, moving->versions)
		if (((Rule *) lfirst(cell))->version == version)
			return lfirst(cell);
	rule = respond_rule_version_load(moving->today.name, version);
	if (rule != NULL)
		moving->versions = lappend(moving->versions, rule);
	return rule;
}

static RunMove
move_of(Moving *moving, const RunUnderWay *run)
{
	RunMove		move = {.version = moving->today.version,.steps = moving->steps};
	const Rule *from = find_version(moving, run->rule_version);
	const Rule *to = find_version(moving, moving->today.version);

	move.from = from != NULL && from->broken == NULL && from->owner == moving->owner ? from->flow : NULL;
	move.to = to != NULL && to->broken == NULL ? to->flow : NULL;
	return move;
}

static char *
find_fault(Moving *moving, const RunUnderWay *run)
{
	RunMove		move = move_of(moving, run);

	if (move.from == NULL)
		return pstrdup("its version had another owner, or is gone");
	if (move.to == NULL)
		return pstrdup("the version of today cannot run");
	if (run->paused_at != 0)
		return pstrdup("it is paused");
	return respond_run_move_fault(&move, run->saved);
}

static void
note_fault(Moving *moving, const RunUnderWay *run, const char *fault)
{
	if (moving->fault_count++ >= MOST_LISTED)
		return;
	appendStringInfo(&moving->faults, "%sRun " INT64_FORMAT ": %s.", moving->faults.len > 0 ? "\n" : "", run->id,
					 fault);
}

static void
refuse(const Moving *moving)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg_plural("%d run of rule \"%s\" cannot be moved to version %d",
						   "%d runs of rule \"%s\" cannot be moved to version %d",
						   moving->fault_count, moving->fault_count, moving->today.name, moving->today.version),
			 errdetail("%s", moving->faults.data),
			 errhint("step_map says where runs continue: {\"old step\": \"new step\"}. No run was moved.")));
}

/* Locks the runs that wait and looks whether all can go over. */
static void
take_runs(Moving *moving, const int64 *ids, uint64 count)
{
	for (uint64 i = 0; i < count; i++)
	{
		RunUnderWay *run;
		char	   *fault;

		CHECK_FOR_INTERRUPTS();
		run = respond_run_hand_take(ids[i], "move_runs()");
		if (run == NULL || run->cancelled || !respond_run_is_under_way(run) ||
			run->rule_version == moving->today.version)
			continue;
		fault = find_fault(moving, run);
		if (fault != NULL)
			note_fault(moving, run, fault);
		moving->runs = lappend(moving->runs, run);
	}
}

static bool
begins_anew(const FlowPause *pause)
{
	return pause->waits_for != NULL &&
		(strcmp(pause->waits_for, PAUSE_EVENT) == 0 || strcmp(pause->waits_for, PAUSE_TIME) == 0);
}

/* Its waits hear on for the mailbox, and a timer that is due takes it to its step; the timer. */
static Timer
arm_anew(const RunMove *move, const RunUnderWay *run, const FlowPause *pause)
{
	Timer		timer = {.reader = TIMER_FLOW,.kind = TIMER_DEADLINE,.run_id = run->id,.due_at = respond_clock_now()};
	List	   *waits = respond_run_moved_waits(move, run->saved, respond_waits_take(run->id));
	ListCell   *cell;

	foreach(cell, waits)
		respond_wait_arm(lfirst(cell));
	if (pause->timer != 0)
		respond_timer_disarm(TIMER_FLOW, pause->due_at, pause->timer);
	timer.run_started_at = run->started_at;
	timer.id = respond_timer_arm(&timer);
	return timer;
}

/* It asks for its place again, and is laid down again from where it was. */
static void
queue_anew(const RunUnderWay *run, const FlowPause *pause, RunChange *change)
{
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_CONTINUE,.pause = -1};

	(void) respond_waits_take(run->id);
	note.data = pause->place;
	respond_run_inbox_write(&note, 1);
	respond_run_change_text(change, RUN_STATUS, "running");
	respond_run_change_text(change, RUN_WAITS_FOR, NULL);
	respond_run_change_time(change, RUN_WAITING_SINCE, DT_NOEND);
	respond_run_change_nothing(change, RUN_WAITING);
}

static void
move_run(Moving *moving, const RunUnderWay *run)
{
	RunMove		move = move_of(moving, run);
	RunChange	change = {.held = true};
	FlowPause	pause;
	Timer		timer = {0};

	respond_run_pause(run->saved, &pause);
	/* one that is on its way to its first pause has a note already */
	if (pause.waits_for != NULL && !respond_run_has_begun(&move, run->saved))
		queue_anew(run, &pause, &change);
	else if (begins_anew(&pause))
	{
		timer = arm_anew(&move, run, &pause);
		respond_run_change_text(&change, RUN_WAITS_FOR, PAUSE_RETRY);
		respond_run_change_time(&change, RUN_RESUME_AT, timer.due_at);
	}
	respond_run_change_version(&change, move.version);
	respond_run_change_text(&change, RUN_STEP, respond_run_moved_step(&move, run->saved));
	respond_run_change_saved(&change, respond_run_moved(&move, run->saved, timer.id, timer.due_at), moving->owner);
	respond_run_change(run->id, run->started_at, &run->place, &change);
}

static void
audit(const Moving *moving)
{
	JsonbParseState *state = NULL;
	AuditRow	row = {.action = "run.moved",.object_type = "rule",.object_id = moving->today.name};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "version", moving->today.version);
	respond_jsonb_push_int64(&state, "runs", list_length(moving->runs));
	row.new = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_audit_write(&row, 1);
}

static void
move_all(Moving *moving)
{
	ListCell   *cell;

	PushActiveSnapshot(GetLatestSnapshot());
	foreach(cell, moving->runs)
	{
		CHECK_FOR_INTERRUPTS();
		move_run(moving, lfirst(cell));
	}
	PopActiveSnapshot();
	respond_effects_flush();
	if (moving->runs != NIL)
		audit(moving);
}

/* move_runs(rule, from_version, step_map) → how many runs went over */
Datum
respond_move_runs(PG_FUNCTION_ARGS)
{
	Moving		moving = {0};
	int64	   *ids;
	uint64		count;

	respond_run_hand_require_writes("move_runs()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	initStringInfo(&moving.faults);
	moving.steps = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	check_map(moving.steps);
	require_rule(&moving, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ids = find_runs(&moving, PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1), &count);
	take_runs(&moving, ids, count);
	if (moving.fault_count > 0)
		refuse(&moving);
	move_all(&moving);
	PG_RETURN_INT32(list_length(moving.runs));
}
