/*-------------------------------------------------------------------------
 * flow_run.c
 *	  Runs a flow: one step after the other, jumps, attempts, failures.
 *
 * A step either takes effect or leaves nothing: SQL runs in a subtransaction,
 * everything else goes into the buffer of effects, and what the rules of the
 * desk forbid is found out before.  What earlier steps did stays.
 *
 * An error that a step raises is the step's failure if whoever raised it left
 * the transaction whole: our own checks, which only compute, and SQL that was
 * rolled back by its caller.  Everything else, and what may be gone at the next
 * try (a deadlock, a lost connection, a shutdown), goes up to the dispatcher.
 *
 * src/flow/flow_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/effects.h"
#include "event/event_context.h"
#include "flow/action_flow.h"
#include "flow/flow_chain.h"
#include "flow/flow_run.h"
#include "flow/flow_sql.h"
#include "flow/step_values.h"

typedef enum StepOutcome
{
	STEP_OUTCOME_SKIPPED,			/* "if" did not hold */
	STEP_OUTCOME_DONE,
	STEP_OUTCOME_STOP,
	STEP_OUTCOME_FAILED				/* machine->failure says why */
} StepOutcome;

static bool
condition_holds(FlowMachine *machine, const FlowStep *step)
{
	OwnerSql   *sql;
	bool		holds;

	if (step->condition == NULL)
		return true;
	sql = respond_machine_sql(machine, step->condition);
	if (respond_owner_sql_reads_tables(sql))
		respond_effects_flush();
	machine->contained = true;
	holds = respond_owner_sql_condition(sql, machine->run->event, respond_chain_jsonb(machine));
	machine->contained = false;
	return holds;
}

static void
check_chain(FlowMachine *machine, const FlowStep *step)
{
	if (machine->chain_bytes > FLOW_MAX_CHAIN)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("%s: the steps of this run returned more data than a run can keep", step->place),
				 errdetail("At most %zu bytes are kept.", FLOW_MAX_CHAIN),
				 errhint("Let the steps return less, or remove their names.")));
}

/* Of the rows that a step gave others see how many they are. */
static Jsonb *
shown_output(const FlowStep *step, Jsonb *output)
{
	JsonbParseState *state = NULL;
	JsonbValue *count;
	JsonbValue	key;

	if (!step->action->private || output == NULL || !JB_ROOT_IS_OBJECT(output))
		return step->action->private ? NULL : output;
	key.type = jbvString;
	key.val.string.val = "count";
	key.val.string.len = strlen(key.val.string.val);
	count = step->action->execute == respond_action_sql ?
		findJsonbValueFromContainer(&output->root, JB_FOBJECT, &key) : NULL;
	if (count == NULL)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, &key);
	pushJsonbValue(&state, WJB_VALUE, count);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static StepOutcome
execute_step(FlowMachine *machine, const FlowStep *step)
{
	StepCall	call = {machine, step};
	StepResult	result = STEP_DONE;

	if (!condition_holds(machine, step))
		return STEP_OUTCOME_SKIPPED;
	call.values = respond_step_render(machine, step);
	if (machine->dry)
		machine->parameters = respond_step_values_jsonb(step, call.values);
	if (!machine->dry || step->action->pure)
		result = step->action->execute(&call);
	else
		machine->blind = machine->changed = true;
	/* what the desk's actions give is known when they are done */
	if (machine->dry && step->name != NULL && call.output == NULL)
		machine->blind = true;
	respond_chain_set(machine, step, call.output, shown_output(step, call.output));
	check_chain(machine, step);
	return result == STEP_STOP ? STEP_OUTCOME_STOP : STEP_OUTCOME_DONE;
}

/* One object in a record of a dry run. */
static void
add_record(JsonbParseState **state, const FlowStep *step, StepOutcome outcome, Jsonb *parameters, const char *error)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(state, "step", respond_step_label(step));
	respond_jsonb_push_text(state, "action", step->action->name);
	if (outcome == STEP_OUTCOME_SKIPPED)
		respond_jsonb_push_boolean(state, "if", false);
	if (parameters != NULL)
		respond_jsonb_push_jsonb(state, "parameters", parameters);
	if (outcome == STEP_OUTCOME_FAILED)
		respond_jsonb_push_text(state, "error", error);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* What simulate() shows is made of the caller's data, but for what SQL says. */
static void
record_step(FlowMachine *machine, const FlowStep *step, StepOutcome outcome)
{
	const FlowFailure *failure = &machine->failure;

	add_record(&machine->record, step, outcome, machine->parameters,
			   machine->hides_errors && failure->of_sql ? failure->shown : failure->message);
	add_record(&machine->shown_record, step, outcome, NULL, failure->shown);
}

static bool
is_ours(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_RESPOND_STEP_FAILED || sqlerrcode == ERRCODE_RESPOND_INVALID_RULE ||
		sqlerrcode == ERRCODE_RESPOND_INVALID_EVENT || sqlerrcode == ERRCODE_RESPOND_INVALID_TRANSITION ||
		sqlerrcode == ERRCODE_RESPOND_LIMIT;
}

