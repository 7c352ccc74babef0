/*-------------------------------------------------------------------------
 * event_fields.c
 *	  One event, flattened to the values at the paths that rules test.
 *
 * Memory grows to the largest event seen and is then reused.  "Document
 * order" makes the values of an element, and of an array, one run of indexes;
 * respond_event_agree uses that to step over all the other elements of an
 * array at once, so that large arrays cost no more than their size.
 *
 * src/match/event_fields.c
 *-------------------------------------------------------------------------
 */
#include "match/event_fields.h"

#include <string.h>

typedef struct FieldRun
{
	uint32_t	stamp;			/* event that the rest belongs to */
	int			count;
	int			start;			/* in by_field */
	int			outside;		/* values that are in no element */
} FieldRun;

/* The values in an array: those added from its beginning to its end. */
typedef struct ArraySpan
{
	int			begin;
	int			end;
} ArraySpan;

struct EventFields
{
	ArenaSource source;
	const PathTree *tree;
	EventRecode recode;			/* NULL: texts are UTF-8 */
	Arena	   *scratch;
	bool		scratch_used;
	uint32_t	stamp;

	int			value_count;
	int			value_room;
	FieldValue *values;
	int			by_field_room;
	int		   *by_field;		/* indexes of values, grouped by field */

	int			element_count;
	int			element_room;
	ArrayElement *elements;
	int			array_count;
	int			array_room;
	ArraySpan  *arrays;

	int			field_count;
	FieldRun   *runs;
	int			touched_count;
	int		   *touched;
};

EventFields *
respond_event_fields_create(const ArenaSource *source, const PathTree *tree)
{
	EventFields *event = source->allocate(source->owner, sizeof(EventFields));
	size_t		field_count = (size_t) respond_path_tree_field_count(tree);

	memset(event, 0, sizeof(*event));
	event->source = *source;
	event->tree = tree;
	event->scratch = respond_arena_create(source);
	event->field_count = (int) field_count;
	event->runs = source->allocate(source->owner, (field_count + 1) * sizeof(FieldRun));
	memset(event->runs, 0, (field_count + 1) * sizeof(FieldRun));
	event->touched = source->allocate(source->owner, (field_count + 1) * sizeof(int));
	return event;
}

void
respond_event_fields_destroy(EventFields *event)
{
	ArenaSource source = event->source;

	respond_arena_destroy(event->scratch);
	source.release(source.owner, event->runs);
	source.release(source.owner, event->touched);
	if (event->values != NULL)
		source.release(source.owner, event->values);
	if (event->by_field != NULL)
		source.release(source.owner, event->by_field);
	if (event->elements != NULL)
		source.release(source.owner, event->elements);
	if (event->arrays != NULL)
		source.release(source.owner, event->arrays);
	source.release(source.owner, event);
}

const PathTree *
respond_event_fields_tree(const EventFields *event)
{
	return event->tree;
}

void
respond_event_fields_set_recode(EventFields *event, EventRecode recode)
{
	event->recode = recode;
}

bool
respond_event_recodes(const EventFields *event)
{
	return event->recode != NULL;
}

const char *
respond_event_name(EventFields *event, const char *name, size_t *length)
{
	return event->recode(event, name, length);
}

void
respond_event_begin(EventFields *event)
{
	event->value_count = 0;
	event->element_count = 0;
	event->array_count = 0;
	event->touched_count = 0;
	if (event->scratch_used)
	{
		respond_arena_reset(event->scratch);
		event->scratch_used = false;
	}
	if (++event->stamp == 0)
	{
		/* After 2^32 events old stamps could be mistaken for new ones. */
		memset(event->runs, 0, ((size_t) event->field_count + 1) * sizeof(FieldRun));
		event->stamp = 1;
	}
}

/*
 * Doubles an array.  The room is noted last: the allocation may raise.
 */
static void
grow(EventFields *event, void **items, int count, int *room, size_t item_size)
{
	int			larger_room = *room == 0 ? 32 : *room * 2;
	void	   *larger = event->source.allocate(event->source.owner, (size_t) larger_room * item_size);

	if (*items != NULL)
	{
		memcpy(larger, *items, (size_t) count * item_size);
		event->source.release(event->source.owner, *items);
	}
	*items = larger;
	*room = larger_room;
}

static FieldValue *
append_value(EventFields *event, const PathNode *node, int element, FieldValueKind kind)
{
	FieldValue *value;
	FieldRun   *run = &event->runs[node->field];

	if (event->value_count == event->value_room)
		grow(event, (void **) &event->values, event->value_count, &event->value_room, sizeof(FieldValue));
	if (run->stamp != event->stamp)
	{
		run->stamp = event->stamp;
		run->count = 0;
		run->outside = 0;
		event->touched[event->touched_count++] = node->field;
	}
	run->count++;
	run->outside += element == NO_ELEMENT;
	value = &event->values[event->value_count++];
	value->kind = kind;
	value->field = node->field;
	value->element = element;
	return value;
}

void
respond_event_add(EventFields *event, const PathNode *node, int element, FieldValueKind kind)
{
	append_value(event, node, element, kind);
}

