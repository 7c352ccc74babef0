/*-------------------------------------------------------------------------
 * flow_start.c
 *	  A run from its start to its row: what the dispatcher calls.
 *
 * src/flow/flow_start.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "audit/mask.h"
#include "common/clock.h"
#include "common/condition_name.h"
#include "common/error_class.h"
#include "common/jsonb_push.h"
#include "common/pg_compat.h"
#include "common/private_value.h"
#include "effect/emit_write.h"
#include "effect/run_write.h"
#include "event/event_context.h"
#include "flow/flow_chain.h"
#include "flow/flow_child.h"
#include "flow/flow_run.h"
#include "flow/flow_start.h"
#include "flow/loop.h"
#include "flow/loop_code.h"
#include "flow/own_events.h"
#include "flow/pause_arm.h"
#include "flow/pause_words.h"
#include "flow/place_code.h"
#include "flow/run_peek.h"
#include "flow/run_restore.h"
#include "flow/run_save.h"
#include "outbox/run_inbox.h"

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

	if (machine->position.part == FLOW_ON_CANCEL)
		row->status = "cancelled";
	else
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

/* What cannot be asked of a run that is under way yet. */
static void
describe_progress(FlowMachine *machine, RunRow *row)
{
	const FlowPart *part;

	row->step = respond_step_label(respond_machine_step(machine, &part));
	row->state = respond_machine_state(machine);
	row->shown_state = respond_machine_shown_state(machine);
	row->finished_at = DT_NOBEGIN;
	row->saved = respond_run_save(machine);
}

/* What a run causes is counted from one pause of this kind to the next. */
static void
ask_for_turn(const FlowMachine *machine)
{
	RunNote		note = {.run_id = machine->run->run_id,.run_started_at = machine->started_at,.kind = NOTE_TURN};

	note.pause = machine->pause->number;
	respond_run_inbox_write(&note, 1);
	respond_event_context_take_up(machine->run->run_id, 0);
}

static void
record_pause(FlowMachine *machine)
{
	RunRow		row = {.status = "waiting",.started_at = machine->started_at};

	respond_pause_arm(machine);
	if (strcmp(machine->pause->waits_for, PAUSE_TURN) == 0 && !respond_own_events_pause(machine))
		ask_for_turn(machine);
	describe_progress(machine, &row);
	row.waits_for = machine->pause->waits_for;
	row.waiting_since = machine->pause->since;
	row.resume_at = machine->pause->due_at;
	respond_pause_words(machine, &row.waiting, &row.shown_waiting);
	respond_effects_run(machine->run, &row);
	/* one that has a row already was told of */
	if (machine->run->place == NULL && machine->run->laid_down != NULL)
		machine->run->laid_down(machine->run->run_id);
}

/* The run goes on where runs wait, from the step at which it stands. */
static void
record_hand_over(FlowMachine *machine)
{
	const FlowRun *run = machine->run;
	RunRow		row = {.status = "running",.started_at = machine->started_at};
	RunNote		note = {.run_id = run->run_id,.run_started_at = machine->started_at,.kind = NOTE_CONTINUE,.pause = -1};

	if (machine->turn_items > 0)
		respond_event_context_take_up(run->run_id, 0);
	describe_progress(machine, &row);
	respond_effects_run(run, &row);
	note.data = run->where();
	respond_run_inbox_write(&note, 1);
}

static void
put_end(FlowRun *run, const RunRow *row)
{
	respond_effects_run(run, row);
	respond_child_ended(run, row);
}

/* A run of one item of a loop gives what its last step gave. */
static void
describe_item(FlowMachine *machine)
{
	const LoopFrame *frame = respond_loop_current(machine);

	if (frame != NULL && frame->single)
		machine->run->output = frame->last;
}

static void
record_end(FlowMachine *machine, bool succeeded)
{
	FlowRun    *run = machine->run;
	RunRow		row = {.started_at = machine->started_at};

	if (machine->dry)
	{
		row.status = "shadow";
		row.state = dry_state(respond_machine_record(machine));
		row.shown_state = dry_state(respond_machine_shown_record(machine));
	}
	else
	{
		describe_end(machine, succeeded, &row);
		describe_item(machine);
		respond_loop_leave_all(machine);
	}
	row.finished_at = respond_clock_now();
	if (strcmp(row.status, "failed") == 0 || strcmp(row.status, "cancelled") == 0)
		row.saved = respond_run_save_if_small(machine);
	put_end(run, &row);
	if (strcmp(row.status, "failed") == 0)
		tell_failure(run, row.step, row.shown_error);
}

