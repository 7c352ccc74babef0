/*-------------------------------------------------------------------------
 * parameter_compile.c
 *	  Compiles the parameters of a step as its action's table describes them.
 *
 * What can be known now is refused now: a constant that is not legal is an
 * error of the rule.  What a template will give is known when the step runs;
 * then the same fault is a failure of the step.
 *
 * src/flow/parameter_compile.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "common/time_read.h"
#include "flow/flow_sql.h"
#include "flow/parameter_compile.h"
#include "flow/step_fields.h"

pg_noreturn static void raise_wrong_kind(const char *place, const char *field, const char *expected);
pg_noreturn static void raise_template_error(const char *place, const char *field, const char *where,
											 const TemplateError *error);

static void
raise_wrong_kind(const char *place, const char *field, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s: must be %s", place, field, expected)));
}

/* A name that a template reads: notes which root it may begin at. */
static void
note_root(Flow *flow, const TemplatePathUse *use)
{
	int			root;

	if (use->root_length == 1 && use->root[0] == '.')
	{
		flow->roots = ~(uint32) 0;
		return;
	}
	root = respond_run_root_find(use->root, use->root_length);
	if (root < RUN_ROOTS)
		flow->roots |= (uint32) 1 << root;
	if (flow->roots & ((uint32) 1 << RUN_ROOT_EVENT))
		flow->roots |= ((uint32) 1 << EVENT_ROOTS) - 1;
}

static void
visit_text_path(void *state, const TemplatePathUse *use)
{
	note_root(state, use);
}

static void
visit_json_path(void *state, const char *where, const TemplatePathUse *use)
{
	note_root(state, use);
}

static void
raise_template_error(const char *place, const char *field, const char *where,
					 const TemplateError *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s%s%s: invalid template at line %d, column %d: %s", place, field,
					where[0] != '\0' && where[0] != '[' ? "." : "", where,
					error->line, error->column, error->message),
			 errhint("%s", error->hint)));
}

const Template *
respond_parameter_text(FlowCompiler *compiler, const char *place, const char *field, const JsonValue *value)
{
	TemplateError error;
	Template   *template;

	if (value->kind != JSON_KIND_STRING)
		raise_wrong_kind(place, field, "a text");
	template = respond_template_compile(compiler->arena, value->text, value->length, &error);
	if (template == NULL)
		raise_template_error(place, field, "", &error);
	respond_template_each_path(template, visit_text_path, compiler->flow);
	return template;
}

const JsonTemplate *
respond_parameter_json(FlowCompiler *compiler, const char *place, const char *field, const JsonValue *value)
{
	JsonTemplateError error;
	JsonTemplate *template = respond_json_template_compile(compiler->arena, value, &error);

	if (template == NULL)
		raise_template_error(place, field, error.where, &error.error);
	respond_json_template_each_path(template, visit_json_path, compiler->flow);
	return template;
}

/* A rule that was saved before this was refused goes on; its step fails. */
static void
compile_text(FlowCompiler *compiler, const char *place, const ParameterSpec *spec, const char *field,
			 const JsonValue *value, FlowParameter *parameter)
{
	parameter->text = respond_parameter_text(compiler, place, field, value);
	if (compiler->check_sql && spec->filled && value->length == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: is empty", place, field)));
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static char *
list_words(const char *const *words)
{
	StringInfoData list;

	initStringInfo(&list);
	for (; *words != NULL; words++)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", *words);
	return list.data;
}

static void
compile_word(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
			 const JsonValue *value, FlowParameter *parameter)
{
	if (value->kind != JSON_KIND_STRING)
		raise_wrong_kind(place, spec->name, psprintf("one of %s", list_words(spec->words)));
	parameter->text = respond_parameter_text(compiler, place, spec->name, value);
	if (respond_template_is_plain(parameter->text) && !is_one_of(value->text, spec->words))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: \"%s\" is not one of %s", place, spec->name, value->text,
						list_words(spec->words))));
}

static bool
is_id(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18;
}

/* A number is kept as the template that gives its text. */
static void
compile_id(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
		   const JsonValue *value, FlowParameter *parameter)
{
	JsonValue	text = *value;

	if (value->kind == JSON_KIND_NUMBER)
		text.kind = JSON_KIND_STRING;
	if (text.kind != JSON_KIND_STRING)
		raise_wrong_kind(place, spec->name, "a number, or a template that gives one");
	parameter->text = respond_parameter_text(compiler, place, spec->name, &text);
	if (respond_template_is_plain(parameter->text) && !is_id(text.text))
		raise_wrong_kind(place, spec->name, "a number, or a template that gives one");
}

/* A constant is read once, so that a misspelt one is refused. */
static void
compile_time(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
			 const JsonValue *value, FlowParameter *parameter)
{
	TimestampTz time;

	parameter->text = respond_parameter_text(compiler, place, spec->name, value);
	if (respond_template_is_plain(parameter->text) && !respond_time_read(value->text, &time))
		raise_wrong_kind(place, spec->name, "a time, for example \"2030-01-31 12:00+00\"");
}

