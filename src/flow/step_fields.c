/*-------------------------------------------------------------------------
 * step_fields.c
 *	  The fields of a step.
 *
 * src/flow/step_fields.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "flow/step_fields.h"

static const char *const common_fields[] =
{"action", "name", "if", "on_success", "on_failure", "max_attempts", "retry_after", "timeout"};

bool
respond_step_is_common_field(const char *name)
{
	for (int i = 0; i < lengthof(common_fields); i++)
		if (strcmp(common_fields[i], name) == 0)
			return true;
	return false;
}

const char *
respond_step_common_fields(void)
{
	return "action, name, if, on_success, on_failure, max_attempts, retry_after, timeout";
}

const JsonValue *
respond_step_member(const JsonValue *object, const char *name)
{
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].name, name) == 0)
			return object->members[i].value;
	return NULL;
}

FlowTarget *
respond_step_add_target(FlowCompiler *compiler, FlowStep *step, const char *field, const JsonValue *value)
{
	FlowTarget *target;

	if (value == NULL)
		return NULL;
	if (value->kind != JSON_KIND_STRING)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("%s.%s: must be the name of a step, or \"stop\"", step->place, field),
				 strcmp(field, "on_failure") == 0 && value->kind == JSON_KIND_ARRAY ?
				 errhint("Steps to run after a failure go into the rule's column \"on_failure\".") : 0));
	target = respond_arena_alloc_zero(compiler->arena, sizeof(FlowTarget));
	target->field = respond_arena_copy(compiler->arena, field, strlen(field));
	target->name = respond_arena_copy(compiler->arena, value->text, value->length);
	target->next = step->targets;
	step->targets = target;
	return target;
}
