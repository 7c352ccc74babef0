/*-------------------------------------------------------------------------
 * owner_tag_value.c
 *	  The values of tags in the SQL of a rule.
 *
 * src/owner/owner_tag_value.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "common/guc.h"
#include "common/jsonb_size.h"
#include "effect/run_roots.h"
#include "event/event_context.h"
#include "owner/owner_tags.h"

static bool
set_string(JsonbValue *value, const char *text)
{
	if (text == NULL)
		return false;
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = strlen(text);
	return true;
}

static bool
set_number(JsonbValue *value, bool given, int64 number)
{
	value->type = jbvNumeric;
	if (given)
		value->val.numeric = int64_to_numeric(number);
	return given;
}

static bool
set_container(JsonbValue *value, Jsonb *jsonb)
{
	if (jsonb == NULL)
		return false;
	if (JB_ROOT_IS_SCALAR(jsonb))
		return JsonbExtractScalar(&jsonb->root, value);
	value->type = jbvBinary;
	value->val.binary.data = &jsonb->root;
	value->val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	return true;
}

static bool
event_value(EventRoot root, const Event *event, JsonbValue *value)
{
	EventValue	field;

	respond_event_root_read(event, root, &field);
	switch (field.kind)
	{
		case EVENT_VALUE_NUMBER:
			return set_number(value, true, field.number);
		case EVENT_VALUE_TEXT:
			return set_string(value, field.text == field.buffer ? pstrdup(field.text) : field.text);
		case EVENT_VALUE_DOCUMENT:
			return set_container(value, field.document);
		case EVENT_VALUE_NONE:
			break;
	}
	return false;
}

static bool
local_value(const SqlTag *tag, const SqlInput *input, JsonbValue *value)
{
	for (int i = 0; i < input->local_count; i++)
		if (strcmp(input->locals[i].name, tag->parts[0]) == 0)
			return set_container(value, input->locals[i].value);
	return false;
}

/* What the first name of the path stands for; *part is set behind it. */
static bool
root_value(const SqlTag *tag, const SqlInput *input, JsonbValue *value, int *part)
{
	int			root = respond_run_root_find(tag->parts[0], strlen(tag->parts[0]));

	*part = 1;
	switch (root)
	{
		case RUN_ROOT_EVENT:
			*part = 2;
			return tag->part_count > 1 &&
				event_value(respond_event_root_find(tag->parts[1], strlen(tag->parts[1])), input->event, value);
		case RUN_ROOT_STEPS:
			return set_container(value, input->steps);
		case RUN_ROOT_ERROR:
			return set_container(value, input->error);
		case RUN_ROOT_RULE:
			return set_string(value, respond_event_context()->rule);
		case RUN_ROOT_RUN_ID:
			return set_number(value, respond_event_context()->run_id != 0, respond_event_context()->run_id);
		case RUN_ROOTS:
			return local_value(tag, input, value);
		default:
			return event_value(root, input->event, value);
	}
}

static bool
member_value(JsonbValue *value, const char *name)
{
	JsonbContainer *container;
	JsonbValue *found = NULL;

	if (value->type != jbvBinary)
		return false;
	container = value->val.binary.data;
	if (JsonContainerIsObject(container))
		found = getKeyJsonValueFromContainer(container, name, strlen(name), NULL);
	else if (JsonContainerIsArray(container) && strlen(name) <= 9 &&
			 name[0] != '\0' && name[strspn(name, "0123456789")] == '\0')
		found = getIthJsonbValueFromContainer(container, atoi(name));
	if (found == NULL)
		return false;
	*value = *found;
	return true;
}

static bool
find_value(const SqlTag *tag, const SqlInput *input, JsonbValue *value)
{
	int			part;

	if (!root_value(tag, input, value, &part))
		return false;
	for (; part < tag->part_count; part++)
		if (!member_value(value, tag->parts[part]))
			return false;
	return value->type != jbvNull;
}

/* A JSON array as an array of the SQL type whose elements are of type element. */
static Datum
array_value(JsonbContainer *container, Oid element)
{
	ArrayBuildState *state = initArrayResult(element, CurrentMemoryContext, false);
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	value;
	Oid			reader;
	Oid			parameter;

	respond_check_text_size(respond_jsonb_text_size(container, (Size) respond_max_rendered_size * 1024));
	getTypeInputInfo(element, &reader, &parameter);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		bool		is_null = value.type == jbvNull;

		if (token == WJB_ELEM)
			accumArrayResult(state, is_null ? (Datum) 0 :
							 OidInputFunctionCall(reader, respond_jsonb_value_text(&value), parameter, -1),
							 is_null, element, CurrentMemoryContext);
	}
	return makeArrayResult(state, CurrentMemoryContext);
}

Datum
respond_sql_tag_value(const SqlTag *tag, const SqlInput *input, bool *is_null)
{
	JsonbValue	value;
	Oid			base = getBaseType(tag->type);
	Oid			element = get_element_type(base);
	char	   *text;
	Oid			reader;
	Oid			parameter;

	*is_null = !find_value(tag, input, &value);
	if (*is_null)
		return (Datum) 0;
	if (tag->type == JSONBOID)
		return JsonbPGetDatum(JsonbValueToJsonb(&value));
	if (OidIsValid(element) && tag->type == base && value.type == jbvBinary &&
		JsonContainerIsArray(value.val.binary.data))
		return array_value(value.val.binary.data, element);
	if ((base == JSONBOID || base == JSONOID) && value.type != jbvBinary)
	{
		respond_check_text_size(respond_jsonb_value_text_size(&value, 0));
		text = JsonbToCString(NULL, &JsonbValueToJsonb(&value)->root, 0);
	}
	else
		text = respond_jsonb_value_text(&value);
	getTypeInputInfo(tag->type, &reader, &parameter);
	return OidInputFunctionCall(reader, text, parameter, -1);
}
