/*-------------------------------------------------------------------------
 * step_compile.c
 *	  Compiles one step: the fields that every action has.
 *
 * src/flow/step_compile.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "flow/action_registry.h"
#include "flow/flow_sql.h"
#include "flow/parameter_compile.h"
#include "flow/step_compile.h"

/* Longest timeout of a step; beyond an hour SQL belongs elsewhere. */
#define MAX_TIMEOUT		(3600 * 1000)

static const JsonValue *
find_member(const JsonValue *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].name, name) == 0)
			return object->members[i].value;
	return NULL;
}

static const Action *
read_action(const char *place, const JsonValue *value)
{
	const JsonValue *name = find_member(value, "action");
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
	if (!action->available)
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
	const JsonValue *name = find_member(value, "name");

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

static const char *
read_target(FlowCompiler *compiler, const char *place, const JsonValue *value, const char *field)
{
	const JsonValue *target = find_member(value, field);

	if (target == NULL)
		return NULL;
	if (target->kind != JSON_KIND_STRING)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: must be the name of a step, or \"stop\"", place, field),
				 strcmp(field, "on_failure") == 0 && target->kind == JSON_KIND_ARRAY ?
				 errhint("Steps to run after a failure go into the rule's column \"on_failure\".") : 0));
	return respond_arena_copy(compiler->arena, target->text, target->length);
}

static int
read_max_attempts(const char *place, const JsonValue *value)
{
	const JsonValue *attempts = find_member(value, "max_attempts");
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

/* Milliseconds of an interval, -1 when text is not one. */
static int64
interval_milliseconds(const char *text)
{
	volatile int64 milliseconds = -1;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		Interval   *interval = DatumGetIntervalP(DirectFunctionCall3(interval_in,
																	 CStringGetDatum(text),
																	 ObjectIdGetDatum(InvalidOid),
																	 Int32GetDatum(-1)));

		/* A month or a day is beyond the limit anyway. */
		milliseconds = interval->month != 0 || interval->day != 0 ?
			PG_INT64_MAX : interval->time / 1000;
	}
	PG_CATCH();
	{
		/* The parser holds nothing but memory, so its own errors can end here. */
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return milliseconds;
}

/* A number of seconds, or an interval as text. */
static int
read_timeout(const char *place, const JsonValue *value)
{
	const JsonValue *timeout = find_member(value, "timeout");
	int64		milliseconds = -1;

	if (timeout == NULL)
		return 0;
	if (timeout->kind == JSON_KIND_NUMBER)
	{
		double		seconds = strtod(timeout->text, NULL);

		milliseconds = seconds > 0 && seconds * 1000 <= MAX_TIMEOUT ? (int64) (seconds * 1000) : -1;
	}
	else if (timeout->kind == JSON_KIND_STRING)
		milliseconds = interval_milliseconds(timeout->text);
	if (milliseconds < 1 || milliseconds > MAX_TIMEOUT)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.timeout: must be an interval from 1 ms to 1 hour", place),
				 errhint("Write \"500 ms\" or \"2 s\", or a number of seconds.")));
	return (int) milliseconds;
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
	step->success_target = read_target(compiler, place, value, "on_success");
	step->failure_target = read_target(compiler, place, value, "on_failure");
	step->max_attempts = read_max_attempts(place, value);
	step->timeout = read_timeout(place, value);
	condition = find_member(value, "if");
	if (condition != NULL)
		step->condition = respond_flow_sql_make(compiler, OWNER_SQL_CONDITION, place, "if",
												condition, step->timeout);
	respond_parameters_compile(compiler, value, step);
}
