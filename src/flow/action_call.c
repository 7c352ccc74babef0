/*-------------------------------------------------------------------------
 * action_call.c
 *	  Action "call": runs the steps of another rule.
 *
 * The other rule gets an event of its own, as start() would record it.  Its run
 * begins at once, in the same transaction; if it waits, so does this one.
 *
 * Output: {"run_id", "status", "steps": what its steps gave}.  It is the output of
 * somebody else's SQL as well, so the caller gets what its owner may see.
 *
 * src/flow/action_call.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/guc.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/kept_plan.h"
#include "common/life.h"
#include "effect/effects.h"
#include "effect/emit_write.h"
#include "event/event_check.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/event_size.h"
#include "flow/action_call.h"
#include "flow/flow_callee.h"
#include "flow/flow_child.h"
#include "flow/flow_start.h"
#include "flow/step_fields.h"

FlowFindCallee respond_flow_find_callee;

/* What start() records. */
#define START_EVENT		"rule.start"

/* Most calls inside each other in one transaction. */
#define DEEPEST_CALL	100

typedef struct CallCode
{
	bool		lets_go;		/* the run does not wait for the other one */
} CallCode;

static KeptPlan queue_plan = {
	"INSERT INTO respond_internal.requeue (event_id, recorded_at, rule, forced, rule_owner, run_id)"
	" VALUES ($1, pg_catalog.now(), $2, true, $3, $4)",
	4, {INT8OID, TEXTOID, OIDOID, INT8OID}
};

static int	depth = 0;

void
respond_call_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	CallCode   *code = respond_arena_alloc_zero(compiler->arena, sizeof(CallCode));
	const JsonValue *wait = respond_step_member(value, "wait");

	if (wait != NULL && wait->kind != JSON_KIND_BOOLEAN)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.wait: must be true or false", step->place),
				 errhint("With false the run goes on without the other one.")));
	code->lets_go = wait != NULL && !wait->boolean;
	step->code = code;
}

static void
find_callee(const StepCall *call, FlowCallee *callee)
{
	const char *name = call->values[CALL_RULE].text;

	respond_flow_find_callee(name, call->machine->run->owner, callee);
	if (callee->fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.rule: rule \"%s\" %s", call->step->place, name, callee->fault)));
}

/* How deep its event will be; as other events that cause each other, calls end there. */
static void
check_depth(const StepCall *call)
{
	int32		deeper = respond_run_depth(call->machine->run) + 1;

	if (deeper > respond_max_depth)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("%s: the call is at depth %d, greater than pg_respond.max_depth (%d)", call->step->place,
						deeper, respond_max_depth),
				 errhint("Do the rules call each other in a ring?")));
	if (depth >= DEEPEST_CALL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("%s: more than %d rules call each other", call->step->place, DEEPEST_CALL)));
	check_stack_depth();
}

static void
check_size(const StepCall *call, Event *event)
{
	Event		limited = *event;

	respond_event_limit_data(&limited);
	if (limited.data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("%s.data: %s", call->step->place, respond_event_size_fault(&limited))));
}

/* The event of the other run, recorded. */
static Event *
record_event(const StepCall *call)
{
	FlowRun    *run = call->machine->run;
	Event	   *event = palloc0(sizeof(Event));
	NewEvent	record = {.type = START_EVENT};
	text	   *source = respond_event_defaults_source();

	event->type = START_EVENT;
	event->source = text_to_cstring(source);
	event->subject = respond_step_text(&call->values[CALL_SUBJECT]);
	event->data = call->values[CALL_DATA].json != NULL ? call->values[CALL_DATA].json : respond_jsonb_empty_object();
	event->data_size = VARSIZE(event->data);
	if (event->subject != NULL)
		respond_event_check_subject(strlen(event->subject));
	check_size(call, event);
	record.subject = event->subject;
	record.data = event->data;
	/* what was recorded before it stands before it */
	if (respond_emits_buffered())
		respond_effects_flush();
	event->id = respond_effects_emit(run, &record, true, NULL);
	respond_event_context_check_fan_out();
	event->xid = GetTopFullTransactionId();
	event->incarnation = respond_life_incarnation();
	event->actor = respond_event_context_actor();
	event->recorded_at = respond_clock_transaction_start();
	event->time = event->recorded_at;
	event->has_cause = respond_run_cause(run) != 0;
	event->cause = respond_run_cause(run);
	event->depth = respond_run_depth(run) + 1;
	return event;
}

