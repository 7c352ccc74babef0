/*-------------------------------------------------------------------------
 * retry_run.c
 *	  retry_run(): a run that failed goes on from a step of it.
 *
 * src/dispatcher/retry_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/jsonb_push.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/start_key.h"
#include "effect/run_change.h"
#include "flow/run_edit.h"
#include "flow/run_peek.h"
#include "outbox/run_inbox.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "rule/rule_version.h"

PG_FUNCTION_INFO_V1(respond_retry_run);

/* How somebody wants it to be retried. */
typedef struct Retry
{
	const char *from_step;		/* NULL: where it failed */
	bool		latest;			/* on today's version of the rule */
} Retry;

static bool
read_version(const char *version)
{
	if (strcmp(version, "latest") == 0)
		return true;
	if (strcmp(version, "same") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no version \"%s\" to retry a run on", version),
				 errhint("It is \"same\" or \"latest\".")));
	return false;
}

static bool
has_failed(const RunUnderWay *run)
{
	return strcmp(run->place.status, "failed") == 0 || strcmp(run->place.status, "cancelled") == 0;
}

/* A query that failed is recorded as a run, but has no steps and no event. */
static void
refuse_schedule(const RunUnderWay *run)
{
	if (run->saved == NULL && run->event_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " cannot be continued: it is the query of a schedule, and no run of a rule",
						run->id),
				 errhint("The schedule runs its query again at its next time.")));
}

static void
require_saved(const RunUnderWay *run)
{
	if (run->saved == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " cannot be continued: none of its steps was executed, or too much"
						" would have to be kept", run->id),
				 errhint("SELECT respond.replay(" INT64_FORMAT ") runs its event again through the rules of today.",
						 run->event_id)));
}

/* Its place in the loop went with it: it would begin the whole loop anew. */
static void
refuse_item(const RunUnderWay *run)
{
	FlowRun		item = {0};

	respond_run_parent(run->saved, &item);
	if (item.parent_id != 0 && item.parent_pause == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " cannot be continued: it is that of an item of a loop", run->id),
				 errhint("The loop belongs to run " INT64_FORMAT ", and begins with its first item when that is"
						 " retried.", item.parent_id)));
}

/* What the steps gave to one owner is not for another. */
static int32
latest_version(const RunUnderWay *run, const RuleRow *old)
{
	RuleRow		today;

	if (!respond_rule_find(run->rule, &today))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("rule \"%s\" does not exist any more", run->rule),
				 errhint("version => 'same' retries the run on the version that it began with.")));
	if (old == NULL || respond_rule_owner(&today) != respond_rule_owner(old))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rule \"%s\" has another owner than when run " INT64_FORMAT " began", run->rule, run->id),
				 errhint("version => 'same' retries the run as its old owner.")));
	return today.version;
}

static const Rule *
require_version(const RunUnderWay *run, int32 version)
{
	const Rule *rule = respond_rule_version_load(run->rule, version);

	if (rule == NULL || rule->broken != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version %d of rule \"%s\" cannot run", version, run->rule),
				 errdetail("%s", rule != NULL ? rule->broken : "It does not exist any more.")));
	return rule;
}

static const FlowStep *
require_step(const RunUnderWay *run, const Rule *rule, const char *from_step)
{
	const char *label = from_step != NULL ? from_step : respond_run_failed_step(run->saved);
	const FlowStep *step = respond_run_find_step(&rule->flow->parts[FLOW_STEPS], label);

	if (step == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("version %d of rule \"%s\" has no step \"%s\" in its steps", rule->version, rule->name,
						label),
				 errhint("from_step says where run " INT64_FORMAT " continues: the name of a step, or"
						 " steps[2] for one without.", run->id)));
	return step;
}

static void
change_row(const RunUnderWay *run, const Rule *rule, const FlowStep *step)
{
	RunChange	change = {.held = true};

	respond_run_change_text(&change, RUN_STATUS, "running");
	respond_run_change_text(&change, RUN_STEP, step->name != NULL ? step->name : step->place);
	respond_run_change_version(&change, rule->version);
	respond_run_change_error(&change, NULL);
	respond_run_change_time(&change, RUN_FINISHED_AT, DT_NOEND);
	respond_run_change_saved(&change, respond_run_turn_back(run->saved, rule->flow, rule->version, step), rule->owner);
	respond_run_change(run->id, run->started_at, &run->place, &change);
}

static void
audit(const RunUnderWay *run, const Rule *rule, const FlowStep *step)
{
	JsonbParseState *state = NULL;
	AuditRow	row = {.action = "run.retried",.object_type = "run",.object_id = psprintf(INT64_FORMAT, run->id)};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "rule", rule->name);
	respond_jsonb_push_int64(&state, "version", rule->version);
	respond_jsonb_push_text(&state, "step", step->name != NULL ? step->name : step->place);
	row.new = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_audit_write(&row, 1);
}

static void
retry(const RunUnderWay *run, const RuleRow *old, const Retry *wanted)
{
	int32		version = wanted->latest ? latest_version(run, old) : run->rule_version;
	const Rule *rule = require_version(run, version);
	const FlowStep *step = require_step(run, rule, wanted->from_step);
	RunNote		note = {.run_id = run->id,.run_started_at = run->started_at,.kind = NOTE_RETRY,.pause = -1};

	if (run->key != NULL)
		(void) respond_start_key_take(run->rule, run->key, run->id, START_ERROR);
	PushActiveSnapshot(GetLatestSnapshot());
	change_row(run, rule, step);
	PopActiveSnapshot();
	respond_run_inbox_write(&note, 1);
	audit(run, rule, step);
}

/* retry_run(run_id, from_step, version) → whether it had failed, or was cancelled */
Datum
respond_retry_run(PG_FUNCTION_ARGS)
{
	Retry		wanted = {0};
	RunUnderWay *run;
	const RuleRow *rule;

	respond_run_hand_require_writes("retry_run()");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		wanted.from_step = text_to_cstring(PG_GETARG_TEXT_PP(1));
	wanted.latest = read_version(PG_ARGISNULL(2) ? "same" : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	run = respond_run_hand_require(PG_GETARG_INT64(0), "retry_run()");
	rule = respond_run_hand_allow(run, "retry", false);
	if (!has_failed(run))
		PG_RETURN_BOOL(false);
	refuse_schedule(run);
	require_saved(run);
	refuse_item(run);
	retry(run, rule, &wanted);
	PG_RETURN_BOOL(true);
}
