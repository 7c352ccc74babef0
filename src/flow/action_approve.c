/*-------------------------------------------------------------------------
 * action_approve.c
 *	  Action "approve": people decide.
 *
 * The run waits for what decide() tells it.  A question that is denied, tied or
 * not answered in time must not be taken for one that was approved: where the
 * step does not say what to do then, it fails.
 *
 * Output: {"approval", "status", "decision", "voters", "votes"}.
 *
 * src/flow/action_approve.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "approval/approval_record.h"
#include "approval/approver.h"
#include "approval/text_list.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/interval_read.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "event/event_context.h"
#include "flow/action_approve.h"
#include "flow/approve_code.h"
#include "flow/flow_machine.h"
#include "timer/timer.h"

/* Longest text of a context, in bytes. */
#define MAX_CONTEXT		((Size) 1024 * 1024)

/* Most events that are looked at for who caused them. */
#define MAX_CAUSES		1000

pg_noreturn static void fail(const FlowStep *step, const char *field, const char *fault, const char *detail);

static void
fail(const FlowStep *step, const char *field, const char *fault, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.%s: %s", step->place, field, fault),
			 detail != NULL ? errdetail("%s", detail) : 0));
}

static List *
texts_of(const StepValue *value)
{
	List	   *texts = NIL;

	if (!value->given)
		return NIL;
	for (int i = 0; i < value->tag_count; i++)
		texts = respond_texts_add(texts, value->tags[i]);
	return texts;
}

/* Who caused the event of the run, and those that led to it, rules aside. */
static List *
find_causers(const FlowRun *run)
{
	const Event *event = run->event;
	List	   *causers = NIL;

	for (int i = 0; event != NULL && i < MAX_CAUSES; i++)
	{
		if (event->actor != NULL && strncmp(event->actor, "rule:", 5) != 0)
			causers = respond_texts_add(causers, pstrdup(event->actor));
		event = event->has_cause ? run->fetch_event(event->cause) : NULL;
	}
	return causers;
}

static Interval *
read_span(const StepCall *call, int parameter, const char *field)
{
	const char *text = respond_step_text(&call->values[parameter]);
	Interval   *interval;

	if (text == NULL || text[0] == '\0')
		return NULL;
	interval = palloc(sizeof(Interval));
	if (!respond_interval_read(text, interval))
		fail(call->step, field, psprintf("\"%s\" is not an interval", text), NULL);
	return interval;
}

static TimestampTz
add_span(const StepCall *call, const char *field, TimestampTz from, const Interval *span)
{
	TimestampTz time;

	if (!respond_interval_add(from, span, call->machine->flow->timezone, &time))
		fail(call->step, field, "leads to a time that PostgreSQL does not know", NULL);
	return time;
}

/* When the attempt of the step has timed out. */
static TimestampTz
end_of_attempt(const StepCall *call, const Approval *approval)
{
	return call->step->timeout == 0 ? DT_NOEND :
		TimestampTzPlusMilliseconds(approval->asked_at, call->step->timeout);
}

static void
read_times(const StepCall *call, Approval *approval)
{
	Interval   *limit = read_span(call, APPROVE_FOR, "for");

	approval->asked_at = respond_clock_now();
	approval->due_at = limit != NULL ? add_span(call, "for", approval->asked_at, limit) : DT_NOEND;
	approval->due_at = Min(approval->due_at, end_of_attempt(call, approval));
	approval->remind_every = read_span(call, APPROVE_REMIND_EVERY, "remind_every");
	if (approval->remind_every != NULL &&
		respond_interval_milliseconds(approval->remind_every) < APPROVE_SHORTEST_REMINDER)
		fail(call->step, "remind_every", "is too short", NULL);
}

static void
read_texts(const StepCall *call, Approval *approval)
{
	const StepValue *context = &call->values[APPROVE_CONTEXT];

	approval->question = call->values[APPROVE_QUESTION].text;
	if (strlen(approval->question) > APPROVE_MAX_QUESTION)
		fail(call->step, "question", psprintf("has %zu bytes; at most %d are allowed", strlen(approval->question),
											  APPROVE_MAX_QUESTION), NULL);
	approval->context = context->given && context->json != NULL ? context->json : respond_jsonb_empty_object();
	if (!respond_jsonb_text_fits(&approval->context->root, VARSIZE(approval->context), MAX_CONTEXT))
		fail(call->step, "context", psprintf("would have more than %zu bytes", MAX_CONTEXT), NULL);
	approval->approvers = texts_of(&call->values[APPROVE_APPROVERS]);
	approval->escalate_to = texts_of(&call->values[APPROVE_ESCALATE_TO]);
	if (approval->approvers == NIL)
		fail(call->step, "approvers", "is empty", NULL);
	if (list_length(approval->approvers) + list_length(approval->escalate_to) > 2 * APPROVE_MAX_APPROVERS)
		fail(call->step, "approvers", "there are too many; name a team or a role", NULL);
}

