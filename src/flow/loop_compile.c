/*-------------------------------------------------------------------------
 * loop_compile.c
 *	  Compiles action "foreach".
 *
 * src/flow/loop_compile.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "flow/action_foreach.h"
#include "flow/loop_code.h"
#include "flow/loop_compile.h"
#include "flow/parameter_compile.h"
#include "flow/step_fields.h"

pg_noreturn static void refuse(const FlowStep *step, const char *field, const char *fault, const char *hint);

static void
refuse(const FlowStep *step, const char *field, const char *fault, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s.%s: %s", step->place, field, fault),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static int
read_number(const FlowStep *step, const JsonValue *value, const char *field, int otherwise, int most)
{
	const JsonValue *number = respond_step_member(value, field);
	char	   *end;
	long		result;

	if (number == NULL)
		return otherwise;
	result = number->kind == JSON_KIND_NUMBER ? strtol(number->text, &end, 10) : 0;
	if (number->kind != JSON_KIND_NUMBER || *end != '\0' || result < 1 || result > most)
		refuse(step, field, psprintf("must be a whole number from 1 to %d", most), NULL);
	return (int) result;
}

/* Whether the second of two words is given; the first one is the default. */
static bool
read_choice(const FlowStep *step, const JsonValue *value, const char *field, const char *first, const char *second)
{
	const JsonValue *word = respond_step_member(value, field);

	if (word == NULL)
		return false;
	if (word->kind != JSON_KIND_STRING || (strcmp(word->text, first) != 0 && strcmp(word->text, second) != 0))
		refuse(step, field, psprintf("must be \"%s\" or \"%s\"", first, second), NULL);
	return strcmp(word->text, second) == 0;
}

/* A text without tags is a path. */
static const JsonTemplate *
read_items(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value)
{
	const JsonValue *items = respond_step_member(value, "items");
	JsonValue	tag;

	if (items == NULL)
		return NULL;
	if (items->kind != JSON_KIND_STRING && items->kind != JSON_KIND_ARRAY)
		refuse(step, "items", "must be an array, or the path of one", "Write \"data.lines\" or \"{{data.lines}}\".");
	if (items->kind == JSON_KIND_STRING && strstr(items->text, "{{") == NULL)
	{
		tag = *items;
		tag.text = psprintf("{{%s}}", items->text);
		tag.length = strlen(tag.text);
		items = &tag;
	}
	return respond_parameter_json(compiler, step->place, "items", items);
}

static bool
is_word(const char *text)
{
	if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z')))
		return false;
	for (; *text != '\0'; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
			  *text == '_'))
			return false;
	return true;
}

static void
check_free(const FlowCompiler *compiler, const FlowStep *step, const char *name)
{
	/* rules that were saved before there were calls keep the name */
	if (respond_run_root_find(name, strlen(name)) < RUN_ROOTS ||
		(compiler->check_sql && strcmp(name, CALLBACK_URL_ROOT) == 0))
		refuse(step, "as", psprintf("\"%s\" has a meaning already", name), NULL);
	for (const char *const *local = compiler->locals; local != NULL && *local != NULL; local++)
		if (strcmp(*local, name) == 0)
			refuse(step, "as", psprintf("\"%s\" has a meaning already, in the loop around it", name),
				   "Give the items of the two loops different names.");
}

static void
read_names(FlowCompiler *compiler, const FlowStep *step, const JsonValue *value, LoopCode *code)
{
	const JsonValue *as = respond_step_member(value, "as");
	const char *name = "item";
	char	   *index;

	if (as != NULL && (as->kind != JSON_KIND_STRING || as->length > FLOW_MAX_NAME - 6 || !is_word(as->text)))
		refuse(step, "as", "must be a name of letters, digits and \"_\"", NULL);
	if (as != NULL)
		name = as->text;
	index = psprintf("%s_index", name);
	check_free(compiler, step, name);
	check_free(compiler, step, index);
	code->as = respond_arena_copy(compiler->arena, name, strlen(name));
	code->index = respond_arena_copy(compiler->arena, index, strlen(index));
}

/* Those of the loops around it, and its own. */
static void
add_locals(FlowCompiler *compiler, LoopCode *code)
{
	const char **locals = respond_arena_alloc_zero(compiler->arena, sizeof(char *) * (2 * FLOW_MAX_LOOPS + 1));
	int			count = 0;

	for (const char *const *local = compiler->locals; local != NULL && *local != NULL; local++)
		locals[count++] = *local;
	locals[count++] = code->as;
	locals[count++] = code->index;
	code->locals = locals;
}

static void
compile_steps(FlowCompiler *compiler, const FlowStep *step, const JsonValue *steps, LoopCode *code)
{
	const char *const *outside = compiler->locals;
	char	   *place = psprintf("%s.steps", step->place);

	if (steps == NULL)
		refuse(step, "steps", "is missing", NULL);
	if (steps->kind == JSON_KIND_ARRAY && steps->count == 0)
		refuse(step, "steps", "there is no step", NULL);
	code->part.place = respond_arena_copy(compiler->arena, place, strlen(place));
	compiler->locals = code->locals;
	compiler->loops++;
	compiler->compile_part(compiler, &code->part, steps);
	compiler->loops--;
	compiler->locals = outside;
	code->may_pause = respond_part_may_pause(&code->part);
}

void
respond_foreach_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step)
{
	LoopCode   *code = respond_arena_alloc_zero(compiler->arena, sizeof(LoopCode));

	check_stack_depth();
	if (compiler->loops >= FLOW_MAX_LOOPS)
		refuse(step, "action", psprintf("more than %d loops are inside each other", FLOW_MAX_LOOPS),
			   "Let the inner ones be steps of another rule, and call it.");
	read_names(compiler, step, value, code);
	add_locals(compiler, code);
	code->items = read_items(compiler, step, value);
	/* a dry run knows nothing of rows */
	if (code->items == NULL)
		compiler->flow->roots |= (uint32) 1 << RUN_ROOT_STEPS;
	code->parallel = read_choice(step, value, "mode", "serial", "parallel");
	code->continues = read_choice(step, value, "on_item_failure", "stop", "continue");
	code->concurrency = read_number(step, value, "concurrency", 10, LOOP_MAX_CONCURRENCY);
	code->batch = read_number(step, value, "batch", 1, LOOP_MAX_BATCH);
	if (!code->parallel && step->parameters[FOREACH_CONCURRENCY].given)
		refuse(step, "concurrency", "goes with \"mode\": \"parallel\"", NULL);
	code->begin_run = respond_foreach_begin_run;
	compile_steps(compiler, step, respond_step_member(value, "steps"), code);
	step->code = code;
}
