/*-------------------------------------------------------------------------
 * jsonb_push.c
 *	  Members and elements of a jsonb under construction.
 *
 * src/common/jsonb_push.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "common/jsonb_push.h"

void
respond_jsonb_push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, const char *text)
{
	JsonbValue	value;

	value.type = text != NULL ? jbvString : jbvNull;
	if (text != NULL)
	{
		value.val.string.val = unconstify(char *, text);
		value.val.string.len = strlen(text);
	}
	pushJsonbValue(state, token, &value);
}

void
respond_jsonb_push_text(JsonbParseState **state, const char *key, const char *value)
{
	respond_jsonb_push_key(state, key);
	push_string(state, WJB_VALUE, value);
}

void
respond_jsonb_push_text_element(JsonbParseState **state, const char *value)
{
	push_string(state, WJB_ELEM, value);
}

void
respond_jsonb_push_int64(JsonbParseState **state, const char *key, int64 value)
{
	JsonbValue	number;

	respond_jsonb_push_key(state, key);
	number.type = jbvNumeric;
	number.val.numeric = int64_to_numeric(value);
	pushJsonbValue(state, WJB_VALUE, &number);
}

void
respond_jsonb_push_boolean(JsonbParseState **state, const char *key, bool value)
{
	JsonbValue	boolean;

	respond_jsonb_push_key(state, key);
	boolean.type = jbvBool;
	boolean.val.boolean = value;
	pushJsonbValue(state, WJB_VALUE, &boolean);
}

/* NULL is null. */
static JsonbValue
value_of(Jsonb *jsonb)
{
	JsonbValue	value;

	if (jsonb == NULL)
		value.type = jbvNull;
	else if (!JB_ROOT_IS_SCALAR(jsonb) || !JsonbExtractScalar(&jsonb->root, &value))
	{
		value.type = jbvBinary;
		value.val.binary.data = &jsonb->root;
		value.val.binary.len = VARSIZE(jsonb) - VARHDRSZ;
	}
	return value;
}

void
respond_jsonb_push_jsonb(JsonbParseState **state, const char *key, Jsonb *value)
{
	JsonbValue	part = value_of(value);

	respond_jsonb_push_key(state, key);
	pushJsonbValue(state, WJB_VALUE, &part);
}

void
respond_jsonb_push_element(JsonbParseState **state, Jsonb *value)
{
	JsonbValue	part = value_of(value);

	pushJsonbValue(state, WJB_ELEM, &part);
}

Jsonb *
respond_jsonb_empty_object(void)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_jsonb_of_text(const char *key, const char *value)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, key, value);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
