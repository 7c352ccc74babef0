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
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/effects.h"
#include "event/event_context.h"
#include "flow/flow_chain.h"
#include "flow/flow_run.h"
#include "flow/flow_sql.h"
#include "flow/run_peek.h"
#include "flow/loop.h"
#include "flow/loop_code.h"
#include "flow/mailbox.h"
#include "flow/own_events.h"
#include "flow/step_limit.h"
#include "flow/step_values.h"
#include "flow/wait_code.h"

/* Longest pause before an attempt, in ms, unless the step asks for a longer one. */
#define LONGEST_RETRY_PAUSE		(INT64CONST(3600) * 1000)

typedef enum StepOutcome
{
	STEP_OUTCOME_SKIPPED,			/* "if" did not hold */
	STEP_OUTCOME_DONE,
	STEP_OUTCOME_STOP,
	STEP_OUTCOME_LOOP,				/* machine->entering begins */
	STEP_OUTCOME_PAUSED,			/* machine->pause says why */
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

/* Of an output that is for the owner alone others see one member at most. */
static Jsonb *
shown_output(const FlowStep *step, Jsonb *output)
{
	const char *name = step->action->shown;
	JsonbParseState *state = NULL;
	JsonbValue	value;

	if (!step->action->private)
		return output;
	if (output == NULL || name == NULL || !JB_ROOT_IS_OBJECT(output) ||
		getKeyJsonValueFromContainer(&output->root, name, strlen(name), &value) == NULL)
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, name);
	pushJsonbValue(&state, WJB_VALUE, &value);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Makes ready what the step sees; false when it is not to be executed. */
static bool
begin_step(FlowMachine *machine, StepCall *call)
{
	if (!condition_holds(machine, call->step))
		return false;
	if (call->step->action->prepare != NULL)
		call->step->action->prepare(machine, call->step);
	call->values = respond_step_render(machine, call->step);
	if (machine->dry)
		machine->parameters = respond_step_values_jsonb(call->step, call->values);
	return true;
}

static StepResult
call_action(FlowMachine *machine, StepCall *call)
{
	const Action *action = call->step->action;
	StepResult	result = STEP_DONE;

	if (!machine->dry || action->pure)
		result = action->execute(call);
	else
		machine->blind = machine->changed = true;
	/* what the desk's actions give is known when they are done */
	if (machine->dry && call->step->name != NULL && call->output == NULL)
		machine->blind = true;
	return result;
}

/* The last item of the step's loop is done, or none is begun any more. */
static StepResult
end_loop(StepCall *call, const LoopFrame *ended)
{
	if (ended->fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s", ended->fault),
				 errdetail("Of " INT64_FORMAT " items " INT64_FORMAT " succeeded and " INT64_FORMAT " failed.",
						   ended->items, ended->succeeded, ended->failed)));
	call->output = respond_loop_output(ended, false);
	call->shown = respond_loop_output(ended, true);
	return STEP_DONE;
}

/* ended: the loop of the step that has come to its end; NULL: none. */
static StepOutcome
execute_step(FlowMachine *machine, const FlowStep *step, const FlowWake *wake, const LoopFrame *ended)
{
	StepCall	call = {.machine = machine,.step = step,.wake = wake,.pause = machine->pause};
	StepResult	result;

	if (ended == NULL && wake == NULL && !begin_step(machine, &call))
		return STEP_OUTCOME_SKIPPED;
	if (ended == NULL)
	{
		respond_step_check_limit(step, call.pause, wake);
		respond_loop_check_limit(machine, call.pause, wake);
	}
	result = ended != NULL ? end_loop(&call, ended) : call_action(machine, &call);
	if (result == STEP_LOOP)
	{
		machine->entering = call.loop;
		return STEP_OUTCOME_LOOP;
	}
	if (result == STEP_PAUSE)
	{
		respond_step_limit(step, machine->pause, call.pause);
		respond_loop_limit(machine, call.pause);
		machine->pause = call.pause;
		return STEP_OUTCOME_PAUSED;
	}
	machine->target = call.target;
	respond_chain_set(machine, step, call.output,
					  call.shown != NULL ? call.shown : shown_output(step, call.output));
	check_chain(machine, step);
	respond_loop_note_output(machine, call.output);
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
	failure->details = machine->failure_details;
}

