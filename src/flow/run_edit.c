/*-------------------------------------------------------------------------
 * run_edit.c
 *	  Changing a saved run without taking it up.
 *
 * src/flow/run_edit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/pg_compat.h"
#include "flow/run_edit.h"
#include "flow/run_peek.h"

static bool
is_name(const JsonbValue *key, const char *name)
{
	return key->val.string.len == strlen(name) && memcmp(key->val.string.val, name, strlen(name)) == 0;
}

/* Members that are to be changed; value NULL: to be left out. */
typedef struct Edit
{
	const char *name;
	Jsonb	   *value;
} Edit;

static const Edit *
find_edit(const JsonbValue *key, const Edit *edits, int count)
{
	for (int i = 0; i < count; i++)
		if (is_name(key, edits[i].name))
			return &edits[i];
	return NULL;
}

static Jsonb *
edit(Jsonb *saved, const Edit *edits, int count)
{
	JsonbIterator *iterator = JsonbIteratorInit(&saved->root);
	JsonbParseState *state = NULL;
	JsonbIteratorToken token;
	JsonbValue	item;
	bool		keeps = true;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			keeps = find_edit(&item, edits, count) == NULL;
		if (keeps && (token == WJB_KEY || token == WJB_VALUE))
			pushJsonbValue(&state, token, &item);
	}
	for (int i = 0; i < count; i++)
		if (edits[i].value != NULL)
			respond_jsonb_push_jsonb(&state, edits[i].name, edits[i].value);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

Jsonb *
respond_run_set_member(Jsonb *saved, const char *name, Jsonb *value)
{
	Edit		change = {name, value};

	return edit(saved, &change, 1);
}

const FlowStep *
respond_run_find_step(const FlowPart *part, const char *label)
{
	for (int i = 0; i < part->count; i++)
	{
		const FlowStep *step = &part->steps[i];

		if (strcmp(step->name != NULL ? step->name : step->place, label) == 0)
			return step;
	}
	return NULL;
}

static Jsonb *
number(int64 value)
{
	JsonbValue	scalar = {.type = jbvNumeric};

	scalar.val.numeric = int64_to_numeric(value);
	return JsonbValueToJsonb(&scalar);
}

static Jsonb *
text_of(const char *text)
{
	JsonbValue	scalar = {.type = jbvString};

	scalar.val.string.val = unconstify(char *, text);
	scalar.val.string.len = strlen(text);
	return JsonbValueToJsonb(&scalar);
}

static bool
is_in_list(const List *list, const char *text)
{
	ListCell   *cell;

	foreach(cell, list)
		if (strcmp(lfirst(cell), text) == 0)
			return true;
	return false;
}

/* As run_save.c writes the place of the run. */
static Jsonb *
make_position(const FlowPart *part, const FlowStep *step)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "part", part->place);
	if (step->name != NULL)
		respond_jsonb_push_text(&state, "step", step->name);
	else
		respond_jsonb_push_int64(&state, "step", step - part->steps);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/* The new name of a step; names NULL: its own. */
static char *
rename_step(Jsonb *names, char *name)
{
	char	   *renamed = respond_jsonb_find_text(respond_jsonb_root(names), name);

	return renamed != NULL ? renamed : name;
}

static bool
has_named_step(const Flow *flow, const char *name)
{
	for (int i = 0; i < FLOW_PARTS; i++)
	{
		const FlowStep *step = respond_run_find_step(&flow->parts[i], name);

		if (step != NULL && step->name != NULL)
			return true;
	}
	return false;
}

/* Name of the step whose result this is; NULL: it is not in order. */
static char *
result_name(const JsonbValue *entry)
{
	return entry->type == jbvBinary ? respond_jsonb_find_text(entry->val.binary.data, "step") : NULL;
}

/* What steps gave that the flow has; NULL: nothing. */
static Jsonb *
keep_results(Jsonb *saved, const Flow *flow, Jsonb *names)
{
	Jsonb	   *chain = respond_jsonb_find_member(&saved->root, "chain");
	JsonbParseState *state = NULL;
	List	   *kept = NIL;

	if (chain == NULL || !JB_ROOT_IS_ARRAY(chain))
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < JB_ROOT_COUNT(chain); i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(&chain->root, i);
		char	   *old = result_name(entry);
		char	   *name = old != NULL ? rename_step(names, old) : NULL;
		Jsonb	   *renamed;
		JsonbValue	value;

		if (name == NULL || !has_named_step(flow, name) || is_in_list(kept, name))
			continue;
		kept = lappend(kept, name);
		renamed = respond_run_set_member(JsonbValueToJsonb(entry), "step", text_of(name));
		value.type = jbvBinary;
		value.val.binary.data = &renamed->root;
		value.val.binary.len = VARSIZE(renamed) - VARHDRSZ;
		pushJsonbValue(&state, WJB_ELEM, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/* Waits that the run may come to again; those without a name hear from now on. */
static Jsonb *
keep_visited(Jsonb *saved, const FlowPart *part, Jsonb *names)
{
	Jsonb	   *visited = respond_jsonb_find_member(&saved->root, "heard");
	JsonbParseState *state = NULL;

	if (visited == NULL || !JB_ROOT_IS_ARRAY(visited))
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < JB_ROOT_COUNT(visited); i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(&visited->root, i);
		char	   *name;

		if (entry->type != jbvString)
			continue;
		name = rename_step(names, pnstrdup(entry->val.string.val, entry->val.string.len));
		if (respond_run_find_step(part, name) != NULL)
			respond_jsonb_push_text_element(&state, name);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
respond_run_put_over(Jsonb *saved, const Flow *flow, const FlowPart *part, const FlowStep *step, int32 version,
					 Jsonb *names)
{
	const Edit	edits[] = {
		{"version", number(version)},
		{"at", make_position(part, step)},
		{"chain", keep_results(saved, flow, names)},
		{"heard", keep_visited(saved, part, names)}
	};

	return edit(saved, edits, lengthof(edits));
}

Jsonb *
respond_run_turn_back(Jsonb *saved, const Flow *flow, int32 version, const FlowStep *step)
{
	const Edit	edits[] = {
		{"version", number(version)},
		{"at", make_position(&flow->parts[FLOW_STEPS], step)},
		{"chain", keep_results(saved, flow, NULL)},
		{"caused", NULL}, {"executed", NULL}, {"pause", NULL}, {"heard", NULL}, {"kept", NULL}, {"ended", NULL},
		{"beginning", NULL},
		{"failure", NULL}, {"first_failure", NULL}
	};

	return edit(saved, edits, lengthof(edits));
}

char *
respond_run_failed_step(Jsonb *saved)
{
	char	   *step = respond_jsonb_find_text(respond_jsonb_find_container(&saved->root, "first_failure"), "step");

	return step != NULL ? step : respond_run_step(saved);
}