/* Those who may decide now. */
static List *
find_people(const Approval *approval)
{
	List	   *people = respond_approvers_people(approval->approvers, &approval->roles);

	return approval->self_approval ? people : respond_people_without(people, approval->caused_by, &approval->roles);
}

static void
require_people(const StepCall *call, const Approval *approval, const List *people)
{
	if (people == NIL)
		fail(call->step, "approvers", "nobody may decide this",
			 psprintf("They are: %s.%s", respond_texts_join(approval->approvers), approval->self_approval ? "" :
					  " Whoever caused the event of the run may not."));
	if (approval->quorum > list_length(people))
		fail(call->step, "quorum", psprintf("is %d, and %d may decide", approval->quorum, list_length(people)),
			 psprintf("They are: %s.", respond_texts_join(respond_people_names(people))));
}

/* Who is asked; when they are too few, those who would be asked later as well. */
static void
ask_people(const StepCall *call, Approval *approval)
{
	List	   *people;

	respond_asked_roles_note_approvers(&approval->roles, approval->approvers);
	respond_asked_roles_note_approvers(&approval->roles, approval->escalate_to);
	respond_asked_roles_note(&approval->roles, approval->caused_by);
	people = find_people(approval);
	if (list_length(people) < Max(approval->quorum, 1) && approval->escalate_to != NIL)
	{
		approval->approvers = respond_texts_union(approval->approvers, approval->escalate_to);
		approval->escalated = true;
		people = find_people(approval);
	}
	require_people(call, approval, people);
	approval->asked_of = respond_people_names(people);
	respond_asked_roles_note_people(&approval->roles, people);
}

static List *
options_of(const ApproveCode *code)
{
	List	   *options = NIL;

	for (int i = 0; i < code->option_count; i++)
		options = lappend(options, unconstify(char *, code->options[i]));
	return options;
}

static void
fill(const StepCall *call, const ApproveCode *code, Approval *approval)
{
	const FlowMachine *machine = call->machine;
	const FlowRun *run = machine->run;

	memset(approval, 0, sizeof(*approval));
	approval->run_id = run->run_id;
	approval->run_started_at = machine->started_at;
	approval->rule = run->rule;
	approval->rule_version = run->rule_version;
	approval->step = respond_step_label(call->step);
	approval->pause = machine->pauses + 1;
	approval->event_id = respond_run_cause(run);
	approval->depth = respond_run_depth(run) + 1;
	approval->options = options_of(code);
	approval->quorum = code->quorum;
	approval->self_approval = code->self_approval;
	approval->deny_wins = code->deny_wins;
	approval->status = APPROVAL_OPEN;
	read_times(call, approval);
	read_texts(call, approval);
}

void
respond_approval_arm(const Approval *approval, TimestampTz due_at, const char *what)
{
	Timer		timer = {.due_at = due_at,.reader = TIMER_FLOW,.kind = TIMER_APPROVAL,.run_id = approval->run_id,
	.run_started_at = approval->run_started_at};

	timer.name = respond_approval_id_text(&approval->id);
	timer.data = respond_jsonb_of_text("do", what);
	(void) respond_timer_arm(&timer);
}

static TimestampTz
time_after(const StepCall *call, const char *field, TimestampTz from, const Interval *span)
{
	return span != NULL ? add_span(call, field, from, span) : DT_NOEND;
}

static void
arm_timers(const StepCall *call, const Approval *approval)
{
	const Interval *span = read_span(call, APPROVE_ESCALATE_AFTER, "escalate_after");
	TimestampTz remind_at = time_after(call, "remind_every", approval->asked_at, approval->remind_every);
	TimestampTz escalate_at = approval->escalated ? DT_NOEND :
		time_after(call, "escalate_after", approval->asked_at, span);

	if (remind_at != DT_NOEND)
		respond_approval_arm(approval, remind_at, APPROVAL_REMIND);
	if (escalate_at != DT_NOEND)
		respond_approval_arm(approval, escalate_at, APPROVAL_ESCALATE);
}

static Jsonb *
make_memo(const StepCall *call, const Approval *approval)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "approval", respond_approval_id_text(&approval->id));
	respond_jsonb_push_boolean(&state, "times_out", approval->due_at != DT_NOEND &&
							   approval->due_at == end_of_attempt(call, approval));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static FlowPause *