/* One attempt; errors that are the step's own end here. */
static StepOutcome
try_step(FlowMachine *machine, const FlowStep *step, const FlowWake *wake, const LoopFrame *ended)
{
	volatile StepOutcome outcome = STEP_OUTCOME_FAILED;

	machine->contained = false;
	machine->outspoken = false;
	machine->failure_details = NULL;
	machine->callback_url = NULL;
	machine->calling = false;
	machine->parameters = NULL;
	machine->target = NULL;
	PG_TRY();
	{
		outcome = execute_step(machine, step, wake, ended);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(machine->context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode) || machine->calling ||
			!(machine->contained || is_ours(error->sqlerrcode)))
			PG_RE_THROW();
		FlushErrorState();
		note_failure(machine, step, error);
	}
	PG_END_TRY();
	if (machine->dry && (ended == NULL || outcome == STEP_OUTCOME_FAILED))
		record_step(machine, step, outcome);
	return outcome;
}

/* Whether the step is to be tried once more. */
static bool
has_attempts(const FlowMachine *machine, const FlowStep *step)
{
	return !machine->dry && !step->action->own_attempts && machine->position.attempts < step->max_attempts;
}

/* target NULL: the next step. */
static void
go_on(FlowMachine *machine, const FlowTarget *target)
{
	machine->position.step = target == NULL ? machine->position.step + 1 : target->index;
}

/* {"error"}, and what the step gave all the same. */
static Jsonb *
failed_output(const char *message, Jsonb *details)
{
	Jsonb	   *error = respond_jsonb_of_text("error", message);

	if (details == NULL)
		return error;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(details), JsonbPGetDatum(error)));
}

/* Finds the way on after a failure; false when there is none. */
static bool
handle_failure(FlowMachine *machine, const FlowStep *step)
{
	bool		jumps = step->on_failure != NULL;

	respond_chain_set(machine, step, failed_output(machine->failure.message, machine->failure.details),
					  failed_output(machine->failure.shown, shown_output(step, machine->failure.details)));
	if (!jumps && machine->loop_count > 0)
		return respond_loop_item_failed(machine);
	if (!jumps && (machine->position.part != FLOW_STEPS || machine->flow->parts[FLOW_ON_FAILURE].count == 0))
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
	machine->failure.details = NULL;
	strlcpy(machine->failure.code, unpack_sql_state(ERRCODE_RESPOND_LIMIT), sizeof(machine->failure.code));
}

/* Moves on from a step whose last attempt came out so. */
static MachineStatus
move_on(FlowMachine *machine, const FlowStep *step, StepOutcome outcome)
{
	machine->position.attempts = 0;
	machine->ends = 0;
	machine->began = NULL;
	machine->pause = NULL;
	switch (outcome)
	{
		case STEP_OUTCOME_SKIPPED:
			go_on(machine, NULL);
			break;
		case STEP_OUTCOME_DONE:
			go_on(machine, machine->target != NULL ? machine->target : step->on_success);
			break;
		case STEP_OUTCOME_STOP:
			machine->position.step = FLOW_STOP;
			break;
		case STEP_OUTCOME_FAILED:
			if (!handle_failure(machine, step))
				return MACHINE_FAILED;
			break;
		case STEP_OUTCOME_LOOP:
		case STEP_OUTCOME_PAUSED:
			Assert(false);
			break;
	}
	if (!machine->dry)
		respond_effects_keep_small();
	return MACHINE_UNDER_WAY;
}

