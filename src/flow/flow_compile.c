/*-------------------------------------------------------------------------
 * flow_compile.c
 *	  Compiles the steps of a rule.
 *
 * Names and jumps are settled when all steps are known: a step may jump ahead.
 * Names are unique over all arrays of steps of a rule, because all write to
 * one data chain; jumps stay within their own array.
 *
 * src/flow/flow_compile.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/zone_read.h"
#include "flow/cancel_code.h"
#include "flow/flow_code.h"
#include "flow/flow_compile.h"
#include "flow/loop_code.h"
#include "flow/own_events.h"
#include "flow/place_code.h"
#include "flow/step_compile.h"

PG_FUNCTION_INFO_V1(respond_check_steps);

/* Where a name was given. */
/* Columns of respond.rule. */
static const char *const part_places[FLOW_PARTS] = {"steps", "on_failure", "on_cancel"};

typedef struct NamedStep
{
	char		name[FLOW_MAX_NAME + 1];	/* hash key */
	const char *place;
	FlowPart   *part;
	int			index;
} NamedStep;

static HTAB *
create_names(long expected)
{
	HASHCTL		control = {.keysize = FLOW_MAX_NAME + 1,.entrysize = sizeof(NamedStep),
	.hcxt = CurrentMemoryContext};

	return hash_create("names of steps", expected, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
compile_array(FlowCompiler *compiler, FlowPart *part, const JsonValue *array)
{
	if (array->kind != JSON_KIND_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: must be an array of steps", part->place),
				 errhint("A step looks like {\"action\": \"log\", \"message\": \"...\"}.")));
	if (array->count > FLOW_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s: there are %zu steps; at most %d are allowed", part->place,
						array->count, FLOW_MAX_STEPS),
				 errhint("Emit an event and let another rule continue.")));
	part->steps = respond_arena_alloc_zero(compiler->arena, sizeof(FlowStep) * (array->count + 1));
	for (size_t i = 0; i < array->count; i++)
	{
		char	   *place = psprintf("%s[%zu]", part->place, i);

		respond_step_compile(compiler, respond_arena_copy(compiler->arena, place, strlen(place)),
							 array->items[i], &part->steps[i]);
		part->count++;
	}
}

static void
compile_part(FlowCompiler *compiler, FlowPart *part, Jsonb *steps, Arena *scratch)
{
	if (steps != NULL)
		compile_array(compiler, part, respond_json_value_from_jsonb(scratch, steps));
}

static void
collect_names(HTAB *names, FlowPart *part)
{
	for (int i = 0; i < part->count; i++)
	{
		FlowStep   *step = &part->steps[i];
		const LoopCode *loop = respond_loop_code(step);
		NamedStep  *named;
		bool		found;

		if (loop != NULL)
			collect_names(names, unconstify(FlowPart *, &loop->part));
		if (step->name == NULL)
			continue;
		named = hash_search(names, step->name, HASH_ENTER, &found);
		if (found)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_INVALID_RULE),
					 errmsg("%s.name: \"%s\" is already the name of %s", step->place, step->name, named->place),
					 errhint("Give each step a name of its own.")));
		named->place = step->place;
		named->part = part;
		named->index = i;
	}
}

static char *
list_names(const FlowPart *part)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < part->count && list.len < 500; i++)
		if (part->steps[i].name != NULL)
			appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "", part->steps[i].name);
	return list.data;
}

static int
resolve_target(HTAB *names, FlowPart *part, const FlowStep *step, const char *field, const char *target)
{
	NamedStep  *named = NULL;

	if (strcmp(target, FLOW_STOP_NAME) == 0)
		return FLOW_STOP;
	if (strlen(target) <= FLOW_MAX_NAME)
		named = hash_search(names, target, HASH_FIND, NULL);
	if (named == NULL)
	{
		char	   *known = list_names(part);

		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: there is no step named \"%s\"", step->place, field, target),
				 known[0] != '\0' ? errhint("The steps to choose from are: %s, and \"stop\".", known) :
				 errhint("Give the target step a \"name\".")));
	}
	if (named->part != part)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: step \"%s\" is in another array (%s)", step->place, field, target, named->place),
				 errhint("A step can only go to steps of its own array, or to \"stop\".")));
	return named->index;
}

static void
resolve_targets(HTAB *names, FlowPart *part)
{
	for (int i = 0; i < part->count; i++)
	{
		FlowStep   *step = &part->steps[i];

		for (FlowTarget *target = step->targets; target != NULL; target = target->next)
			target->index = resolve_target(names, part, step, target->field, target->name);
		if (respond_loop_code(step) != NULL)
			resolve_targets(names, unconstify(FlowPart *, &respond_loop_code(step)->part));
	}
}

Flow *
respond_flow_compile(const FlowSource *source, bool check_sql, MemoryContext context)
{
	MemoryContext scratch_context = AllocSetContextCreate(CurrentMemoryContext,
														  "pg_respond steps", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(scratch_context);
	Arena	   *scratch = respond_arena_create_in(scratch_context);
	FlowCompiler compiler = {.arena = respond_arena_create_in(context),.check_sql = check_sql,
	.compile_part = compile_array};
	Flow	   *flow = respond_arena_alloc_zero(compiler.arena, sizeof(Flow));
	Jsonb	   *const documents[FLOW_PARTS] = {source->steps, source->on_failure, source->on_cancel};
	HTAB	   *names;
	long		count = 0;

	compiler.flow = flow;
	flow->context = context;
	flow->owner = source->owner;
	flow->timezone = respond_zone_read("timezone", source->timezone != NULL ? source->timezone : "UTC");
	for (int i = 0; i < FLOW_PARTS; i++)
	{
		flow->parts[i].place = part_places[i];
		compile_part(&compiler, &flow->parts[i], documents[i], scratch);
		count += flow->parts[i].count;
	}
	if (source->cancel_on != NULL)
		respond_cancel_compile(&compiler, respond_json_value_from_jsonb(scratch, source->cancel_on));
	if (source->concurrency != NULL)
		respond_place_compile(&compiler, respond_json_value_from_jsonb(scratch, source->concurrency));

	names = create_names(count);
	for (int i = 0; i < FLOW_PARTS; i++)
		collect_names(names, &flow->parts[i]);
	for (int i = 0; i < FLOW_PARTS; i++)
		resolve_targets(names, &flow->parts[i]);
	flow->may_wait = flow->cancel != NULL || flow->places != NULL;
	for (int i = 0; i < FLOW_PARTS; i++)
		flow->may_wait |= respond_part_may_pause(&flow->parts[i]);
	respond_own_events_compile(flow);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(scratch_context);
	return flow;
}

bool
respond_flow_may_wait(const Flow *flow)
{
	return flow->may_wait;
}

/*
 * check_steps(steps jsonb, on_failure jsonb) → true, or the error that saving a
 * rule with these steps would give; SQL is parsed as the current user.
 */
Datum
respond_check_steps(PG_FUNCTION_ARGS)
{
	FlowSource	source = {0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	source.steps = PG_GETARG_JSONB_P(0);
	if (!PG_ARGISNULL(1))
		source.on_failure = PG_GETARG_JSONB_P(1);
	source.owner = GetUserId();
	respond_flow_compile(&source, true, CurrentMemoryContext);
	PG_RETURN_BOOL(true);
}
