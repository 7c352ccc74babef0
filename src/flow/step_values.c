/*-------------------------------------------------------------------------
 * step_values.c
 *	  The parameters of a step, rendered for one run.
 *
 * A text that comes out empty counts as not given: a template over a field that
 * the event lacks must not clear a field or name a team "".  Where it matters
 * (which ticket to change) that is a failure instead.  In a dry run earlier
 * steps have given nothing, so there empty texts are shown as they are.
 *
 * src/flow/step_values.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "channel/channel.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_size.h"
#include "common/time_read.h"
#include "flow/flow_chain.h"
#include "flow/flow_context.h"
#include "flow/flow_sql.h"
#include "flow/step_address.h"
#include "flow/step_values.h"

static bool
is_legal_word(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

static void
check_word(const FlowStep *step, const ParameterSpec *spec, const char *text)
{
	StringInfoData list;

	if (is_legal_word(text, spec->words))
		return;
	initStringInfo(&list);
	for (const char *const *word = spec->words; *word != NULL; word++)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", *word);
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.%s: \"%s\" is not one of %s", step->place, spec->name, text, list.data)));
}

static int64
read_number(const FlowStep *step, const ParameterSpec *spec, const char *text)
{
	if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: \"%s\" is not a number", step->place, spec->name, text)));
	return pg_strtoint64(text);
}

static TimestampTz
read_time(const FlowStep *step, const ParameterSpec *spec, const char *text)
{
	TimestampTz time;

	if (!respond_time_read(text, &time))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: \"%s\" is not a time", step->place, spec->name, text)));
	return time;
}

/* Texts of an array; numbers and booleans are taken as their text, null is left out. */
static void
read_tags(const FlowStep *step, const ParameterSpec *spec, Jsonb *json, StepValue *value)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	item;

	if (!JB_ROOT_IS_ARRAY(json) ||
		(JB_ROOT_IS_SCALAR(json) && !(JsonbExtractScalar(&json->root, &item) &&
									  (item.type == jbvString || item.type == jbvNull))))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: is not an array of texts", step->place, spec->name)));
	if (JB_ROOT_IS_SCALAR(json) && item.type == jbvNull)
	{
		value->given = false;
		return;
	}
	value->tags = palloc(sizeof(char *) * (JB_ROOT_COUNT(json) + 1));
	iterator = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		char	   *tag = NULL;

		if (token != WJB_ELEM)
			continue;
		if (item.type == jbvString || item.type == jbvNumeric || item.type == jbvBool)
			tag = respond_jsonb_value_text(&item);
		else if (item.type != jbvNull)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.%s: is not an array of texts", step->place, spec->name)));
		if (tag != NULL && tag[0] != '\0')
			value->tags[value->tag_count++] = tag;
	}
}

static void
check_object(const FlowStep *step, const ParameterSpec *spec, StepValue *value)
{
	JsonbValue	scalar;

	if (JB_ROOT_IS_OBJECT(value->json))
		return;
	if (JB_ROOT_IS_SCALAR(value->json) && JsonbExtractScalar(&value->json->root, &scalar) &&
		scalar.type == jbvNull)
	{
		value->given = false;
		value->json = NULL;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.%s: is not an object", step->place, spec->name)));
}

static const Channel *
read_channel(const FlowStep *step, const ParameterSpec *spec, const char *name)
{
	const Channel *channel = respond_channel_find(name);

	if (channel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.%s: channel \"%s\" does not exist", step->place, spec->name, name),
				 errhint("INSERT it into respond.channel, then SELECT respond.retry_run(run_id).")));
	return channel;
}

static void
render_text(FlowMachine *machine, const FlowStep *step, const ParameterSpec *spec,
			const FlowParameter *parameter, const TemplateValue *root, TemplateEscape escape,
			StepValue *value)
{
	char	   *text = respond_template_render_cstring(parameter->text, root, escape, NULL);

	if (text[0] == '\0' && machine->dry && !(spec->filled && !respond_machine_is_blind(machine)))
	{
		value->text = text;
		return;
	}
	if (text[0] == '\0')
	{
		if (spec->filled)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.%s: is empty", step->place, spec->name)));
		value->given = false;
		return;
	}
	switch (spec->kind)
	{
		case PARAMETER_WORD:
			check_word(step, spec, text);
			break;
		case PARAMETER_ID:
			value->number = read_number(step, spec, text);
			break;
		case PARAMETER_TIME:
			value->time = read_time(step, spec, text);
			break;
		case PARAMETER_CHANNEL:
			value->channel = read_channel(step, spec, text);
			break;
		default:
			break;
	}
	value->text = text;
}

StepValue *
respond_step_render(FlowMachine *machine, const FlowStep *step)
{
	const Action *action = step->action;
	StepValue  *values = palloc0(sizeof(StepValue) * Max(action->parameter_count, 1));
	TemplateValue inward = respond_context_root(machine);
	TemplateValue outward = inward;
	bool		is_masked = false;
	TemplateEscape escape = TEMPLATE_ESCAPE_NONE;
	const Channel *channel = NULL;

	for (int i = 0; i < action->parameter_count; i++)
	{
		const ParameterSpec *spec = &action->parameters[i];
		const FlowParameter *parameter = &step->parameters[i];
		StepValue  *value = &values[i];
		const TemplateValue *root = &inward;

		value->given = parameter->given;
		value->is_null = parameter->is_null;
		if (!parameter->given || parameter->is_null || spec->kind == PARAMETER_OWN)
			continue;
		if (spec->outward)
		{
			if (!is_masked)
				outward = respond_context_outward_root(machine);
			is_masked = true;
			root = &outward;
		}
		if (parameter->sql != NULL)
		{
			value->text = unconstify(char *, parameter->sql->text);
			/* a dry run does not run it, but tells when it cannot be run */
			value->sql = respond_machine_sql(machine, parameter->sql);
		}
		else if (parameter->json != NULL)
		{
			TemplateEscape of_values = spec->addresses ? TEMPLATE_ESCAPE_ADDRESS :
				spec->kind == PARAMETER_JSON && !spec->plain ? escape : TEMPLATE_ESCAPE_NONE;

			value->json = respond_json_template_render_jsonb(parameter->json, root, of_values);
			if (spec->kind == PARAMETER_OBJECT)
				check_object(step, spec, value);
			else if (spec->kind == PARAMETER_TAGS)
				read_tags(step, spec, value->json, value);
			if (spec->addresses)
				respond_step_read_addresses(machine, spec, channel, value);
		}
		else
			render_text(machine, step, spec, parameter, root,
						spec->html ? TEMPLATE_ESCAPE_HTML : spec->url ? TEMPLATE_ESCAPE_URL :
						spec->outward && !spec->plain ? escape : TEMPLATE_ESCAPE_NONE, value);
		if (value->channel != NULL)
		{
			channel = value->channel;
			escape = channel->escape;
		}
	}
	return values;
}

Jsonb *
respond_step_values_jsonb(const FlowStep *step, const StepValue *values)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < step->action->parameter_count; i++)
	{
		const ParameterSpec *spec = &step->action->parameters[i];
		const StepValue *value = &values[i];

		if (!value->given || spec->kind == PARAMETER_OWN ||
			(spec->addresses && spec->kind == PARAMETER_TAGS && value->tag_count == 0))
			continue;
		if (value->json != NULL)
			respond_jsonb_push_jsonb(&state, spec->name, value->json);
		else if (spec->kind == PARAMETER_ID && value->text[0] != '\0')
			respond_jsonb_push_int64(&state, spec->name, value->number);
		else
			respond_jsonb_push_text(&state, spec->name, value->text);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