/* Each pause before another attempt is twice as long as the one before. */
static FlowPause *
pause_before_retry(const FlowMachine *machine, const FlowStep *step)
{
	FlowPause  *pause = palloc0(sizeof(FlowPause));
	int			doublings = Min(machine->position.attempts - 1, 30);
	int64		milliseconds = Min(step->retry_after << doublings, LONGEST_RETRY_PAUSE);

	pause->waits_for = PAUSE_RETRY;
	pause->due_at = TimestampTzPlusMilliseconds(respond_clock_now(), Max(milliseconds, step->retry_after));
	return pause;
}

/* What follows from an attempt. */
static MachineStatus
finish_attempt(FlowMachine *machine, const FlowStep *step, StepOutcome outcome)
{
	if (outcome == STEP_OUTCOME_PAUSED)
		return MACHINE_PAUSED;
	if (outcome == STEP_OUTCOME_LOOP)
	{
		machine->began = NULL;
		machine->pause = NULL;
		respond_loop_enter(machine, machine->entering);
		return MACHINE_UNDER_WAY;
	}
	if (outcome != STEP_OUTCOME_FAILED || !has_attempts(machine, step))
		return move_on(machine, step, outcome);
	machine->pause = NULL;
	return MACHINE_UNDER_WAY;
}

/* The step at the position; NULL at the end. */
static const FlowStep *
current_step(const FlowMachine *machine)
{
	const FlowPosition *position = &machine->position;
	const FlowPart *part = respond_machine_part(machine);

	if (position->step == FLOW_STOP || position->step >= part->count)
		return NULL;
	return &part->steps[position->step];
}

/* Whether there is a pause before the next attempt. */
static bool
must_rest(const FlowMachine *machine, const FlowStep *step)
{
	return machine->position.attempts > 0 && step->retry_after > 0 && !machine->rested;
}

static bool
waits_here(const FlowMachine *machine, const FlowStep *step)
{
	return !machine->dry && (respond_step_may_pause(step) || must_rest(machine, step));
}

static MachineStatus
pause_loop(FlowMachine *machine, const char *waits_for)
{
	machine->pause = palloc0(sizeof(FlowPause));
	machine->pause->waits_for = waits_for;
	machine->pause->due_at = DT_NOEND;
	if (strcmp(waits_for, PAUSE_RUN) == 0 && respond_loop_current(machine)->fault == NULL)
		respond_loop_limit(machine, machine->pause);
	return MACHINE_PAUSED;
}

static MachineStatus
leave_loop(FlowMachine *machine)
{
	const LoopFrame *ended = respond_loop_leave(machine);

	return finish_attempt(machine, ended->step, try_step(machine, ended->step, NULL, ended));
}

/* Between two items of a loop. */
static MachineStatus
advance_loop(FlowMachine *machine)
{
	LoopFrame  *frame = respond_loop_current(machine);

	CHECK_FOR_INTERRUPTS();
	switch (respond_loop_next(machine))
	{
		case LOOP_ITEM:
			break;
		case LOOP_ITEM_RUN:
			respond_loop_code(frame->step)->begin_run(machine, frame);
			break;
		case LOOP_TURN:
			return machine->run->may_pause ? pause_loop(machine, PAUSE_TURN) : MACHINE_HANDED_OVER;
		case LOOP_WAITS:
			return pause_loop(machine, PAUSE_RUN);
		case LOOP_ENDED:
			return leave_loop(machine);
		case LOOP_ITEM_ENDED:
			return MACHINE_SUCCEEDED;
	}
	return MACHINE_UNDER_WAY;
}

/* The step has begun: those that hear from where the step before them began hear from here on. */
static void
forget_heard(FlowMachine *machine, const FlowStep *begun)
{
	const FlowPart *part = respond_machine_part(machine);

	for (int i = 0; i < part->count && machine->mailbox != NIL; i++)
	{
		const FlowStep *step = &part->steps[i];
		const WaitCode *code = respond_wait_code(step);

		if (code != NULL && code->since == WAIT_FROM_PREVIOUS && step != begun &&
			!list_member_ptr(machine->visited, step))
			respond_mailbox_drop(machine, step);
	}
}

