/*-------------------------------------------------------------------------
 * flow_start.c
 *	  A run from its start to its row: what the dispatcher calls.
 *
 * src/flow/flow_start.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/mask.h"
#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/private_value.h"
#include "effect/effects.h"
#include "event/event_context.h"
#include "flow/flow_machine.h"

/* The event that says so; its name is part of the interface. */
#define RUN_FAILED		"run.failed"

static Jsonb *
describe_failure(const FlowRun *run, const char *step, const char *error)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", run->run_id);
	respond_jsonb_push_text(&state, "rule", run->rule);
	respond_jsonb_push_text(&state, "step", step);
	respond_jsonb_push_text(&state, "error", error);
	if (run->event != NULL)
		respond_jsonb_push_int64(&state, "event_id", run->event->id);
	else
		respond_jsonb_push_text(&state, "event_id", NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * A run that failed is an event, so that rules can act on it.  A run that
 * failed on such an event is not: two broken rules that listen to everything
 * would double the number of events with each step of depth.  Both are in the
 * view dead_letter and in the audit log.
 */
static void
tell_failure(const FlowRun *run, const char *step, const char *error)
{
	Jsonb	   *failure = describe_failure(run, step, error);
	NewEvent	event = {.type = RUN_FAILED,.subject = psprintf("run/" INT64_FORMAT, run->run_id),
	.data = failure};

	respond_effects_audit(run, RUN_FAILED, "run", run->run_id, failure);
	if (run->event == NULL || strcmp(run->event->type, RUN_FAILED) != 0)
		respond_effects_emit(run, &event, false, NULL);
}

/* The state of a dry run: what would have been done. */
static Jsonb *
dry_state(Jsonb *record)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_jsonb(&state, "shadow", record);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * What on_failure dealt with stays visible; when it failed itself, both errors
 * are told.
 */
static void
describe_end(FlowMachine *machine, bool succeeded, RunRow *row)
{
	FlowFailure *first = &machine->first_failure;
	FlowFailure *last = &machine->failure;

	row->status = succeeded ? "succeeded" : "failed";
	row->state = respond_machine_state(machine);
	row->shown_state = respond_machine_shown_state(machine);
	if (first->step != NULL)
	{
		row->step = first->step;
		row->error = succeeded ? first->text :
			psprintf("%s\nThen %s failed: %s", first->text, last->step, last->text);
		row->shown_error = succeeded ? first->shown :
			psprintf("%s\nThen %s failed: %s", first->shown, last->step, last->shown);
	}
	else if (!succeeded)
	{
		row->step = last->step;
		row->error = last->text;
		row->shown_error = last->shown;
	}
}

static void
run_and_record(FlowMachine *machine)
{
	FlowRun    *run = machine->run;
	RunRow		row = {.started_at = GetCurrentTimestamp()};
	bool		succeeded = respond_machine_run(machine);

	if (machine->dry)
	{
		row.status = "shadow";
		row.state = dry_state(respond_machine_record(machine));
		row.shown_state = dry_state(respond_machine_shown_record(machine));
	}
	else
		describe_end(machine, succeeded, &row);
	row.finished_at = GetCurrentTimestamp();
	respond_effects_run(run, &row);
	if (!machine->dry && !succeeded)
		tell_failure(run, row.step, row.shown_error);
}

static void
number_run(FlowRun *run)
{
	if (run->run_id == 0)
		run->run_id = respond_effects_run_id();
}

void
respond_flow_start(Flow *flow, FlowRun *run)
{
	FlowMachine machine;
	EventContext context = {.rule = run->rule};
	EventContext before;

	number_run(run);
	context.run_id = run->run_id;
	context.event_id = run->event != NULL ? run->event->id : 0;
	context.depth = run->event != NULL ? run->event->depth : 0;

	/* what is put on record about the event is to be masked, whatever the steps are */
	if (run->event != NULL)
		(void) respond_mask_event(run->event);
	before = respond_event_context_set(context);
	respond_machine_open(&machine, flow, run, run->shadow);
	PG_TRY();
	{
		run_and_record(&machine);
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
	respond_machine_close(&machine);
}

/* The row of a run none of whose steps was executed. */
static void
record_run(FlowRun *run, const char *status, Jsonb *state, const char *error, const char *shown)
{
	RunRow		row = {.status = status,.state = state,.error = error,.shown_error = shown};

	row.started_at = row.finished_at = GetCurrentTimestamp();
	respond_effects_run(run, &row);
}

static Jsonb *
empty_object(void)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

void
respond_flow_record_failure(FlowRun *run, const char *error, const char *place, int sqlerrcode)
{
	const char *shown;

	number_run(run);
	error = respond_error_clip(error);
	shown = sqlerrcode == 0 ? error : respond_error_shown(place, sqlerrcode, run->run_id);
	record_run(run, "failed", empty_object(), error, shown);
	tell_failure(run, NULL, shown);
}

void
respond_flow_record_suppressed(FlowRun *run, const char *reason)
{
	number_run(run);
	record_run(run, "suppressed", respond_jsonb_of_text("suppressed", reason), NULL, NULL);
}

Jsonb *
respond_flow_simulate(Flow *flow, const FlowRun *run)
{
	FlowMachine machine;
	FlowRun		copy = *run;
	MemoryContext caller = CurrentMemoryContext;
	Jsonb	   *record;
	Jsonb	   *result;

	respond_machine_open(&machine, flow, &copy, true);
	machine.hides_errors = !respond_private_is_visible(run->owner);
	respond_machine_run(&machine);
	record = respond_machine_record(&machine);
	result = MemoryContextAlloc(caller, VARSIZE(record));
	memcpy(result, record, VARSIZE(record));
	respond_machine_close(&machine);
	return result;
}