/* Arrays must hold texts; a single text must be a template that gives an array. */
static void
compile_tags(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
			 const JsonValue *value, FlowParameter *parameter)
{
	if (value->kind != JSON_KIND_ARRAY && value->kind != JSON_KIND_STRING)
		raise_wrong_kind(place, spec->name, "an array of texts");
	for (size_t i = 0; i < value->count && value->kind == JSON_KIND_ARRAY; i++)
		if (value->items[i]->kind != JSON_KIND_STRING)
			raise_wrong_kind(place, psprintf("%s[%zu]", spec->name, i), "a text");
	parameter->json = respond_parameter_json(compiler, place, spec->name, value);
}

static void
compile_object(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
			   const JsonValue *value, FlowParameter *parameter)
{
	bool		fits = value->kind == JSON_KIND_OBJECT;

	if (value->kind == JSON_KIND_STRING)
		fits = respond_template_is_single_tag(respond_parameter_text(compiler, place, spec->name, value));
	if (!fits)
		raise_wrong_kind(place, spec->name, "an object, or a single tag like \"{{data}}\" that gives one");
	parameter->json = respond_parameter_json(compiler, place, spec->name, value);
}

static void
compile_parameter(FlowCompiler *compiler, const char *place, const ParameterSpec *spec,
				  const char *field, const JsonValue *value, FlowStep *step,
				  FlowParameter *parameter)
{
	parameter->given = true;
	if (value->kind == JSON_KIND_NULL && spec->kind != PARAMETER_JSON && spec->nullable)
	{
		parameter->is_null = true;
		return;
	}
	switch (spec->kind)
	{
		case PARAMETER_TEXT:
		case PARAMETER_CHANNEL:
			compile_text(compiler, place, spec, field, value, parameter);
			break;
		case PARAMETER_WORD:
			compile_word(compiler, place, spec, value, parameter);
			break;
		case PARAMETER_ID:
			compile_id(compiler, place, spec, value, parameter);
			break;
		case PARAMETER_TIME:
			compile_time(compiler, place, spec, value, parameter);
			break;
		case PARAMETER_TAGS:
			compile_tags(compiler, place, spec, value, parameter);
			break;
		case PARAMETER_OBJECT:
			compile_object(compiler, place, spec, value, parameter);
			break;
		case PARAMETER_JSON:
			parameter->json = respond_parameter_json(compiler, place, field, value);
			break;
		case PARAMETER_STATEMENT:
			parameter->sql = respond_flow_sql_make(compiler, OWNER_SQL_STATEMENT, place, field,
												   value, step->timeout);
			break;
		case PARAMETER_EXPRESSION:
			parameter->sql = respond_flow_sql_make(compiler, OWNER_SQL_EXPRESSION, place, field,
												   value, step->timeout);
			break;
		case PARAMETER_OWN:
			break;
	}
}

static int
find_parameter(const Action *action, const char *name)
{
	for (int i = 0; i < action->parameter_count; i++)
	{
		const ParameterSpec *spec = &action->parameters[i];

		if (strcmp(spec->name, name) == 0)
			return i;
		for (int alias = 0; alias < lengthof(spec->aliases); alias++)
			if (spec->aliases[alias] != NULL && strcmp(spec->aliases[alias], name) == 0)
				return i;
	}
	return -1;
}

/* Names of the action's parameters whose bits are set, separated by commas. */
static char *
list_parameters(const Action *action, uint32 bits)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < action->parameter_count; i++)
		if (bits & ((uint32) 1 << i))
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", action->parameters[i].name);
	return list.data;
}

static void
check_combination(const FlowStep *step, uint32 given)
{
	const Action *action = step->action;
	uint32		exclusive = given & action->exclusive;

	for (int i = 0; i < action->parameter_count; i++)
		if (action->parameters[i].required && !step->parameters[i].given)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s.%s: is missing", step->place, action->parameters[i].name),
					 errdetail("Action \"%s\" needs it.", action->name)));
	if (action->one_of != 0 && (given & action->one_of) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: action \"%s\" needs at least one of %s", step->place, action->name,
						list_parameters(action, action->one_of))));
	if ((exclusive & (exclusive - 1)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: action \"%s\" takes only one of %s", step->place, action->name,
						list_parameters(action, exclusive))));
}

void
respond_parameters_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	const Action *action = step->action;
	uint32		given = 0;

	step->parameters = respond_arena_alloc_zero(compiler->arena,
												sizeof(FlowParameter) * Max(action->parameter_count, 1));
	for (size_t i = 0; i < value->count; i++)
	{
		const char *field = value->members[i].name;
		int			number = find_parameter(action, field);

		if (number < 0)
		{
			if (respond_step_is_common_field(field))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s.%s: action \"%s\" has no such field", step->place, field, action->name),
					 errhint("Its fields are: %s, and for every action: %s.",
							 list_parameters(action, ~(uint32) 0), respond_step_common_fields())));
		}
		if (step->parameters[number].given)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s.%s: is given twice", step->place, action->parameters[number].name),
					 errdetail("\"%s\" is another name for it.", field)));
		compile_parameter(compiler, step->place, &action->parameters[number], field,
						  value->members[i].value, step, &step->parameters[number]);
		given |= (uint32) 1 << number;
	}
	check_combination(step, given);
	if (action->compile != NULL)
		action->compile(compiler, value, step);
}
