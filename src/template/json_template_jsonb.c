/*-------------------------------------------------------------------------
 * json_template_jsonb.c
 *	  JSON templates inside the server: rendered to jsonb.
 *
 * Values that keep their type are copied from the context as they are stored,
 * so a number is never expanded to text.  It counts against the same limit as
 * rendered text all the same: somebody will read the result as text.
 *
 * src/template/json_template_jsonb.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "common/jsonb_size.h"
#include "common/numeric_size.h"
#include "template/json_template_jsonb.h"

typedef struct Builder
{
	TemplateOutput *output;
	JsonbParseState *state;		/* NULL outside of arrays and objects */
	JsonbValue *result;
} Builder;

JsonTemplate *
respond_json_template_compile_in(MemoryContext context, const JsonValue *value,
								 const char *owner)
{
	JsonTemplateError error;
	JsonTemplate *template = respond_json_template_compile(respond_arena_create_in(context),
														   value, &error);

	if (template == NULL)
	{
		bool		has_owner = owner != NULL && owner[0] != '\0';
		bool		has_place = has_owner || error.where[0] != '\0';
		bool		dot = has_owner && error.where[0] != '\0' && error.where[0] != '[';

		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s%s%s%sinvalid template at line %d, column %d: %s",
						has_owner ? owner : "", dot ? "." : "", error.where,
						has_place ? ": " : "",
						error.error.line, error.error.column, error.error.message),
				 errhint("%s", error.error.hint)));
	}
	return template;
}

/* Puts a scalar or a stored container where the builder is. */
static void
add_value(Builder *builder, JsonbValue *value)
{
	if (builder->state == NULL)
	{
		builder->result = palloc(sizeof(JsonbValue));
		*builder->result = *value;
	}
	else
		pushJsonbValue(&builder->state,
					   builder->state->contVal.type == jbvArray ? WJB_ELEM : WJB_VALUE,
					   value);
}

static void
set_string(JsonbValue *value, const char *bytes, size_t length)
{
	char	   *copy = palloc(length + 1);

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	value->type = jbvString;
	value->val.string.val = copy;
	value->val.string.len = (int) length;
}

static void
add_key(Builder *builder, const char *name, size_t length)
{
	JsonbValue	key;

	set_string(&key, name, length);
	pushJsonbValue(&builder->state, WJB_KEY, &key);
}

static void add_template_value(Builder *builder, const TemplateValue *value);

static void
add_roots(Builder *builder, const TemplateRoots *roots)
{
	pushJsonbValue(&builder->state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < roots->count; i++)
	{
		const TemplateRoot *root = &roots->roots[i];

		if (respond_template_value_is_secret(&root->value))
			continue;
		add_key(builder, root->name, strlen(root->name));
		if (root->value.kind == TEMPLATE_STRING)
			respond_template_charge(builder->output, root->value.count);
		add_template_value(builder, &root->value);
	}
	builder->result = pushJsonbValue(&builder->state, WJB_END_OBJECT, NULL);
}

/* As it is stored or as text, whichever is longer. */
static Size
container_size(const Builder *builder, const TemplateValue *value)
{
	return Max(value->size, respond_jsonb_text_size(unconstify(void *, value->reference),
													respond_template_room(builder->output)));
}

/* Strings were charged when they were rendered. */
static void
add_template_value(Builder *builder, const TemplateValue *value)
{
	JsonbValue	jsonb;
	void	   *reference = unconstify(void *, value->reference);

	switch (value->kind)
	{
		case TEMPLATE_MISSING:
		case TEMPLATE_NULL:
			jsonb.type = jbvNull;
			break;
		case TEMPLATE_BOOLEAN:
			jsonb.type = jbvBool;
			jsonb.val.boolean = value->boolean;
			break;
		case TEMPLATE_STRING:
			set_string(&jsonb, value->reference, value->count);
			break;
		case TEMPLATE_NUMBER:
			if (!respond_template_charge(builder->output, respond_numeric_text_size(reference)))
				return;
			jsonb.type = jbvNumeric;
			jsonb.val.numeric = reference;
			break;
		case TEMPLATE_ARRAY:
		case TEMPLATE_OBJECT:
			if (respond_template_value_roots(value) != NULL)
			{
				add_roots(builder, respond_template_value_roots(value));
				return;
			}
			if (!respond_template_charge(builder->output, container_size(builder, value)))
				return;
			jsonb.type = jbvBinary;
			jsonb.val.binary.data = reference;
			jsonb.val.binary.len = (int) value->size;
			break;
	}
	add_value(builder, &jsonb);
}

static void
build(void *state, JsonTemplateEvent event, const TemplateValue *value)
{
	Builder    *builder = state;
	JsonbValue	number;

	switch (event)
	{
		case JSON_TEMPLATE_BEGIN_ARRAY:
			pushJsonbValue(&builder->state, WJB_BEGIN_ARRAY, NULL);
			break;
		case JSON_TEMPLATE_BEGIN_OBJECT:
			pushJsonbValue(&builder->state, WJB_BEGIN_OBJECT, NULL);
			break;
		case JSON_TEMPLATE_END_ARRAY:
			builder->result = pushJsonbValue(&builder->state, WJB_END_ARRAY, NULL);
			break;
		case JSON_TEMPLATE_END_OBJECT:
			builder->result = pushJsonbValue(&builder->state, WJB_END_OBJECT, NULL);
			break;
		case JSON_TEMPLATE_KEY:
			add_key(builder, value->reference, value->count);
			break;
		case JSON_TEMPLATE_VALUE:
			add_template_value(builder, value);
			break;
		case JSON_TEMPLATE_NUMBER:
			if (!respond_template_charge(builder->output, value->count))
				return;
			number.type = jbvNumeric;
			number.val.numeric =
				DatumGetNumeric(DirectFunctionCall3(numeric_in,
													CStringGetDatum(value->reference),
													ObjectIdGetDatum(InvalidOid),
													Int32GetDatum(-1)));
			add_value(builder, &number);
			break;
	}
}

Jsonb *
respond_json_template_render_jsonb(const JsonTemplate *template, const TemplateValue *root,
								   TemplateEscape escape)
{
	TemplateOutput output;
	Builder		builder = {.output = &output};

	respond_template_begin_output(&output, 0);
	respond_template_raise(respond_json_template_render(template,
														&respond_template_jsonb_source,
														root, escape, &output,
														build, &builder));
	pfree(output.data);
	return JsonbValueToJsonb(builder.result);
}
