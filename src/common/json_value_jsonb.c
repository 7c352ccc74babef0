/*-------------------------------------------------------------------------
 * json_value_jsonb.c
 *	  The JSON tree of json_value.h made from jsonb.
 *
 * Recursion follows the nesting of the value and checks the stack: jsonb can be
 * nested deeper than the stack of a caller allows.
 *
 * src/common/json_value_jsonb.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/jsonb_size.h"

/* Numbers are kept as text: a short document of them must not fill the memory of workers. */
#define MOST_TEXT	((Size) 16 * 1024 * 1024)

static JsonValue *
make_value(Arena *arena, JsonKind kind)
{
	JsonValue  *value = respond_arena_alloc_zero(arena, sizeof(JsonValue));

	value->kind = kind;
	return value;
}

static void
set_text(Arena *arena, JsonValue *value, const char *bytes, size_t length)
{
	value->text = respond_arena_copy(arena, bytes, length);
	value->length = length;
}

static JsonValue *
from_array(Arena *arena, JsonbContainer *container)
{
	JsonValue  *array = make_value(arena, JSON_KIND_ARRAY);
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbValue	item;
	JsonbIteratorToken token;

	array->items = respond_arena_alloc(arena, sizeof(JsonValue *) * (JsonContainerSize(container) + 1));
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			array->items[array->count++] = respond_json_value_from_part(arena, &item);
	return array;
}

static JsonValue *
from_object(Arena *arena, JsonbContainer *container)
{
	JsonValue  *object = make_value(arena, JSON_KIND_OBJECT);
	JsonbIterator *iterator = JsonbIteratorInit(container);
	JsonbValue	item;
	JsonbIteratorToken token;
	JsonMember *member = NULL;

	object->members = respond_arena_alloc(arena, sizeof(JsonMember) * (JsonContainerSize(container) + 1));
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			member = &object->members[object->count++];
			member->name = respond_arena_copy(arena, item.val.string.val, item.val.string.len);
			member->name_length = item.val.string.len;
		}
		else if (token == WJB_VALUE)
			member->value = respond_json_value_from_part(arena, &item);
	}
	return object;
}

static JsonValue *
from_container(Arena *arena, JsonbContainer *container)
{
	JsonbValue	scalar;

	check_stack_depth();
	if (JsonContainerIsObject(container))
		return from_object(arena, container);
	if (JsonContainerIsScalar(container))
	{
		if (!JsonbExtractScalar(container, &scalar))
			elog(ERROR, "invalid jsonb scalar");
		return respond_json_value_from_part(arena, &scalar);
	}
	return from_array(arena, container);
}

JsonValue *
respond_json_value_from_part(Arena *arena, const JsonbValue *part)
{
	JsonValue  *value;

	switch (part->type)
	{
		case jbvNull:
			return make_value(arena, JSON_KIND_NULL);
		case jbvBool:
			value = make_value(arena, JSON_KIND_BOOLEAN);
			value->boolean = part->val.boolean;
			return value;
		case jbvString:
			value = make_value(arena, JSON_KIND_STRING);
			set_text(arena, value, part->val.string.val, part->val.string.len);
			return value;
		case jbvNumeric:
			{
				char	   *number;

				CHECK_FOR_INTERRUPTS();
				number = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(part->val.numeric)));
				value = make_value(arena, JSON_KIND_NUMBER);
				set_text(arena, value, number, strlen(number));
				pfree(number);
				return value;
			}
		case jbvBinary:
			return from_container(arena, part->val.binary.data);
		default:
			elog(ERROR, "unexpected type %d of a jsonb value", (int) part->type);
	}
}

JsonValue *
respond_json_value_from_jsonb(Arena *arena, Jsonb *jsonb)
{
	if (!respond_jsonb_text_fits(&jsonb->root, VARSIZE(jsonb), MOST_TEXT))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("a JSON value is too long"),
				 errdetail("As text it would have more than %zu bytes.", MOST_TEXT)));
	return from_container(arena, &jsonb->root);
}

static void
fill_scalar(const JsonValue *value, JsonbValue *scalar)
{
	switch (value->kind)
	{
		case JSON_KIND_BOOLEAN:
			scalar->type = jbvBool;
			scalar->val.boolean = value->boolean;
			break;
		case JSON_KIND_NUMBER:
			scalar->type = jbvNumeric;
			scalar->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(value->text),
																	  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
			break;
		case JSON_KIND_STRING:
			scalar->type = jbvString;
			scalar->val.string.val = unconstify(char *, value->text);
			scalar->val.string.len = value->length;
			break;
		default:
			scalar->type = jbvNull;
			break;
	}
}

/* token: what a scalar is in its surroundings. */
static JsonbValue *
push_value(JsonbParseState **state, const JsonValue *value, JsonbIteratorToken token)
{
	JsonbValue	scalar;
	JsonbValue	key = {.type = jbvString};

	check_stack_depth();
	switch (value->kind)
	{
		case JSON_KIND_ARRAY:
			pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
			for (size_t i = 0; i < value->count; i++)
				(void) push_value(state, value->items[i], WJB_ELEM);
			return pushJsonbValue(state, WJB_END_ARRAY, NULL);
		case JSON_KIND_OBJECT:
			pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
			for (size_t i = 0; i < value->count; i++)
			{
				key.val.string.val = unconstify(char *, value->members[i].name);
				key.val.string.len = value->members[i].name_length;
				pushJsonbValue(state, WJB_KEY, &key);
				(void) push_value(state, value->members[i].value, WJB_VALUE);
			}
			return pushJsonbValue(state, WJB_END_OBJECT, NULL);
		default:
			fill_scalar(value, &scalar);
			return pushJsonbValue(state, token, &scalar);
	}
}

Jsonb *
respond_json_value_to_jsonb(const JsonValue *value)
{
	JsonbParseState *state = NULL;
	JsonbValue	scalar;

	if (value->kind == JSON_KIND_ARRAY || value->kind == JSON_KIND_OBJECT)
		return JsonbValueToJsonb(push_value(&state, value, WJB_ELEM));
	fill_scalar(value, &scalar);
	return JsonbValueToJsonb(&scalar);
}