static void
number_run(FlowRun *run)
{
	if (run->run_id == 0)
		run->run_id = respond_effects_run_id();
}

/* Goes on for so many attempts of steps, or until the run ends or waits. */
static MachineStatus
advance(FlowMachine *machine, MachineStatus status, int most)
{
	for (int done = 0; status == MACHINE_UNDER_WAY && (done < most || machine->dry); done++)
		status = respond_machine_advance(machine);
	return status;
}

/* Puts down how the run stands. */
static void
record(FlowMachine *machine, MachineStatus status)
{
	switch (status)
	{
		case MACHINE_PAUSED:
			record_pause(machine);
			break;
		case MACHINE_HANDED_OVER:
			record_hand_over(machine);
			break;
		default:
			record_end(machine, status == MACHINE_SUCCEEDED);
			break;
	}
}

/*
 * Goes on until the run ends, and puts its row into the buffer; or for so many
 * attempts of steps, and gives it as it stands then.  A dry run always ends.
 */
static Jsonb *
run_in_parts(FlowMachine *machine, int most)
{
	MachineStatus status = advance(machine, MACHINE_UNDER_WAY, most);

	if (status == MACHINE_UNDER_WAY || status == MACHINE_HANDED_OVER)
		return respond_run_save(machine);
	record(machine, status);
	return NULL;
}

/* The document in another context, which outlives the run. */
static Jsonb *
copy_out(Jsonb *document, MemoryContext context)
{
	Jsonb	   *copy;

	if (document == NULL)
		return NULL;
	copy = MemoryContextAlloc(context, VARSIZE(document));
	memcpy(copy, document, VARSIZE(document));
	return copy;
}

/* What is to be done with a machine. */
typedef struct Task
{
	FlowMachine *machine;
	bool		in_parts;
	int			most;			/* in parts: so many attempts */
	bool		needs_place;	/* whether it may begin is found out where runs wait */
	bool		queues;			/* it has no place */
	const FlowWake *wake;		/* what ended its pause; NULL: it does not wait */
	Jsonb	   *saved;			/* out: in parts: NULL when it ended */
	Jsonb	   *look_back;		/* out: see respond_flow_continue() */
} Task;

/* In front of the step at which it stands; move_runs() lays it down anew from where it was laid down first. */
static void
queue(FlowMachine *machine)
{
	machine->pause = palloc0(sizeof(FlowPause));
	machine->pause->waits_for = PAUSE_PLACE;
	machine->pause->due_at = DT_NOEND;
	machine->pause->place = machine->run->where();
	record_pause(machine);
}

static void
do_task(Task *task)
{
	FlowMachine *machine = task->machine;
	MachineStatus status = MACHINE_UNDER_WAY;

	if (task->in_parts)
	{
		task->saved = run_in_parts(machine, task->most);
		return;
	}
	if (task->needs_place)
	{
		record_hand_over(machine);
		return;
	}
	if (task->queues)
	{
		queue(machine);
		return;
	}
	if (task->wake != NULL)
		status = respond_machine_wake(machine, task->wake);
	record(machine, advance(machine, status, INT_MAX));
	task->look_back = machine->pause != NULL ? machine->look_back : NULL;
}

/* Does it on behalf of the rule, and closes the machine. */
static Jsonb *
run_as_rule(Task *task, MemoryContext caller)
{
	const FlowRun *run = task->machine->run;
	EventContext context = {.rule = run->rule,.run_id = run->run_id};
	EventContext before;
	Jsonb	   *saved;

	context.event_id = respond_run_cause(run);
	context.depth = respond_run_depth(run);
	before = respond_event_context_set(context);
	PG_TRY();
	{
		do_task(task);
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
	saved = copy_out(task->saved, caller);
	task->look_back = copy_out(task->look_back, caller);
	respond_machine_close(task->machine);
	return saved;
}

/* Opens a machine at the start of a run. */
static void
open_new(FlowMachine *machine, Flow *flow, FlowRun *run)
{
	number_run(run);
	/* what is put on record about the event is to be masked, whatever the steps are */
	if (run->event != NULL)
		(void) respond_mask_event(run->event);
	respond_machine_open(machine, flow, run, run->shadow);
}

static void
open_saved(FlowMachine *machine, Flow *flow, FlowRun *run, Jsonb *saved)
{
	respond_run_restore(machine, flow, run, saved);
	if (run->event != NULL)
		(void) respond_mask_event(run->event);
}

Jsonb *
respond_flow_begin(Flow *flow, FlowRun *run, int most)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine,.in_parts = true,.most = most};

	open_new(&machine, flow, run);
	return run_as_rule(&task, caller);
}

