/*-------------------------------------------------------------------------
 * flatten_json.c
 *	  Flattens a JSON tree into a matcher's event; for tests and fuzzers.
 *
 * test/unit/flatten_json.c
 *-------------------------------------------------------------------------
 */
#include "flatten_json.h"

#include <string.h>

#include "match/number.h"

static void
flatten_number(EventFields *event, const PathNode *node, int element, const JsonValue *value)
{
	char	   *digits = respond_event_scratch(event, value->length + 1);
	Decimal		decimal;
	double		number;

	if (!respond_decimal_read(value->text, value->length, digits, &decimal))
		return;
	if (respond_decimal_to_double(&decimal, &number))
		respond_event_add_number(event, node, element, number);
	else
	{
		char	   *spelling = respond_event_scratch(event, RESPOND_DECIMAL_ROOM(decimal.digit_count));
		size_t		length = respond_decimal_write(&decimal, spelling);

		respond_event_add_decimal(event, node, element, respond_decimal_round(&decimal), spelling, length);
	}
}

static void
flatten_value(EventFields *event, const PathNode *node, int element, const JsonValue *value)
{
	int			array;

	switch (value->kind)
	{
		case JSON_KIND_OBJECT:
			for (size_t i = 0; i < value->count; i++)
			{
				const JsonMember *member = &value->members[i];
				const PathNode *child = respond_path_step(respond_event_fields_tree(event), node,
														  member->name, member->name_length, true);

				if (child != NULL)
					flatten_value(event, child, element, member->value);
			}
			return;
		case JSON_KIND_ARRAY:
			array = respond_event_begin_array(event);
			for (size_t i = 0; i < value->count; i++)
			{
				const JsonValue *item = value->items[i];
				bool		nested = item->kind == JSON_KIND_OBJECT || item->kind == JSON_KIND_ARRAY;

				flatten_value(event, node,
							  nested ? respond_event_enter_element(event, array, element) : element, item);
			}
			respond_event_end_array(event, array);
			return;
		default:
			break;
	}
	if (node->field < 0)
		return;
	if (value->kind == JSON_KIND_NUMBER)
		flatten_number(event, node, element, value);
	else if (value->kind == JSON_KIND_STRING)
		respond_event_add_text(event, node, element, VALUE_STRING, value->text, value->length);
	else
		respond_event_add(event, node, element,
						  value->kind == JSON_KIND_NULL ? VALUE_NULL :
						  value->boolean ? VALUE_TRUE : VALUE_FALSE);
}

void
flatten_json(EventFields *event, const JsonValue *document)
{
	respond_event_begin(event);
	flatten_value(event, respond_path_tree_root(respond_event_fields_tree(event)), NO_ELEMENT, document);
	respond_event_seal(event);
}
