/*-------------------------------------------------------------------------
 * cancel_code.c
 *	  Events that cancel runs of a rule: its column cancel_on.
 *
 * They are waits of a step that no run comes to, so they are heard like others, in the
 * order of events, and end with the pause.
 *
 * src/flow/cancel_code.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/errors.h"
#include "common/pg_compat.h"
#include "flow/cancel_code.h"
#include "flow/mailbox.h"
#include "flow/step_fields.h"
#include "flow/wait_code.h"

pg_noreturn static void refuse(const char *place, const char *fault);

static void
refuse(const char *place, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("%s: %s", place, fault),
			 errhint("Write {\"event_type\": \"...\"}, with \"pattern\", \"key\" and \"event_key\" as in action"
					 " \"wait\", or an array of these.")));
}

static void
check_members(const char *place, const JsonValue *value)
{
	static const char *const names[] = {"event_type", "pattern", "key", "event_key"};

	if (value->kind != JSON_KIND_OBJECT)
		refuse(place, "must be an object");
	for (size_t i = 0; i < value->count; i++)
	{
		bool		known = false;

		for (int j = 0; j < lengthof(names); j++)
			known |= strcmp(value->members[i].name, names[j]) == 0;
		if (!known)
			refuse(psprintf("%s.%s", place, value->members[i].name), "there is no such field");
	}
}

static void
read_event(FlowCompiler *compiler, const char *place, const JsonValue *value, WaitAlternative *alternative)
{
	check_members(place, value);
	alternative->place = respond_arena_copy(compiler->arena, place, strlen(place));
	respond_wait_alternative_compile(compiler, value, alternative);
}

void
respond_cancel_compile(FlowCompiler *compiler, const JsonValue *value)
{
	bool		is_list = value->kind == JSON_KIND_ARRAY;
	WaitCode   *code = respond_arena_alloc_zero(compiler->arena, sizeof(WaitCode));
	FlowStep   *step = respond_arena_alloc_zero(compiler->arena, sizeof(FlowStep));

	if (is_list && (value->count == 0 || value->count > WAIT_MAX_EVENTS))
		refuse("cancel_on", psprintf("must name from 1 to %d events", WAIT_MAX_EVENTS));
	code->count = is_list ? value->count : 1;
	code->alternatives = respond_arena_alloc_zero(compiler->arena, sizeof(WaitAlternative) * code->count);
	for (int i = 0; i < code->count; i++)
		read_event(compiler, is_list ? psprintf("cancel_on[%d]", i) : "cancel_on", is_list ? value->items[i] : value,
				   &code->alternatives[i]);
	step->place = "cancel_on";
	step->name = CANCEL_STEP;
	step->code = code;
	compiler->flow->cancel = step;
}

void
respond_cancel_arm(FlowMachine *machine)
{
	const FlowStep *step = machine->flow->cancel;
	const WaitCode *code;

	if (step == NULL || machine->position.part == FLOW_ON_CANCEL)
		return;
	code = step->code;
	for (int i = 0; i < code->count; i++)
	{
		char	   *key = respond_wait_alternative_key(machine, &code->alternatives[i]);

		if (key[0] != '\0')
			respond_mailbox_arm(machine, step, respond_wait_awaited(code, i, key), true, DT_NOEND);
	}
}
