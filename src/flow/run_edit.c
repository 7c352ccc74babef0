/*-------------------------------------------------------------------------
 * run_edit.c
 *	  Changing a saved run without taking it up.
 *
 * src/flow/run_edit.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonb_push.h"
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

Jsonb *
respond_run_member(Jsonb *saved, const char *name)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&saved->root, name, strlen(name), &value) == NULL)
		return NULL;
	return JsonbValueToJsonb(&value);
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

static bool
has_step(const Flow *flow, const JsonbValue *entry)
{
	JsonbValue	name;

	if (entry->type != jbvBinary || !JsonContainerIsObject(entry->val.binary.data) ||
		getKeyJsonValueFromContainer(entry->val.binary.data, "step", strlen("step"), &name) == NULL ||
		name.type != jbvString)
		return false;
	for (int i = 0; i < FLOW_PARTS; i++)
	{
		const FlowStep *step = respond_run_find_step(&flow->parts[i], pnstrdup(name.val.string.val,
																			   name.val.string.len));

		if (step != NULL && step->name != NULL)
			return true;
	}
	return false;
}

/* What steps gave that the flow has; NULL: nothing. */
static Jsonb *
keep_results(Jsonb *saved, const Flow *flow)
{
	Jsonb	   *chain = respond_run_member(saved, "chain");
	JsonbParseState *state = NULL;

	if (chain == NULL || !JB_ROOT_IS_ARRAY(chain))
		return NULL;
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 i = 0; i < JB_ROOT_COUNT(chain); i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(&chain->root, i);

		if (has_step(flow, entry))
			pushJsonbValue(&state, WJB_ELEM, entry);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

Jsonb *
respond_run_turn_back(Jsonb *saved, const Flow *flow, int32 version, const FlowStep *step)
{
	const Edit	edits[] = {
		{"version", number(version)},
		{"at", make_position(&flow->parts[FLOW_STEPS], step)},
		{"chain", keep_results(saved, flow)},
		{"caused", NULL}, {"executed", NULL}, {"pause", NULL}, {"heard", NULL}, {"kept", NULL}, {"beginning", NULL},
		{"failure", NULL}, {"first_failure", NULL}
	};

	return edit(saved, edits, lengthof(edits));
}

char *
respond_run_failed_step(Jsonb *saved)
{
	Jsonb	   *failure = respond_run_member(saved, "first_failure");
	JsonbValue	step;

	if (failure != NULL && JB_ROOT_IS_OBJECT(failure) &&
		getKeyJsonValueFromContainer(&failure->root, "step", strlen("step"), &step) != NULL &&
		step.type == jbvString)
		return pnstrdup(step.val.string.val, step.val.string.len);
	return respond_run_step(saved);
}
