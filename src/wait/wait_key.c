/*-------------------------------------------------------------------------
 * wait_key.c
 *	  The field of an awaited event that has to be the key of a wait.
 *
 * The path is a template of one tag.  Only the root that it names is read from
 * the event.
 *
 * src/wait/wait_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "event/event_roots.h"
#include "match/hash.h"
#include "template/template_jsonb.h"
#include "wait/wait_key.h"

PG_FUNCTION_INFO_V1(respond_wait_key_hash_sql);

struct WaitKey
{
	Template   *template;
	EventRoot	root;
	bool		below_event;	/* it is written as event.subject, event.data.x */
};

/* What the path names; filled for its only tag. */
typedef struct PathRoots
{
	EventRoot	root;
	bool		below_event;
	bool		filtered;
	bool		whole;			/* the field as a whole */
} PathRoots;

static bool
is_event(const TemplatePathUse *use)
{
	return use->root_length == strlen("event") && memcmp(use->root, "event", use->root_length) == 0;
}

static void
note_path(void *state, const TemplatePathUse *use)
{
	PathRoots  *roots = state;

	roots->filtered = use->filtered;
	roots->below_event = is_event(use) && use->second != NULL;
	if (roots->below_event)
		roots->root = respond_event_root_find(use->second, use->second_length);
	else
		roots->root = respond_event_root_find(use->root, use->root_length);
	roots->whole = roots->below_event ? use->third == NULL : use->whole;
}

pg_noreturn static void
refuse(const char *owner, const char *path, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: \"%s\" %s", owner, path, why),
			 errhint("Write the path of a field of the awaited event, such as subject or data.payment_id.")));
}

WaitKey *
respond_wait_key_compile(MemoryContext context, const char *path, const char *owner)
{
	WaitKey    *key = MemoryContextAllocZero(context, sizeof(WaitKey));
	char	   *tag = psprintf("{{{%s}}}", path);
	PathRoots	roots = {EVENT_ROOTS};

	key->template = respond_template_compile_in(context, tag, strlen(tag), owner);
	if (!respond_template_is_single_tag(key->template))
		refuse(owner, path, "is not the path of one field");
	respond_template_each_path(key->template, note_path, &roots);
	if (roots.filtered)
		refuse(owner, path, "has a filter");
	if (roots.root == EVENT_ROOTS)
		refuse(owner, path, "does not begin with a field of events");
	if (roots.root == EVENT_ROOT_DATA && roots.whole)
		refuse(owner, path, "is no single value");
	key->root = roots.root;
	key->below_event = roots.below_event;
	pfree(tag);
	return key;
}

static TemplateValue
find_value(const WaitKey *key, const Event *event)
{
	TemplateRoot field = {respond_event_root_names[key->root], respond_event_root_value(event, key->root)};
	TemplateRoots fields = {1, &field};
	TemplateRoot whole = {"event", respond_template_from_roots(&fields)};
	TemplateRoots wholes = {1, &whole};
	TemplateValue root = respond_template_from_roots(key->below_event ? &wholes : &fields);

	return respond_template_resolve(key->template, &respond_template_jsonb_source, &root);
}

static char *
value_text(const TemplateValue *value)
{
	TemplateOutput output;

	respond_template_begin_output(&output, 0);
	respond_template_write_value(&respond_template_jsonb_source, value, &output);
	/* a number of so many digits that nobody renders it as a key either */
	if (output.status != TEMPLATE_OK || output.length == 0)
		return NULL;
	return pnstrdup(output.data, output.length);
}

static char *
key_of(const TemplateValue *value)
{
	switch (value->kind)
	{
		case TEMPLATE_STRING:
			return value->count > 0 ? pnstrdup(value->reference, value->count) : NULL;
		case TEMPLATE_BOOLEAN:
		case TEMPLATE_NUMBER:
			return value_text(value);
		default:
			return NULL;
	}
}

char *
respond_wait_key_read(const WaitKey *key, const Event *event)
{
	TemplateValue value = find_value(key, event);

	return key_of(&value);
}

int64
respond_wait_key_hash(const char *key)
{
	return (int64) respond_hash_bytes(0, key, strlen(key));
}

typedef struct Candidates
{
	int64	   *hashes;
	int			count;
	int			limit;
} Candidates;

static void
add_candidate(Candidates *candidates, TemplateValue value)
{
	char	   *key = candidates->count < candidates->limit ? key_of(&value) : NULL;

	if (key == NULL)
		return;
	candidates->hashes[candidates->count++] = respond_wait_key_hash(key);
	pfree(key);
}

static void
add_scalar(Candidates *candidates, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			add_candidate(candidates, respond_template_from_text(value->val.string.val, value->val.string.len));
			break;
		case jbvNumeric:
			add_candidate(candidates, respond_template_from_numeric(value->val.numeric));
			break;
		case jbvBool:
			add_candidate(candidates, respond_template_from_boolean(value->val.boolean));
			break;
		default:
			break;
	}
}

int64 *
respond_wait_key_candidates(const Event *event, int limit, int *count)
{
	Candidates	candidates = {palloc(sizeof(int64) * limit), 0, limit};
	JsonbIterator *iterator = JsonbIteratorInit(&event->data->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	for (EventRoot root = 0; root < EVENT_ROOTS; root++)
		add_candidate(&candidates, respond_event_root_value(event, root));
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE && candidates.count < limit)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_VALUE || token == WJB_ELEM)
			add_scalar(&candidates, &value);
	}
	*count = candidates.count;
	return candidates.hashes;
}

/* wait_key_hash(key text) → bigint, for rows of another machine or encoding. */
Datum
respond_wait_key_hash_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(respond_wait_key_hash(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