make_pause(const StepCall *call, const Approval *approval)
{
	FlowPause  *pause = palloc0(sizeof(FlowPause));

	pause->waits_for = PAUSE_APPROVAL;
	pause->due_at = approval->due_at;
	pause->memo = make_memo(call, approval);
	pause->shown_what = psprintf("decision of %s", respond_texts_join(approval->approvers));
	pause->what = psprintf("%s: %s", pause->shown_what, approval->question);
	return pause;
}

void
respond_approval_of_pause(const FlowPause *pause, pg_uuid_t *id)
{
	char	   *text = respond_jsonb_find_text(respond_jsonb_root(pause->memo), "approval");

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RUN),
				 errmsg("a saved run waits for an approval and does not say which")));
	respond_approval_read_id(text, id);
}

/* Nothing is written before all that can be wrong was looked for: the step then fails as a whole. */
static StepResult
ask(StepCall *call, const ApproveCode *code)
{
	const FlowRun *run = call->machine->run;
	Approval	approval;

	fill(call, code, &approval);
	approval.caused_by = find_causers(run);
	ask_people(call, &approval);
	respond_event_context_fan_out();
	respond_approval_new_id(&approval.id);
	arm_timers(call, &approval);
	respond_approval_insert(&approval);
	respond_approval_record(&approval, run, "approval.requested", NIL);
	if (approval.escalated)
		respond_approval_record(&approval, run, "approval.escalated", NIL);
	call->pause = make_pause(call, &approval);
	return STEP_PAUSE;
}

/* The options, for the record of a dry run. */
static Jsonb *
describe_options(const ApproveCode *code)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_key(&state, "options");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < code->option_count; i++)
		respond_jsonb_push_text_element(&state, code->options[i]);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Goes on as if the first option was chosen. */
static StepResult
pretend(StepCall *call, const ApproveCode *code)
{
	FlowMachine *machine = call->machine;
	Datum		options = JsonbPGetDatum(describe_options(code));
	Approval	approval;

	machine->parameters = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(machine->parameters),
															 options));
	call->target = code->targets[0];
	if (respond_machine_is_blind(machine))
		return STEP_DONE;
	fill(call, code, &approval);
	approval.self_approval = true;
	ask_people(call, &approval);
	return STEP_DONE;
}

static int
find_option(const ApproveCode *code, const char *name)
{
	for (int i = 0; i < code->option_count; i++)
		if (strcmp(code->options[i], name) == 0)
			return i;
	return -1;
}

/* Who chose what won. */
static char *
read_voters(Jsonb *document)
{
	return TextDatumGetCString(DirectFunctionCall2(jsonb_object_field_text, JsonbPGetDatum(document),
												   CStringGetTextDatum("voters")));
}

static StepResult
end_by_decision(StepCall *call, const ApproveCode *code)
{
	Jsonb	   *result = call->wake->data;
	char	   *decision = respond_jsonb_find_text(respond_jsonb_root(result), "decision");
	int			option = decision != NULL ? find_option(code, decision) : -1;

	if (decision == NULL)
		fail(call->step, "quorum", "no option can reach it any more", NULL);
	call->output = result;
	if (option >= 0)
		call->target = code->targets[option];
	if (call->target == NULL && strcmp(decision, APPROVAL_REJECT) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s: rejected by %s", call->step->place, read_voters(result)),
				 errhint("Name the step that follows in \"on_reject\".")));
	return STEP_DONE;
}

/* Whether the end of the pause is that of the attempt, and not a time that the question has. */
static bool
times_out(const FlowPause *pause)
{
	return respond_jsonb_find_flag(respond_jsonb_root(pause->memo), "times_out");
}

/* The dispatcher has ended the approval, and it is still locked. */
static StepResult
end_by_timeout(StepCall *call, const ApproveCode *code)
{
	Approval   *approval;
	List	   *votes;
	pg_uuid_t	id;

	respond_approval_of_pause(call->pause, &id);
	approval = respond_approval_lock(&id, false);
	if (approval != NULL)
	{
		votes = respond_votes(approval);
		respond_approval_record(approval, call->machine->run, "approval.expired", votes);
		call->output = respond_approval_result(approval, votes);
	}
	if (times_out(call->pause))
		fail(call->step, "timeout", "nobody has decided in time", NULL);
	call->target = code->on_timeout;
	if (call->target == NULL)
		fail(call->step, "for", "nobody has decided in time", NULL);
	return STEP_DONE;
}

StepResult
respond_action_approve(StepCall *call)
{
	const ApproveCode *code = call->step->code;

	if (call->machine->dry)
		return pretend(call, code);
	if (call->wake == NULL)
		return ask(call, code);
	if (call->wake->kind == WAKE_TIMEOUT)
		return end_by_timeout(call, code);
	return end_by_decision(call, code);
}