Jsonb *
respond_flow_resume(Flow *flow, FlowRun *run, Jsonb *saved, int most)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine,.in_parts = true,.most = most};

	open_saved(&machine, flow, run, saved);
	return run_as_rule(&task, caller);
}

void
respond_flow_start_item(FlowMachine *machine, FlowRun *run)
{
	FlowMachine of_item;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&of_item};

	open_new(&of_item, machine->flow, run);
	respond_loop_split(machine, &of_item);
	(void) run_as_rule(&task, caller);
}

void
respond_flow_start(Flow *flow, FlowRun *run)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine,.needs_place = respond_place_is_needed(flow) && !run->shadow};

	open_new(&machine, flow, run);
	(void) run_as_rule(&task, caller);
}

Jsonb *
respond_flow_continue(Flow *flow, FlowRun *run, Jsonb *saved, List *mailbox, const FlowWake *wake)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine,.wake = wake};

	open_saved(&machine, flow, run, saved);
	machine.mailbox = mailbox;
	(void) run_as_rule(&task, caller);
	return task.look_back;
}

void
respond_flow_queue(Flow *flow, FlowRun *run, Jsonb *saved)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine,.queues = true};

	open_saved(&machine, flow, run, saved);
	(void) run_as_rule(&task, caller);
}

/* The reason is what failed, for error.message. */
static void
turn_to_cancel(FlowMachine *machine, const char *step, const char *reason)
{
	FlowFailure *failure = &machine->failure;

	memset(failure, 0, sizeof(*failure));
	failure->step = step;
	failure->message = failure->text = failure->shown = reason;
	strlcpy(failure->code, unpack_sql_state(ERRCODE_QUERY_CANCELED), sizeof(failure->code));
	machine->first_failure = *failure;
	machine->pause = NULL;
	machine->visited = NIL;
	memset(&machine->position, 0, sizeof(machine->position));
	respond_loop_leave_all(machine);
	machine->position.part = FLOW_ON_CANCEL;
}

void
respond_flow_cancel(Flow *flow, FlowRun *run, Jsonb *saved, const char *reason)
{
	FlowMachine machine;
	MemoryContext caller = CurrentMemoryContext;
	Task		task = {&machine};
	char	   *step = respond_run_step(saved);

	open_saved(&machine, flow, run, saved);
	turn_to_cancel(&machine, step, reason);
	(void) run_as_rule(&task, caller);
}

/* The row of a run none of whose steps was executed. */
static void
record_run(FlowRun *run, const char *status, Jsonb *state, const char *error, const char *shown)
{
	RunRow		row = {.status = status,.state = state,.error = error,.shown_error = shown};

	row.finished_at = respond_clock_now();
	row.started_at = run->place != NULL ? run->started_at : row.finished_at;
	row.saved = run->saved;
	put_end(run, &row);
}

void
respond_flow_record_failure(FlowRun *run, const char *error, const char *place, int sqlerrcode)
{
	const char *shown;

	number_run(run);
	error = respond_error_clip(error);
	shown = sqlerrcode == 0 ? error : respond_error_shown(place, sqlerrcode, run->run_id);
	record_run(run, run->cancelled ? "cancelled" : "failed", respond_jsonb_empty_object(), error, shown);
	if (!run->cancelled)
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
	Jsonb	   *result;

	respond_machine_open(&machine, flow, &copy, true);
	machine.hides_errors = !respond_private_is_visible(run->owner);
	respond_machine_run(&machine);
	result = copy_out(respond_machine_record(&machine), caller);
	respond_machine_close(&machine);
	return result;
}