static void
audit(const StepCall *call, const char *rule, int64 run_id, const Event *event)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "step", respond_step_label(call->step));
	respond_jsonb_push_int64(&state, "run_id", run_id);
	respond_jsonb_push_int64(&state, "event_id", event->id);
	/* as a run: an object is known by a number here */
	respond_jsonb_push_text(&state, "rule", rule);
	respond_effects_audit(call->machine->run, "rule.called", "run", run_id,
						  JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* The other run begins by itself, after this transaction. */
static void
let_go(StepCall *call, const FlowCallee *callee, const Event *event)
{
	JsonbParseState *state = NULL;
	int64		run_id = respond_effects_run_id();
	Datum		values[4] = {Int64GetDatum(event->id), CStringGetTextDatum(callee->name),
	ObjectIdGetDatum(callee->owner), Int64GetDatum(run_id)};

	SPI_connect();
	(void) respond_kept_plan_run_as_owner(&queue_plan, values, NULL);
	SPI_finish();
	audit(call, callee->name, run_id, event);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", run_id);
	call->output = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	call->shown = call->output;
}

static Jsonb *
describe(int64 run_id, const char *status, Jsonb *steps)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", run_id);
	respond_jsonb_push_text(&state, "status", status);
	if (steps != NULL)
		respond_jsonb_push_jsonb(&state, "steps", steps);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* The other run has ended. */
static StepResult
end(StepCall *call, Jsonb *end, const char *rule, bool open)
{
	int64		run_id = respond_child_run_id(end);
	char	   *status = respond_child_status(end);

	if (strcmp(status, "succeeded") != 0)
	{
		char	   *error = respond_child_error(end, !open);

		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("run " INT64_FORMAT " of rule \"%s\" %s%s%s", run_id, rule,
						strcmp(status, "cancelled") == 0 ? "was cancelled" :
						strcmp(status, "suppressed") == 0 ? "was not carried out" : "failed",
						error != NULL ? ": " : "", error != NULL ? error : "")));
	}
	call->output = describe(run_id, status, respond_child_state(end, !open));
	call->shown = describe(run_id, status, NULL);
	return STEP_DONE;
}

/* What has to be known when it ends. */
static Jsonb *
make_memo(int64 run_id, const FlowCallee *callee)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run", run_id);
	respond_jsonb_push_text(&state, "rule", callee->name);
	respond_jsonb_push_boolean(&state, "open", callee->open);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* What it causes counts for itself, and an error that comes out of it is not this step's. */
static void
run_child(StepCall *call, const FlowCallee *callee, FlowRun *child)
{
	FlowMachine *machine = call->machine;
	int64		caused = respond_event_context_caused_by(machine->run->run_id);

	machine->calling = true;
	depth++;
	PG_TRY();
	{
		respond_flow_start(callee->flow, child);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
	machine->calling = false;
	respond_event_context_take_up(machine->run->run_id, caused);
}

static StepResult
begin(StepCall *call)
{
	const CallCode *code = call->step->code;
	FlowCallee	callee = {0};
	FlowRun		child = {0};

	check_depth(call);
	find_callee(call, &callee);
	child.event = record_event(call);
	if (code->lets_go)
	{
		let_go(call, &callee, child.event);
		return STEP_DONE;
	}
	child.rule = callee.name;
	child.rule_version = callee.version;
	child.owner = callee.owner;
	child.run_id = respond_effects_run_id();
	child.end_context = call->machine->context;
	respond_child_prepare(call->machine, &child);
	audit(call, callee.name, child.run_id, child.event);
	run_child(call, &callee, &child);
	if (child.end != NULL)
		return end(call, child.end, callee.name, callee.open);
	call->pause = palloc0(sizeof(FlowPause));
	call->pause->waits_for = PAUSE_RUN;
	call->pause->due_at = DT_NOEND;
	call->pause->memo = make_memo(child.run_id, &callee);
	return STEP_PAUSE;
}

StepResult
respond_action_call(StepCall *call)
{
	JsonbContainer *memo;
	char	   *rule;

	if (call->wake == NULL)
		return begin(call);
	memo = respond_jsonb_root(call->pause->memo);
	rule = respond_jsonb_find_text(memo, "rule");
	if (call->wake->kind != WAKE_ENDED || rule == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: the run that was called did not end in time", call->step->place)));
	return end(call, call->wake->data, rule, respond_jsonb_find_flag(memo, "open"));
}
