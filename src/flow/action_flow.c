/*-------------------------------------------------------------------------
 * action_flow.c
 *	  Actions that compute, record and steer: sql, set, emit, log, fail, stop.
 *
 * src/flow/action_flow.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/effects.h"
#include "effect/emit_write.h"
#include "event/event_check.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/producer.h"
#include "flow/action_flow.h"
#include "flow/flow_chain.h"

/* Runs any statement as the owner; output: {"rows": [...], "count": n}. */
StepResult
respond_action_sql(StepCall *call)
{
	FlowMachine *machine = call->machine;
	JsonbParseState *state = NULL;
	JsonbValue *count;
	JsonbValue	key = {.type = jbvString,.val.string = {5, "count"}};

	/* The statement may read what earlier steps and events of the batch did. */
	respond_effects_flush();
	machine->contained = true;
	call->output = respond_owner_sql_statement(call->values[SQL_STATEMENT].sql, machine->run->event,
											   respond_chain_jsonb(machine));
	machine->contained = false;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "step", respond_step_label(call->step));
	respond_jsonb_push_text(&state, "sql", call->values[SQL_STATEMENT].text);
	count = findJsonbValueFromContainer(&call->output->root, JB_FOBJECT, &key);
	if (count != NULL)
	{
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, count);
	}
	respond_effects_audit(machine->run, "rule.sql", "run", machine->run->run_id,
						  JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
	return STEP_DONE;
}

static Jsonb *
jsonb_null(void)
{
	JsonbValue	null = {.type = jbvNull};

	return JsonbValueToJsonb(&null);
}

/* Output: the value itself.  A dry run does not evaluate SQL. */
StepResult
respond_action_set(StepCall *call)
{
	FlowMachine *machine = call->machine;
	const StepValue *expression = &call->values[SET_EXPRESSION];
	bool		is_null = true;
	Datum		result;

	if (!expression->given)
	{
		call->output = call->values[SET_VALUES].json;
		return STEP_DONE;
	}
	if (machine->dry)
	{
		machine->blind = true;
		call->output = jsonb_null();
		return STEP_DONE;
	}
	if (respond_owner_sql_reads_tables(expression->sql))
		respond_effects_flush();
	machine->contained = true;
	result = respond_owner_sql_expression(expression->sql, machine->run->event,
										  respond_chain_jsonb(machine), &is_null);
	machine->contained = false;
	call->output = is_null ? jsonb_null() : DatumGetJsonbP(result);
	return STEP_DONE;
}

/* What the audit log says of an event; the event itself is in the log of events. */
static Jsonb *
describe_emit(const StepCall *call, const NewEvent *event)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "step", respond_step_label(call->step));
	respond_jsonb_push_text(&state, "type", event->type);
	if (event->subject != NULL)
		respond_jsonb_push_text(&state, "subject", event->subject);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* A rule may use the sources that its owner may. */
static void
refuse_foreign_source(const FlowRun *run, const char *source)
{
	text	   *standard = source == NULL ? respond_event_defaults_source() : NULL;
	char	   *fault = source != NULL ? respond_producer_fault(run->owner, source, strlen(source)) :
		respond_producer_fault(run->owner, VARDATA_ANY(standard), VARSIZE_ANY_EXHDR(standard));

	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("the owner of the rule may not record events with source \"%s\"",
						source != NULL ? source : text_to_cstring(standard)),
				 errdetail("%s", fault),
				 errhint("A row of respond.producer assigns a source to a role.")));
}

/*
 * Records an event that names the current one as its cause.  Output: {"id": n},
 * or {"id": null, "duplicate": true} when its key was known.
 */
StepResult
respond_action_emit(StepCall *call)
{
	FlowRun    *run = call->machine->run;
	const StepValue *values = call->values;
	NewEvent	event = {
		.type = values[EMIT_TYPE].text,
		.source = respond_step_text(&values[EMIT_SOURCE]),
		.subject = respond_step_text(&values[EMIT_SUBJECT]),
		.key = respond_step_text(&values[EMIT_KEY]),
		.time = values[EMIT_TIME].given ? values[EMIT_TIME].time : 0,
		.data = values[EMIT_DATA].json
	};
	bool		now = call->step->name != NULL;
	JsonbParseState *state = NULL;
	int64		id;

	/* In the buffer a bad event would spoil the whole batch. */
	respond_event_check_type(event.type, strlen(event.type));
	if (event.source != NULL)
		respond_event_check_source(event.source, strlen(event.source));
	if (event.subject != NULL)
		respond_event_check_subject(strlen(event.subject));
	if (event.key != NULL)
		respond_event_check_key(strlen(event.key));

	refuse_foreign_source(run, event.source);

	if (call->machine->dry)
		return STEP_DONE;

	if (!now)
		respond_event_context_count(1);
	/* What was recorded before it stands before it, and has the first claim to a key. */
	else if (respond_emits_buffered())
		respond_effects_flush();
	/* The id is known only when the event is written; nobody asks for that of a step without name. */
	id = respond_effects_emit(run, &event, now, describe_emit(call, &event));
	respond_event_context_check_fan_out();
	if (!now)
		return STEP_DONE;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (id != 0)
		respond_jsonb_push_int64(&state, "id", id);
	else
	{
		respond_jsonb_push_text(&state, "id", NULL);
		respond_jsonb_push_boolean(&state, "duplicate", true);
	}
	call->output = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	return STEP_DONE;
}

/* A line of the run's log, in state under "_log"; output: {"message": ...}. */
StepResult
respond_action_log(StepCall *call)
{
	const char *message = call->values[MESSAGE_TEXT].text;

	respond_chain_log(call->machine, message, NULL);
	call->output = respond_jsonb_of_text("message", message);
	return STEP_DONE;
}

StepResult
respond_action_fail(StepCall *call)
{
	const char *message = respond_step_text(&call->values[MESSAGE_TEXT]);

	call->machine->outspoken = true;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s", message != NULL ? message : "the step failed on purpose")));
}

StepResult
respond_action_stop(StepCall *call)
{
	const char *message = respond_step_text(&call->values[MESSAGE_TEXT]);

	if (message != NULL)
		respond_chain_log(call->machine, message, NULL);
	return STEP_STOP;
}
