/*-------------------------------------------------------------------------
 * action_request.c
 *	  Action "request": asks a server, and waits for its answer.
 *
 * Nothing is sent here.  A delivery is recorded in the transaction in which the run
 * is laid down; the courier sends it after the commit, as often as the step allows,
 * and puts the answer into the inbox of the run.  The time of the step is the
 * courier's to keep.  The run gives up a little later by itself, so it goes on when
 * there is no courier, too.
 *
 * src/flow/action_request.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "audit/mask.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/jsonb_size.h"
#include "common/pg_compat.h"
#include "effect/delivery_write.h"
#include "event/event_context.h"
#include "flow/action_request.h"
#include "flow/action_send.h"
#include "flow/action_ticket.h"
#include "flow/flow_context.h"
#include "flow/flow_machine.h"
#include "flow/request_code.h"
#include "message/message_request.h"
#include "outbox/request_cancel.h"

/* So much later than the courier should the run give up. */
#define GRACE_MS		1000

/* An answer that was recorded and has not come is looked for so often, once a second. */
#define MOST_LOOKS		10

pg_noreturn static void fail(const StepCall *call, const char *fault);

static void
fail(const StepCall *call, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s: %s", call->step->place, fault)));
}

static const RequestTerms *
make_terms(const StepCall *call, const char *method)
{
	const RequestCode *code = call->step->code;
	RequestTerms *terms = palloc0(sizeof(RequestTerms));

	terms->method = method;
	terms->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), code->timeout_ms);
	terms->attempt_timeout_ms = code->attempt_timeout_ms;
	terms->max_attempts = code->max_attempts;
	terms->max_body = code->max_body;
	terms->expected = code->statuses;
	terms->expected_count = code->status_count;
	terms->run_started_at = call->machine->started_at;
	terms->step = respond_step_label(call->step);
	terms->retry_after_ms = call->step->retry_after;
	return terms;
}

/* The run waits for this delivery; looks: how often its answer was looked for. */
static StepResult
wait_for(StepCall *call, int64 delivery, int64 looks, TimestampTz due_at)
{
	FlowPause  *pause = palloc0(sizeof(FlowPause));
	JsonbParseState *memo = NULL;

	pushJsonbValue(&memo, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&memo, "delivery", delivery);
	if (looks > 0)
		respond_jsonb_push_int64(&memo, "looks", looks);
	pause->memo = JsonbValueToJsonb(pushJsonbValue(&memo, WJB_END_OBJECT, NULL));
	pause->waits_for = PAUSE_ANSWER;
	pause->due_at = due_at;
	call->pause = pause;
	return STEP_PAUSE;
}

static RequestMessage
read_values(const StepCall *call)
{
	const StepValue *values = call->values;
	int64		event_id = call->machine->run->event != NULL ? call->machine->run->event->id : 0;

	return (RequestMessage) {
		.url = respond_mask_text(respond_step_text(&values[REQUEST_URL]), event_id),
		.method = respond_step_text(&values[REQUEST_METHOD]),
		.headers = values[REQUEST_HEADERS].given ? respond_mask_document(values[REQUEST_HEADERS].json, event_id) : NULL,
		.body = values[REQUEST_BODY].given ? respond_mask_document(values[REQUEST_BODY].json, event_id) : NULL
	};
}

static StepResult
begin(StepCall *call)
{
	FlowMachine *machine = call->machine;
	const RequestCode *code = call->step->code;
	RequestMessage request = read_values(call);
	MessageOrigin origin = respond_action_origin(machine);
	NewDelivery delivery;
	const char *method;
	int64		id;

	/* what it would be made of is not known */
	if (machine->dry && respond_machine_is_blind(machine))
		return STEP_DONE;
	respond_message_build_request(call->values[REQUEST_CHANNEL].channel, &request, &origin, call->step->place,
								  &delivery, &method);
	respond_action_scrub(&delivery);
	if (machine->dry)
		return STEP_DONE;
	respond_event_context_fan_out();
	delivery.terms = make_terms(call, method);
	id = respond_effects_delivery(machine->run, &delivery);
	return wait_for(call, id, 0, TimestampTzPlusMilliseconds(respond_clock_now(), code->timeout_ms + GRACE_MS));
}

/* {"status", "headers", "body"} */
static Jsonb *
make_output(Jsonb *answer)
{
	static const char *const names[] = {"status", "headers", "body"};
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < lengthof(names); i++)
	{
		Jsonb	   *value = respond_jsonb_find_member(respond_jsonb_root(answer), names[i]);

		if (value != NULL)
			respond_jsonb_push_jsonb(&state, names[i], value);
		else
			respond_jsonb_push_text(&state, names[i], NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* A failure stands in several places. */
static Jsonb *
without_long_body(Jsonb *output)
{
	if (respond_jsonb_text_fits(&output->root, VARSIZE(output), FLOW_MAX_LOG))
		return output;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(output), CStringGetTextDatum("body")));
}

static StepResult
take_answer(StepCall *call)
{
	Jsonb	   *answer = call->wake->data;
	int32		status = (int32) respond_jsonb_find_int64(respond_jsonb_root(answer), "status");
	char	   *error = respond_jsonb_find_text(respond_jsonb_root(answer), "error");
	const char *fault;

	call->output = make_output(answer);
	/* whatever comes of it, later steps see what was answered */
	if (status != 0)
		call->machine->failure_details = without_long_body(call->output);
	if (!respond_jsonb_find_flag(respond_jsonb_root(answer), "complete"))
		fail(call, error != NULL ? error : "there was no answer");
	fault = respond_request_judge(call->step->code, status, call->output);
	if (fault != NULL)
		/* the courier says how often it has tried */
		fail(call, error != NULL ? error : fault);
	return STEP_DONE;
}

/* What came of the tries that there was time for. */
static const char *
describe_tries(const RequestTries *tries)
{
	if (tries->ended < 0)
		return "timed out";
	if (tries->ended == 0)
		return "timed out before a try of it ended; a request waits while its channel is off, and while its host"
			" is busy, fails or has asked for a pause";
	return psprintf("timed out after %d %s: %s", tries->ended, tries->ended == 1 ? "try" : "tries",
					tries->last_error != NULL ? tries->last_error : "no reason is known");
}

/* The time is over.  A request that has ended in the meantime has an answer, which is on its way. */
static StepResult
give_up(StepCall *call, int64 delivery)
{
	int64		looks = respond_jsonb_find_int64(respond_jsonb_root(call->pause->memo), "looks");
	RequestTries tries;

	if (respond_request_cancel(delivery, "the run that waited gave up: timed out", &tries))
		fail(call, describe_tries(&tries));
	if (looks >= MOST_LOOKS)
		fail(call, "timed out, and the answer is lost");
	return wait_for(call, delivery, looks + 1, TimestampTzPlusMilliseconds(respond_clock_now(), GRACE_MS));
}

StepResult
respond_action_request(StepCall *call)
{
	JsonbContainer *memo;
	int64		delivery;

	if (call->wake == NULL)
		return begin(call);
	memo = respond_jsonb_root(call->pause->memo);
	delivery = respond_jsonb_find_int64(memo, "delivery");
	if (call->wake->kind == WAKE_TIMEOUT)
		return give_up(call, delivery);
	if (call->wake->kind == WAKE_ANSWER &&
		respond_jsonb_find_int64(respond_jsonb_root(call->wake->data), "delivery_id") == delivery)
		return take_answer(call);
	/* an answer to something that the run does not wait for any more */
	return wait_for(call, delivery, respond_jsonb_find_int64(memo, "looks"), call->pause->due_at);
}
