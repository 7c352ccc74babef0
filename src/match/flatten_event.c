/*-------------------------------------------------------------------------
 * flatten_event.c
 *	  An event, or any document, in the form that a matcher takes.
 *
 * src/match/flatten_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "event/event_roots.h"
#include "match/flatten_event.h"
#include "match/flatten_jsonb.h"
#include "match/flatten_number.h"

/* Where a member of the envelope goes, or NULL when no rule tests it. */
static const PathNode *
find_member(EventFields *event, const char *name)
{
	const PathTree *tree = respond_event_fields_tree(event);

	return respond_path_step(tree, respond_path_tree_root(tree), name, strlen(name), false);
}

static bool
is_wanted(const PathNode *node)
{
	return node != NULL && node->field >= 0;
}

static void
add_value(EventFields *event, const PathNode *node, const EventValue *value)
{
	const char *text = value->text;
	size_t		length;

	switch (value->kind)
	{
		case EVENT_VALUE_NUMBER:
			respond_flatten_integer(event, node, value->number);
			break;
		case EVENT_VALUE_TEXT:
			length = strlen(text);
			if (text == value->buffer)
				text = memcpy(respond_event_scratch(event, length), text, length);
			respond_event_add_text(event, node, NO_ELEMENT, VALUE_STRING, text, length);
			break;
		case EVENT_VALUE_DOCUMENT:
			respond_flatten_container(event, node, &value->document->root);
			break;
		case EVENT_VALUE_NONE:
			break;
	}
}

void
respond_flatten_event(EventFields *event, const Event *row)
{
	respond_event_begin(event);
	for (int root = 0; root < EVENT_ROOTS; root++)
	{
		const PathNode *node = find_member(event, respond_event_root_names[root]);
		EventValue	value;

		/* in the document other nodes may be wanted than this one */
		if (node == NULL || (root != EVENT_ROOT_DATA && !is_wanted(node)))
			continue;
		respond_event_root_read(row, root, &value);
		add_value(event, node, &value);
	}
	respond_event_seal(event);
}

void
respond_flatten_document(EventFields *event, const Jsonb *document)
{
	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("document must be a JSON object"),
				errhint("Pass an event, such as to_jsonb(event), or any object whose fields the pattern names."));
	respond_event_begin(event);
	respond_flatten_container(event, respond_path_tree_root(respond_event_fields_tree(event)), &document->root);
	respond_event_seal(event);
}
