/*-------------------------------------------------------------------------
 * place_code.c
 *	  How many runs of a rule may be under way at once: its column concurrency.
 *
 * src/flow/place_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/memutils.h"
#include "utils/numeric.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "event/event_check.h"
#include "flow/flow_context.h"
#include "flow/parameter_compile.h"
#include "flow/place_code.h"
#include "flow/run_restore.h"
#include "flow/step_fields.h"

struct PlaceCode
{
	const Template *key;		/* NULL: all runs of the rule have one */
	PlaceWhenFull when_full;
};

pg_noreturn static void refuse(const char *place, const char *fault);

static void
refuse(const char *place, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", place, fault),
			 errhint("Write {\"limit\": 1}, with \"key\", a template, and \"when_full\", which is \"queue\","
					 " \"drop\" or \"cancel_oldest\".")));
}

static void
check_members(const JsonValue *value)
{
	static const char *const names[] = {"key", "limit", "when_full"};

	if (value->kind != JSON_KIND_OBJECT)
		refuse("concurrency", "must be an object");
	for (size_t i = 0; i < value->count; i++)
	{
		bool		known = false;

		for (int j = 0; j < lengthof(names); j++)
			known |= strcmp(value->members[i].name, names[j]) == 0;
		if (!known)
			refuse(psprintf("concurrency.%s", value->members[i].name), "there is no such field");
	}
}

static void
check_limit(const JsonValue *value)
{
	char	   *end;
	long		limit;

	if (value == NULL)
		refuse("concurrency.limit", "is missing");
	limit = value->kind == JSON_KIND_NUMBER ? strtol(value->text, &end, 10) : 0;
	if (value->kind != JSON_KIND_NUMBER || *end != '\0' || limit < 1 || limit > PLACE_MAX_LIMIT)
		refuse("concurrency.limit", psprintf("must be a whole number from 1 to %d", PLACE_MAX_LIMIT));
}

static PlaceWhenFull
read_when_full(const JsonValue *value)
{
	static const char *const words[] = {"queue", "drop", "cancel_oldest"};

	if (value == NULL)
		return PLACE_QUEUE;
	for (int i = 0; i < lengthof(words); i++)
		if (value->kind == JSON_KIND_STRING && strcmp(value->text, words[i]) == 0)
			return i;
	refuse("concurrency.when_full", "must be \"queue\", \"drop\" or \"cancel_oldest\"");
}

static const Template *
read_key(FlowCompiler *compiler, const JsonValue *value)
{
	if (value == NULL)
		return NULL;
	if (value->kind == JSON_KIND_STRING && value->length == 0)
		refuse("concurrency.key", "is empty");
	return respond_parameter_text(compiler, "concurrency", "key", value);
}

void
respond_place_compile(FlowCompiler *compiler, const JsonValue *value)
{
	struct PlaceCode *code = respond_arena_alloc_zero(compiler->arena, sizeof(struct PlaceCode));

	check_members(value);
	check_limit(respond_step_member(value, "limit"));
	code->when_full = read_when_full(respond_step_member(value, "when_full"));
	code->key = read_key(compiler, respond_step_member(value, "key"));
	compiler->flow->places = code;
}

bool
respond_place_is_needed(const Flow *flow)
{
	return flow->places != NULL && flow->parts[FLOW_STEPS].count > 0;
}

PlaceWhenFull
respond_place_when_full(const Flow *flow)
{
	return flow->places != NULL ? flow->places->when_full : PLACE_QUEUE;
}

static void
check_key(const char *key)
{
	if (key[0] != '\0' && strlen(key) <= RESPOND_MAX_KEY)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("concurrency.key: the key of this run %s", key[0] == '\0' ? "is empty" : "is too long"),
			 errdetail("It must have from 1 to %d bytes.", RESPOND_MAX_KEY)));
}

char *
respond_place_key(Flow *flow, FlowRun *run, Jsonb *saved)
{
	MemoryContext caller = CurrentMemoryContext;
	FlowMachine machine;
	TemplateValue root;
	char	   *key;

	if (flow->places == NULL || flow->places->key == NULL)
		return pstrdup("");
	respond_run_restore(&machine, flow, run, saved);
	root = respond_context_root(&machine);
	key = respond_template_render_cstring(flow->places->key, &root, TEMPLATE_ESCAPE_NONE, NULL);
	check_key(key);
	key = MemoryContextStrdup(caller, key);
	respond_machine_close(&machine);
	return key;
}

int
respond_place_limit(const Jsonb *concurrency)
{
	JsonbValue	value;
	char	   *text;
	char	   *end;
	long		limit;

	if (concurrency == NULL || !JB_ROOT_IS_OBJECT(concurrency) ||
		getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &concurrency->root), "limit", strlen("limit"),
									 &value) == NULL || value.type != jbvNumeric)
		return INT_MAX;
	text = numeric_normalize(value.val.numeric);
	limit = strtol(text, &end, 10);
	return *end != '\0' || limit < 1 || limit > PLACE_MAX_LIMIT ? INT_MAX : limit;
}
