/*-------------------------------------------------------------------------
 * flatten_event.c
 *	  An event, or any document, in the form that a matcher takes.
 *
 * src/match/flatten_event.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/timestamp.h"

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
add_text(EventFields *event, const char *name, const char *text)
{
	const PathNode *node = text != NULL ? find_member(event, name) : NULL;

	if (is_wanted(node))
		respond_event_add_text(event, node, NO_ELEMENT, VALUE_STRING, text, strlen(text));
}

static void
add_integer(EventFields *event, const char *name, int64 number)
{
	const PathNode *node = find_member(event, name);

	if (is_wanted(node))
		respond_flatten_integer(event, node, number);
}

static void
add_time(EventFields *event, const char *name, TimestampTz at)
{
	const PathNode *node = find_member(event, name);
	const int	utc = 0;
	char	   *text;

	if (!is_wanted(node))
		return;
	text = respond_event_scratch(event, MAXDATELEN + 1);
	JsonEncodeDateTime(text, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc);
	respond_event_add_text(event, node, NO_ELEMENT, VALUE_STRING, text, strlen(text));
}

void
respond_flatten_event(EventFields *event, const Event *row)
{
	respond_event_begin(event);
	add_integer(event, "id", row->id);
	add_text(event, "type", row->type);
	add_text(event, "source", row->source);
	add_text(event, "subject", row->subject);
	add_time(event, "time", row->time);
	add_text(event, "key", row->key);
	if (row->has_cause)
		add_integer(event, "cause", row->cause);
	add_integer(event, "depth", row->depth);
	add_text(event, "actor", row->actor);
	add_time(event, "recorded_at", row->recorded_at);
	if (row->data != NULL)
	{
		const PathNode *node = find_member(event, "data");

		if (node != NULL)
			respond_flatten_container(event, node, &row->data->root);
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
