/*-------------------------------------------------------------------------
 * approve_code.c
 *	  Compiles action "approve".
 *
 * Who an approver is can change while the rule stands, so it is asked when the
 * rule is saved, and whenever somebody votes, and not when it is read.
 *
 * src/flow/approve_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/pg_list.h"

#include "approval/approval.h"
#include "approval/approver.h"
#include "common/errors.h"
#include "common/interval_read.h"
#include "common/pg_compat.h"
#include "flow/approve_code.h"
#include "flow/parameter_compile.h"
#include "flow/step_fields.h"

/* The option that agrees. */
#define APPROVE_OPTION		"approve"

pg_noreturn static void refuse(const FlowStep *step, const char *field, const char *fault, const char *hint);

static void
refuse(const FlowStep *step, const char *field, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s: %s", step->place, field, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* What a template will give is known when the step runs. */
static void
check_question(const FlowStep *step, const JsonValue *question)
{
	if (respond_template_is_plain(step->parameters[APPROVE_QUESTION].text) && question->length > APPROVE_MAX_QUESTION)
		refuse(step, "question", psprintf("has %zu bytes; at most %d are allowed", question->length,
										  APPROVE_MAX_QUESTION), "\"context\" takes more.");
}

static int
find_option(const ApproveCode *code, const char *name)
{
	for (int i = 0; i < code->option_count; i++)
		if (strcmp(code->options[i], name) == 0)
			return i;
	return -1;
}

static void
add_option(FlowCompiler *compiler, const FlowStep *step, ApproveCode *code, const char *name)
{
	if (find_option(code, name) >= 0)
		refuse(step, "options", psprintf("\"%s\" is given twice", name), NULL);
	code->options[code->option_count++] = respond_arena_copy(compiler->arena, name, strlen(name));
}

static void
read_options(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, ApproveCode *code)
{
	int			count = value != NULL && value->kind == JSON_KIND_ARRAY ? value->count : 2;

	if (value != NULL && (value->kind != JSON_KIND_ARRAY || count < 2))
		refuse(step, "options", "must be an array of at least two texts", "Without it they are approve and reject.");
	if (count > APPROVE_MAX_OPTIONS)
		refuse(step, "options", psprintf("there are %d; at most %d are allowed", count, APPROVE_MAX_OPTIONS), NULL);
	code->options = respond_arena_alloc_zero(compiler->arena, sizeof(char *) * count);
	code->targets = respond_arena_alloc_zero(compiler->arena, sizeof(FlowTarget *) * count);
	if (value == NULL)
	{
		add_option(compiler, step, code, APPROVE_OPTION);
		add_option(compiler, step, code, APPROVAL_REJECT);
		return;
	}
	for (int i = 0; i < count; i++)
	{
		const JsonValue *item = value->items[i];

		if (item->kind != JSON_KIND_STRING || item->length == 0 || item->length > APPROVE_MAX_OPTION ||
			strlen(item->text) != item->length)
			refuse(step, psprintf("options[%d]", i), psprintf("must be a text of 1 to %d bytes", APPROVE_MAX_OPTION),
				   NULL);
		if (strstr(item->text, "{{") != NULL)
			refuse(step, psprintf("options[%d]", i), "cannot hold a tag; an option is the same in all runs",
				   "Write what comes from data into \"question\" or \"context\".");
		add_option(compiler, step, code, item->text);
	}
}

static bool
read_boolean(const FlowStep *step, const JsonValue *step_value, const char *field, bool otherwise)
{
	const JsonValue *value = respond_step_member(step_value, field);

	if (value == NULL)
		return otherwise;
	if (value->kind != JSON_KIND_BOOLEAN)
		refuse(step, field, "must be true or false", NULL);
	return value->boolean;
}

static int
read_quorum(const FlowStep *step, const JsonValue *value)
{
	char	   *end;
	long		number;

	if (value == NULL)
		return 1;
	if (value->kind == JSON_KIND_STRING && strcmp(value->text, "all") == 0)
		return 0;
	number = value->kind == JSON_KIND_NUMBER ? strtol(value->text, &end, 10) : 0;
	if (value->kind != JSON_KIND_NUMBER || *end != '\0' || number < 1 || number > APPROVE_MAX_QUORUM)
		refuse(step, "quorum", psprintf("must be \"all\", or a whole number from 1 to %d", APPROVE_MAX_QUORUM), NULL);
	return number;
}

/* Where an option leads; field is what says so. */
static void
set_target(FlowCompiler *compiler, FlowStep *step, ApproveCode *code, const char *option, const char *field,
		   const JsonValue *value)
{
	int			place = find_option(code, option);

	if (value == NULL)
		return;
	if (place < 0)
		refuse(step, field, psprintf("\"%s\" is none of the options", option), NULL);
	if (code->targets[place] != NULL)
		refuse(step, field, psprintf("where \"%s\" leads is said twice", option),
			   "Say it in \"on\", or in \"on_approve\" and \"on_reject\".");
	code->targets[place] = respond_step_add_target(compiler, step, field, value);
}

static void
read_targets(FlowCompiler *compiler, FlowStep *step, const JsonValue *value, ApproveCode *code)
{
	const JsonValue *on = respond_step_member(value, "on");

	set_target(compiler, step, code, APPROVE_OPTION, "on_approve", respond_step_member(value, "on_approve"));
	set_target(compiler, step, code, APPROVAL_REJECT, "on_reject", respond_step_member(value, "on_reject"));
	if (on == NULL)
		return;
	if (on->kind != JSON_KIND_OBJECT)
		refuse(step, "on", "must be an object of options and steps",
			   "Write {\"approve\": \"pay\", \"reject\": \"stop\"}.");
	for (size_t i = 0; i < on->count; i++)
		set_target(compiler, step, code, on->members[i].name, psprintf("on.%s", on->members[i].name),
				   on->members[i].value);
}

static void
check_span(const FlowStep *step, int parameter, const char *field, const JsonValue *value, int64 shortest)
{
	const JsonValue *text = respond_step_member(value, field);
	Interval	interval;

	/* what a template will give is known when the step runs */
	if (text == NULL || !respond_template_is_plain(step->parameters[parameter].text))
		return;
	if (!respond_interval_read(text->text, &interval))
		refuse(step, field, psprintf("\"%s\" is not an interval", text->text), "Write \"2 days\" or \"90 min\".");
	if (respond_interval_milliseconds(&interval) < shortest)
		refuse(step, field, psprintf("\"%s\" is too short", text->text), NULL);
}

static void
check_spans(const FlowStep *step, const JsonValue *value)
{
	check_span(step, APPROVE_FOR, "for", value, 1);
	check_span(step, APPROVE_REMIND_EVERY, "remind_every", value, APPROVE_SHORTEST_REMINDER);
	check_span(step, APPROVE_ESCALATE_AFTER, "escalate_after", value, 1);
	if (respond_step_member(value, "on_timeout") != NULL && !step->parameters[APPROVE_FOR].given)
		refuse(step, "on_timeout", "there is no limit; \"for\" is missing", NULL);
	if (step->parameters[APPROVE_ESCALATE_TO].given && !step->parameters[APPROVE_ESCALATE_AFTER].given)
		refuse(step, "escalate_to", "it is not said when; \"escalate_after\" is missing", NULL);
}

/* Adds a text to the list if it is no template; false when it is one. */
static bool
add_constant(FlowCompiler *compiler, const FlowStep *step, const char *field, const JsonValue *value, List **texts)
{
	const Template *template = respond_parameter_text(compiler, step->place, field, value);

	if (!respond_template_is_plain(template))
		return false;
	if (value->length == 0)
		refuse(step, field, "is empty", NULL);
	*texts = lappend(*texts, unconstify(char *, value->text));
	return true;
}

/* The approvers that are written down; false when templates add to them. */
static bool
read_approvers(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, const char *field, List **texts)
{
	const JsonValue *approvers = respond_step_member(value, field);
	bool		all = true;

	if (approvers == NULL)
		return true;
	if (approvers->kind == JSON_KIND_STRING)
		return add_constant(compiler, step, field, approvers, texts);
	if (approvers->count == 0)
		refuse(step, field, "is empty", "Name agents, \"team:NAME\", \"on_call:NAME\" or roles.");
	if (approvers->count > APPROVE_MAX_APPROVERS)
		refuse(step, field, psprintf("there are %zu; at most %d are allowed", approvers->count, APPROVE_MAX_APPROVERS),
			   "Name a team or a role.");
	for (size_t i = 0; i < approvers->count; i++)
		all &= add_constant(compiler, step, psprintf("%s[%zu]", field, i), approvers->items[i], texts);
	return all;
}

static void
check_approvers(const FlowStep *step, const char *field, const List *texts)
{
	ListCell   *cell;

	foreach(cell, texts)
	{
		char	   *fault = respond_approver_fault(lfirst(cell));

		if (fault != NULL)
			refuse(step, field, fault,
				   "Approvers are agents (respond.agent), \"team:NAME\", \"on_call:NAME\" and roles.");
	}
}

static void
check_people(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, const ApproveCode *code)
{
	List	   *approvers = NIL;
	List	   *escalate_to = NIL;
	bool		all = read_approvers(compiler, step, value, "approvers", &approvers);
	int			count;

	all &= read_approvers(compiler, step, value, "escalate_to", &escalate_to);
	if (!compiler->check_sql)
		return;
	check_approvers(step, "approvers", approvers);
	check_approvers(step, "escalate_to", escalate_to);
	count = all ? respond_approvers_count(list_concat(approvers, escalate_to)) : -1;
	if (count >= 0 && code->quorum > count)
		refuse(step, "quorum", psprintf("is %d, but the number of approvers is %d", code->quorum, count), NULL);
}

void
respond_approve_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	ApproveCode *code = respond_arena_alloc_zero(compiler->arena, sizeof(ApproveCode));

	check_question(step, respond_step_member(value, "question"));
	read_options(compiler, step, respond_step_member(value, "options"), code);
	code->quorum = read_quorum(step, respond_step_member(value, "quorum"));
	code->self_approval = read_boolean(step, value, "self_approval", false);
	code->deny_wins = read_boolean(step, value, "deny_wins", true);
	read_targets(compiler, step, value, code);
	check_spans(step, value);
	code->on_timeout = respond_step_add_target(compiler, step, "on_timeout", respond_step_member(value, "on_timeout"));
	check_people(compiler, step, value, code);
	step->code = code;
}