static void
note_failure(FlowMachine *machine, const FlowStep *step, const ErrorData *error)
{
	FlowFailure *failure = &machine->failure;

	failure->step = respond_step_label(step);
	failure->message = respond_error_clip(error->message != NULL ? error->message : "no message");
	failure->text = respond_error_clip(psprintf("%s%s%s%s%s", failure->message,
									   error->detail != NULL ? "\nDETAIL:  " : "",
									   error->detail != NULL ? error->detail : "",
									   error->hint != NULL ? "\nHINT:  " : "",
									   error->hint != NULL ? error->hint : ""));
	failure->shown = machine->outspoken ? failure->message :
		respond_error_shown(step->place, error->sqlerrcode, machine->run->run_id);
	strlcpy(failure->code, unpack_sql_state(error->sqlerrcode), sizeof(failure->code));
	failure->of_sql = machine->contained;
}

/* One attempt; errors that are the step's own end here. */
static StepOutcome
try_step(FlowMachine *machine, const FlowStep *step)
{
	volatile StepOutcome outcome = STEP_OUTCOME_FAILED;

	machine->contained = false;
	machine->outspoken = false;
	machine->parameters = NULL;
	PG_TRY();
	{
		outcome = execute_step(machine, step);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(machine->context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode) ||
			!(machine->contained || is_ours(error->sqlerrcode)))
			PG_RE_THROW();
		FlushErrorState();
		note_failure(machine, step, error);
	}
	PG_END_TRY();
	if (machine->dry)
		record_step(machine, step, outcome);
	return outcome;
}

/* Whether the step is to be tried once more. */
static bool
has_attempts(const FlowMachine *machine, const FlowStep *step)
{
	return !machine->dry && machine->position.attempts < step->max_attempts;
}

static void
go_on(FlowMachine *machine, int target)
{
	machine->position.step = target == FLOW_NEXT ? machine->position.step + 1 : target;
}

/* Finds the way on after a failure; false when there is none. */
static bool
handle_failure(FlowMachine *machine, const FlowStep *step)
{
	bool		jumps = step->on_failure != FLOW_NEXT;

	respond_chain_set(machine, step, respond_jsonb_of_text("error", machine->failure.message),
					  respond_jsonb_of_text("error", machine->failure.shown));
	if (!jumps && (machine->position.part == FLOW_ON_FAILURE ||
				   machine->flow->parts[FLOW_ON_FAILURE].count == 0))
		return false;
	respond_chain_log(machine, psprintf("%s failed: %s", machine->failure.step, machine->failure.message),
					  psprintf("%s failed: %s", machine->failure.step, machine->failure.shown));
	if (jumps)
		go_on(machine, step->on_failure);
	else
	{
		machine->first_failure = machine->failure;
		machine->position.part = FLOW_ON_FAILURE;
		machine->position.step = 0;
	}
	return true;
}

static void
fail_endless(FlowMachine *machine, const FlowStep *step)
{
	machine->failure.step = respond_step_label(step);
	machine->failure.message = psprintf("the run executed %d steps and did not end", FLOW_MAX_EXECUTED);
	machine->failure.text = psprintf("%s\nHINT:  Look for jumps (\"on_success\", \"on_failure\") that lead back.",
									 machine->failure.message);
	machine->failure.shown = machine->failure.text;
	strlcpy(machine->failure.code, unpack_sql_state(ERRCODE_RESPOND_LIMIT), sizeof(machine->failure.code));
}

/* Moves on from a step whose last attempt came out so; false when the run failed. */
static bool
move_on(FlowMachine *machine, const FlowStep *step, StepOutcome outcome)
{
	machine->position.attempts = 0;
	switch (outcome)
	{
		case STEP_OUTCOME_SKIPPED:
			go_on(machine, FLOW_NEXT);
			break;
		case STEP_OUTCOME_DONE:
			go_on(machine, step->on_success);
			break;
		case STEP_OUTCOME_STOP:
			go_on(machine, FLOW_STOP);
			break;
		case STEP_OUTCOME_FAILED:
			return handle_failure(machine, step);
	}
	return true;
}

MachineStatus
respond_machine_advance(FlowMachine *machine)
{
	FlowPosition *position = &machine->position;
	FlowPart   *part = &machine->flow->parts[position->part];
	const FlowStep *step;
	StepOutcome outcome;

	if (position->step == FLOW_STOP || position->step >= part->count)
		return MACHINE_SUCCEEDED;
	step = &part->steps[position->step];
	if (position->attempts == 0 && position->executed++ >= FLOW_MAX_EXECUTED)
	{
		fail_endless(machine, step);
		return MACHINE_FAILED;
	}
	CHECK_FOR_INTERRUPTS();
	position->attempts++;
	outcome = try_step(machine, step);
	if (outcome == STEP_OUTCOME_FAILED && has_attempts(machine, step))
		return MACHINE_UNDER_WAY;
	if (!move_on(machine, step, outcome))
		return MACHINE_FAILED;
	if (!machine->dry)
		respond_effects_keep_small();
	return MACHINE_UNDER_WAY;
}

bool
respond_machine_run(FlowMachine *machine)
{
	MachineStatus status = MACHINE_UNDER_WAY;

	while (status == MACHINE_UNDER_WAY)
		status = respond_machine_advance(machine);
	return status == MACHINE_SUCCEEDED;
}
