/*-------------------------------------------------------------------------
 * template_tree.c
 *	  Lets the template engine read JsonValue trees, for tests and fuzzers.
 *
 * test/unit/template_tree.c
 *-------------------------------------------------------------------------
 */
#include "template_tree.h"

#include <stdlib.h>
#include <string.h>

void *
template_tree_resize(void *data, size_t size)
{
	void	   *larger = realloc(data, size);

	if (larger == NULL)
		abort();
	return larger;
}

static bool
is_zero(const char *number)
{
	return number[strcspn(number, "123456789eE")] < '1' ||
		number[strcspn(number, "123456789eE")] > '9';
}

TemplateValue
template_tree_value(const JsonValue *value)
{
	TemplateValue result = {.kind = TEMPLATE_NULL, .reference = value};

	switch (value->kind)
	{
		case JSON_KIND_NULL:
			break;
		case JSON_KIND_BOOLEAN:
			result.kind = TEMPLATE_BOOLEAN;
			result.boolean = value->boolean;
			break;
		case JSON_KIND_NUMBER:
			result.kind = TEMPLATE_NUMBER;
			result.boolean = !is_zero(value->text);
			break;
		case JSON_KIND_STRING:
			result.kind = TEMPLATE_STRING;
			result.reference = value->text;
			result.count = value->length;
			break;
		case JSON_KIND_ARRAY:
			result.kind = TEMPLATE_ARRAY;
			result.count = value->count;
			break;
		case JSON_KIND_OBJECT:
			result.kind = TEMPLATE_OBJECT;
			break;
	}
	return result;
}

static bool
read_member(const TemplateValue *object, const char *name, size_t length,
			TemplateValue *member)
{
	const JsonValue *tree = object->reference;

	for (size_t i = 0; i < tree->count; i++)
	{
		if (tree->members[i].name_length == length &&
			memcmp(tree->members[i].name, name, length) == 0)
		{
			*member = template_tree_value(tree->members[i].value);
			return true;
		}
	}
	return false;
}

static void
read_item(const TemplateValue *array, size_t index, TemplateValue *item)
{
	const JsonValue *tree = array->reference;

	if (index >= tree->count)
		abort();
	*item = template_tree_value(tree->items[index]);
}

/* Recursion is bounded by the reader of JSON. */
static void
write_json(const JsonValue *tree, TemplateOutput *output)
{
	bool		is_array = tree->kind == JSON_KIND_ARRAY;

	if (!respond_template_step(output))
		return;
	switch (tree->kind)
	{
		case JSON_KIND_NULL:
			respond_template_write(output, "null", 4);
			break;
		case JSON_KIND_BOOLEAN:
			respond_template_write(output, tree->boolean ? "true" : "false",
								   tree->boolean ? 4 : 5);
			break;
		case JSON_KIND_NUMBER:
			respond_template_write(output, tree->text, tree->length);
			break;
		case JSON_KIND_STRING:
			respond_template_write_json_string(output, tree->text, tree->length);
			break;
		case JSON_KIND_ARRAY:
		case JSON_KIND_OBJECT:
			respond_template_write(output, is_array ? "[" : "{", 1);
			for (size_t i = 0; i < tree->count; i++)
			{
				if (i > 0)
					respond_template_write(output, ", ", 2);
				if (!is_array)
				{
					respond_template_write_json_string(output, tree->members[i].name,
													   tree->members[i].name_length);
					respond_template_write(output, ": ", 2);
				}
				write_json(is_array ? tree->items[i] : tree->members[i].value, output);
			}
			respond_template_write(output, is_array ? "]" : "}", 1);
			break;
	}
}

static void
write_value(const TemplateValue *value, TemplateOutput *output)
{
	if (value->kind == TEMPLATE_STRING)
		respond_template_write(output, value->reference, value->count);
	else
		write_json(value->reference, output);
}

const TemplateSource template_tree_source = {read_member, read_item, write_value};
