/*-------------------------------------------------------------------------
 * step_compile.c
 *	  Compiles one step: the fields that every action has.
 *
 * src/flow/step_compile.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "common/errors.h"
#include "flow/action_registry.h"
#include "flow/flow_sql.h"
#include "flow/parameter_compile.h"
#include "flow/step_compile.h"
#include "flow/step_fields.h"
#include "flow/step_span.h"

/* Longest timeout of a step that does not wait; beyond an hour SQL belongs elsewhere. */
#define MAX_TIMEOUT		(3600 * 1000)

/* Longest pause before the second attempt, in ms. */
#define MAX_RETRY_AFTER	(INT64CONST(30) * 86400 * 1000)

static const Action *
read_action(const char *place, const JsonValue *value)
{
	const JsonValue *name = respond_step_member(value, "action");
	const Action *action;

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.action: is missing", place),
				 errhint("Actions are: %s.", respond_action_names())));
	if (name->kind != JSON_KIND_STRING)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.action: must be the name of an action", place),
				 errhint("Actions are: %s.", respond_action_names())));
	action = respond_action_find(name->text);
	if (action == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.action: there is no action \"%s\"", place, name->text),
				 errhint("Actions are: %s.", respond_action_names())));
	/* what it has compiled says what is missing */
	if (!action->available && action->compile == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.action: \"%s\" is not available in this version of pg_respond",
						place, name->text),
				 errhint("Actions are: %s.", respond_action_names())));
	return action;
}

/*
 * Names stand in templates (steps.NAME.id), in jumps and as keys of the data
 * chain.  Those with a leading underscore are kept for what is no step.
 */
static const char *
read_name(FlowCompiler *compiler, const char *place, const JsonValue *value)
{
	const JsonValue *name = respond_step_member(value, "name");

	if (name == NULL)
		return NULL;
	if (name->kind != JSON_KIND_STRING || name->length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.name: must be a non-empty text", place)));
	if (name->length > FLOW_MAX_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.name: is too long", place),
				 errdetail("It has %zu bytes; at most %d are allowed.", name->length, FLOW_MAX_NAME)));
	for (size_t i = 0; i < name->length; i++)
	{
		unsigned char c = (unsigned char) name->text[i];

		if (!(c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-'))))
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s.name: \"%s\" is not a name", place, name->text),
					 errhint("A name begins with a letter; letters, digits, \"_\" and \"-\" follow.")));
	}
	if (strcmp(name->text, FLOW_STOP_NAME) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.name: \"stop\" is reserved", place),
				 errhint("\"on_success\" and \"on_failure\" use it to end the run.")));
	return respond_arena_copy(compiler->arena, name->text, name->length);
}

static int
read_max_attempts(const char *place, const JsonValue *value)
{
	const JsonValue *attempts = respond_step_member(value, "max_attempts");
	char	   *end;
	long		number;

	if (attempts == NULL)
		return 1;
	number = attempts->kind == JSON_KIND_NUMBER ? strtol(attempts->text, &end, 10) : 0;
	if (attempts->kind != JSON_KIND_NUMBER || *end != '\0' || number < 1 || number > FLOW_MAX_ATTEMPTS)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.max_attempts: must be a whole number from 1 to %d", place, FLOW_MAX_ATTEMPTS)));
	return (int) number;
}

void
respond_step_compile(FlowCompiler *compiler, const char *place,
					 const JsonValue *value, FlowStep *step)
{
	const JsonValue *condition;

	if (value->kind != JSON_KIND_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: must be an object", place),
				 errhint("A step looks like {\"action\": \"log\", \"message\": \"...\"}.")));
	step->place = place;
	step->action = read_action(place, value);
	step->name = read_name(compiler, place, value);
	step->on_success = respond_step_add_target(compiler, step, "on_success", respond_step_member(value, "on_success"));
	step->on_failure = respond_step_add_target(compiler, step, "on_failure", respond_step_member(value, "on_failure"));
	step->max_attempts = read_max_attempts(place, value);
	step->retry_after = respond_step_span(place, value, "retry_after", MAX_RETRY_AFTER, "30 days");
	step->timeout = step->action->pauses ? respond_step_span(place, value, "timeout", STEP_LONGEST_SPAN, "100 years") :
		respond_step_span(place, value, "timeout", MAX_TIMEOUT, "1 hour");
	condition = respond_step_member(value, "if");
	if (condition != NULL)
		step->condition = respond_flow_sql_make(compiler, OWNER_SQL_CONDITION, place, "if",
												condition, step->timeout);
	respond_parameters_compile(compiler, value, step);
}
