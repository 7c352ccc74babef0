/*-------------------------------------------------------------------------
 * event_fields.h
 *	  One event, flattened to the values at the paths that rules test.
 *
 * A source (flatten_jsonb.c, or a test) walks a document along the path tree
 * in document order and adds the scalars it meets.  Arrays leave no trace in
 * the path; instead a value remembers the innermost element (an object or an
 * array inside an array) that it came from.  Two values agree when no array
 * gives them different elements; an alternative may only use values that
 * agree with each other.  A scalar directly in an array belongs to no element
 * of that array, as in event-ruler.
 *
 * Texts are not copied: they must stay until the next event begins.
 *
 * src/match/event_fields.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_FIELDS_H
#define RESPOND_EVENT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "match/path_tree.h"

#define NO_ELEMENT		(-1)

typedef enum FieldValueKind
{
	VALUE_NULL,
	VALUE_FALSE,
	VALUE_TRUE,
	VALUE_NUMBER,				/* plain, see number.h */
	VALUE_DECIMAL,				/* any other number, with its spelling as text */
	VALUE_STRING
} FieldValueKind;

typedef struct FieldValue
{
	FieldValueKind kind;
	int			field;
	int			element;		/* innermost element, or NO_ELEMENT */
	double		number;
	const char *text;			/* not terminated */
	size_t		length;
} FieldValue;

typedef struct ArrayElement
{
	int			parent;			/* enclosing element, or NO_ELEMENT */
	int			depth;			/* number of enclosing elements */
	int			array;			/* number of the array in this event */
	int			first_value;	/* values added before this element began */
} ArrayElement;

typedef struct EventFields EventFields;

extern EventFields *respond_event_fields_create(const ArenaSource *source, const PathTree *tree);
extern void respond_event_fields_destroy(EventFields *event);
extern const PathTree *respond_event_fields_tree(const EventFields *event);

/*
 * Texts and names of events that are not UTF-8: what makes them so.  The result
 * lives as long as the event.  NULL, the default: they are.
 */
typedef const char *(*EventRecode) (EventFields *event, const char *text, size_t *length);
extern void respond_event_fields_set_recode(EventFields *event, EventRecode recode);
extern bool respond_event_recodes(const EventFields *event);
/* A name of a member, as the paths of rules have it; called only where there is something to recode. */
extern const char *respond_event_name(EventFields *event, const char *name, size_t *length);

/* Forgets the former event. */
extern void respond_event_begin(EventFields *event);

/* Adds a scalar at a node whose field is not -1. */
extern void respond_event_add(EventFields *event, const PathNode *node, int element, FieldValueKind kind);
extern void respond_event_add_number(EventFields *event, const PathNode *node, int element, double number);
/* A number that is not plain: its spelling and what it is rounded to. */
extern void respond_event_add_decimal(EventFields *event, const PathNode *node, int element, double number,
									  const char *spelling, size_t length);
extern void respond_event_add_text(EventFields *event, const PathNode *node, int element,
								   FieldValueKind kind, const char *text, size_t length);

/* Memory for texts that live as long as the event. */
extern char *respond_event_scratch(EventFields *event, size_t size);

/*
 * Arrays: begin, enter each element that is an object or an array (before its
 * values are added), end.  begin returns the array's number, enter the
 * element's.
 */
extern int	respond_event_begin_array(EventFields *event);
extern int	respond_event_enter_element(EventFields *event, int array, int enclosing);
extern void respond_event_end_array(EventFields *event, int array);

/* Makes the values readable by field; nothing may be added afterwards. */
extern void respond_event_seal(EventFields *event);

/* Numbers of the fields that have values, in no order. */
extern const int *respond_event_touched(const EventFields *event, int *count);

/* Indexes of a field's values, ascending, and the values themselves. */
extern const int *respond_event_values_of(const EventFields *event, int field, int *count);
extern const FieldValue *respond_event_value(const EventFields *event, int value);

/* Could a rule see this field as absent: has it no value outside of elements? */
extern bool respond_event_may_be_absent(const EventFields *event, int field);
extern bool respond_event_has_elements(const EventFields *event);

/*
 * Do values of two elements agree?  If not, *resume is the index of the first
 * value behind `value` that may agree with `chosen`, where `element` is the
 * element of `value`.
 */
extern bool respond_event_agree(const EventFields *event, int chosen, int element, int *resume);

/*
 * The innermost element, from the given one outwards, of an array in which one
 * of the fields has values; NO_ELEMENT if there is none.  Elements with the
 * same one agree and disagree with the same values of these fields.
 */
extern int	respond_event_anchor(const EventFields *event, int element, const int *fields, int field_count);

/* Has the field values in the outermost array around an element? */
extern bool respond_event_shares_array(const EventFields *event, int field, int element);

/* First position in values, from `from`, whose value is at or behind `value`. */
extern int	respond_event_skip_to(const int *values, int from, int count, int value);

#endif							/* RESPOND_EVENT_FIELDS_H */