void
respond_event_add_number(EventFields *event, const PathNode *node, int element, double number)
{
	append_value(event, node, element, VALUE_NUMBER)->number = number;
}

void
respond_event_add_decimal(EventFields *event, const PathNode *node, int element, double number,
						  const char *spelling, size_t length)
{
	FieldValue *value = append_value(event, node, element, VALUE_DECIMAL);

	value->number = number;
	value->text = spelling;
	value->length = length;
}

void
respond_event_add_text(EventFields *event, const PathNode *node, int element,
					   FieldValueKind kind, const char *text, size_t length)
{
	FieldValue *value = append_value(event, node, element, kind);

	if (event->recode != NULL)
		text = event->recode(event, text, &length);
	value->text = text;
	value->length = length;
}

char *
respond_event_scratch(EventFields *event, size_t size)
{
	event->scratch_used = true;
	return respond_arena_alloc(event->scratch, size);
}

int
respond_event_begin_array(EventFields *event)
{
	if (event->array_count == event->array_room)
		grow(event, (void **) &event->arrays, event->array_count, &event->array_room, sizeof(ArraySpan));
	event->arrays[event->array_count].begin = event->value_count;
	return event->array_count++;
}

int
respond_event_enter_element(EventFields *event, int array, int enclosing)
{
	ArrayElement *element;

	if (event->element_count == event->element_room)
		grow(event, (void **) &event->elements, event->element_count, &event->element_room, sizeof(ArrayElement));
	element = &event->elements[event->element_count];
	element->parent = enclosing;
	element->depth = enclosing == NO_ELEMENT ? 0 : event->elements[enclosing].depth + 1;
	element->array = array;
	element->first_value = event->value_count;
	return event->element_count++;
}

void
respond_event_end_array(EventFields *event, int array)
{
	event->arrays[array].end = event->value_count;
}

void
respond_event_seal(EventFields *event)
{
	int			start = 0;

	while (event->by_field_room < event->value_count)
		grow(event, (void **) &event->by_field, 0, &event->by_field_room, sizeof(int));
	for (int i = 0; i < event->touched_count; i++)
	{
		FieldRun   *run = &event->runs[event->touched[i]];

		run->start = start;
		start += run->count;
		run->count = 0;
	}
	for (int i = 0; i < event->value_count; i++)
	{
		FieldRun   *run = &event->runs[event->values[i].field];

		event->by_field[run->start + run->count++] = i;
	}
}

const int *
respond_event_touched(const EventFields *event, int *count)
{
	*count = event->touched_count;
	return event->touched;
}

const int *
respond_event_values_of(const EventFields *event, int field, int *count)
{
	const FieldRun *run = &event->runs[field];

	if (run->stamp != event->stamp)
	{
		*count = 0;
		return NULL;
	}
	*count = run->count;
	return event->by_field + run->start;
}

const FieldValue *
respond_event_value(const EventFields *event, int value)
{
	return &event->values[value];
}

bool
respond_event_may_be_absent(const EventFields *event, int field)
{
	const FieldRun *run = &event->runs[field];

	return run->stamp != event->stamp || run->outside == 0;
}

bool
respond_event_has_elements(const EventFields *event)
{
	return event->element_count > 0;
}

bool
respond_event_agree(const EventFields *event, int chosen, int element, int *resume)
{
	const ArrayElement *elements = event->elements;

	if (chosen == NO_ELEMENT || element == NO_ELEMENT)
		return true;
	while (elements[chosen].depth > elements[element].depth)
		chosen = elements[chosen].parent;
	while (elements[element].depth > elements[chosen].depth)
		element = elements[element].parent;
	if (chosen == element)
		return true;
	while (elements[chosen].parent != elements[element].parent)
	{
		chosen = elements[chosen].parent;
		element = elements[element].parent;
	}
	if (elements[chosen].array != elements[element].array)
		return true;
	if (element < chosen)
		*resume = elements[chosen].first_value;
	else
		*resume = event->arrays[elements[chosen].array].end;
	return false;
}

int
respond_event_skip_to(const int *values, int from, int count, int value)
{
	while (from < count)
	{
		int			middle = from + (count - from) / 2;

		if (values[middle] < value)
			from = middle + 1;
		else
			count = middle;
	}
	return from;
}

int
respond_event_anchor(const EventFields *event, int element, const int *fields, int field_count)
{
	for (; element != NO_ELEMENT; element = event->elements[element].parent)
	{
		const ArraySpan *span = &event->arrays[event->elements[element].array];

		for (int i = 0; i < field_count; i++)
		{
			int			count;
			const int  *values = respond_event_values_of(event, fields[i], &count);
			int			first = respond_event_skip_to(values, 0, count, span->begin);

			if (first < count && values[first] < span->end)
				return element;
		}
	}
	return NO_ELEMENT;
}

bool
respond_event_shares_array(const EventFields *event, int field, int element)
{
	const ArraySpan *span;
	int			count;
	const int  *values = respond_event_values_of(event, field, &count);
	int			first;

	while (event->elements[element].parent != NO_ELEMENT)
		element = event->elements[element].parent;
	span = &event->arrays[event->elements[element].array];
	first = respond_event_skip_to(values, 0, count, span->begin);
	return first < count && values[first] < span->end;
}