MachineStatus
respond_machine_advance(FlowMachine *machine)
{
	FlowPosition *position = &machine->position;
	const FlowStep *step = current_step(machine);
	StepOutcome outcome;
	int64		caused = respond_event_context_caused();
	bool		comes_first;
	bool		begins;

	if (respond_loop_is_between(machine))
		return advance_loop(machine);
	if (step == NULL)
		return MACHINE_SUCCEEDED;
	comes_first = respond_own_events_come_first(machine, step);
	if ((comes_first || waits_here(machine, step)) && !machine->run->may_pause)
		return MACHINE_HANDED_OVER;
	if (comes_first)
	{
		machine->pause = respond_own_events_wait();
		return MACHINE_PAUSED;
	}
	if (must_rest(machine, step))
	{
		machine->pause = pause_before_retry(machine, step);
		return MACHINE_PAUSED;
	}
	if (position->attempts == 0 && position->executed++ >= FLOW_MAX_EXECUTED)
	{
		fail_endless(machine, step);
		return MACHINE_FAILED;
	}
	CHECK_FOR_INTERRUPTS();
	/* a step that rested began before that, also in another version of the rule */
	begins = position->attempts++ == 0 && !machine->rested;
	machine->rested = false;
	outcome = try_step(machine, step, NULL, NULL);
	respond_own_events_note(machine, step, outcome != STEP_OUTCOME_SKIPPED, respond_event_context_caused() > caused);
	if (outcome != STEP_OUTCOME_SKIPPED)
	{
		machine->before = machine->began;
		if (begins)
			forget_heard(machine, step);
	}
	return finish_attempt(machine, step, outcome);
}

/* Jumps that lead back to waits without time are as endless as others, and so are those with own events. */
static bool
took_time(const FlowPause *pause, const FlowWake *wake)
{
	return wake->kind != WAKE_TIMEOUT || pause->due_at >= TimestampTzPlusMilliseconds(pause->since, 1);
}

MachineStatus
respond_machine_wake(FlowMachine *machine, const FlowWake *wake)
{
	const FlowStep *step = current_step(machine);
	const FlowPause *pause;
	StepOutcome outcome;
	bool		behind_own;

	Assert(machine->pause != NULL);
	behind_own = respond_own_events_pause(machine);
	/* a time is due when all before it was heard; what else ends a pause may come before that */
	if (wake->kind == WAKE_TIMEOUT)
		machine->own_events = 0;
	if (!behind_own && took_time(machine->pause, wake))
		machine->position.executed = 0;
	if (respond_loop_is_between(machine))
	{
		if (wake->kind == WAKE_ENDED)
			respond_loop_run_ended(machine, wake->data);
		machine->pause = NULL;
		return MACHINE_UNDER_WAY;
	}
	Assert(step != NULL);
	machine->before = machine->pause->place;
	if (behind_own || strcmp(machine->pause->waits_for, PAUSE_PLACE) == 0)
	{
		machine->pause = NULL;
		return MACHINE_UNDER_WAY;
	}
	machine->began = machine->pause->place;
	if (strcmp(machine->pause->waits_for, PAUSE_RETRY) == 0)
	{
		machine->ends = respond_pause_ends(machine->pause);
		machine->pause = NULL;
		machine->rested = true;
		return MACHINE_UNDER_WAY;
	}
	pause = machine->pause;
	outcome = try_step(machine, step, wake, NULL);
	if (outcome != STEP_OUTCOME_PAUSED && step->action->ended != NULL)
		step->action->ended(machine, pause);
	respond_own_events_note(machine, step, true, false);
	return finish_attempt(machine, step, outcome);
}

bool
respond_machine_run(FlowMachine *machine)
{
	MachineStatus status = MACHINE_UNDER_WAY;

	while (status == MACHINE_UNDER_WAY)
		status = respond_machine_advance(machine);
	return status == MACHINE_SUCCEEDED;
}
