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
 * A step with "callback" waits twice: for the answer, and for a call of the url that the
 * request has named.  The call may come first.  It lies in a row of its own until the step
 * takes it (outbox/callback.h), so nothing depends on what the run was told, and when.
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
#include "common/guc.h"
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
#include "outbox/callback.h"
#include "outbox/request_cancel.h"
#include "secret/callback_token.h"
#include "secret/channel_secret.h"
#include "secret/key_file.h"
#include "wire/public_address.h"

/* So much later than the courier should the run give up. */
#define GRACE_MS		1000

/* An answer that was recorded and has not come is looked for so often, once a second. */
#define MOST_LOOKS		10

/* Where calls come in, behind the public address of the database; and what simulate() shows of the rest. */
#define CALLBACK_PATH	"/in/callback/"
#define DRY_TOKEN		"TOKEN"

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

/* What the step has to remember. */
typedef struct Memo
{
	int64		delivery;
	int64		looks;			/* how often its answer was looked for */
	TimestampTz callback_due;	/* until when it waits for a call; 0: for none */
	Jsonb	   *answer;			/* the output, but for the call that is to come; NULL: the answer is to come */
} Memo;

static StepResult
wait_for(StepCall *call, const Memo *memo, TimestampTz due_at)
{
	FlowPause  *pause = palloc0(sizeof(FlowPause));
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "delivery", memo->delivery);
	if (memo->looks > 0)
		respond_jsonb_push_int64(&state, "looks", memo->looks);
	if (memo->callback_due != 0)
		respond_jsonb_push_int64(&state, "callback", memo->callback_due);
	if (memo->answer != NULL)
		respond_jsonb_push_jsonb(&state, "answer", memo->answer);
	pause->memo = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	pause->waits_for = memo->answer != NULL ? PAUSE_CALLBACK : PAUSE_ANSWER;
	pause->due_at = due_at;
	call->pause = pause;
	return STEP_PAUSE;
}

static Memo
read_memo(const FlowPause *pause)
{
	JsonbContainer *memo = respond_jsonb_root(pause->memo);

	return (Memo) {
		.delivery = respond_jsonb_find_int64(memo, "delivery"),
		.looks = respond_jsonb_find_int64(memo, "looks"),
		.callback_due = respond_jsonb_find_int64(memo, "callback"),
		.answer = respond_jsonb_find_member(memo, "answer")
	};
}

void
respond_action_request_prepare(FlowMachine *machine, const FlowStep *step)
{
	const RequestCode *code = step->code;
	const char *fault;

	if (code->callback_ms == 0)
		return;
	if (respond_gateway_public_url == NULL || *respond_gateway_public_url == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.callback: \"pg_respond.gateway_public_url\" is not set", step->place),
				 errhint("Set it to what peers call this server, such as https://hooks.example.")));
	machine->callback_mark = NULL;
	if (!machine->dry)
	{
		fault = respond_secret_key_status();
		if (fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.callback: %s", step->place, fault),
					 errhint("The url to be called is made with a key; see \"pg_respond.secret_key_file\".")));
		machine->callback_mark = respond_callback_mark();
	}
	machine->callback_url = psprintf("%s" CALLBACK_PATH "%s", respond_public_address(),
									 machine->callback_mark != NULL ? machine->callback_mark : DRY_TOKEN);
}

void
respond_action_request_ended(FlowMachine *machine, const FlowPause *pause)
{
	if (read_memo(pause).callback_due != 0)
		respond_callbacks_forget(machine->run->run_id);
}

/* Templates may have left it out, or made something else of it. */
static void
require_mark(const StepCall *call, const NewDelivery *delivery, const char *mark)
{
	if (delivery->url != NULL && strstr(delivery->url, mark) != NULL)
		return;
	if (delivery->body != NULL && strstr(delivery->body, mark) != NULL)
		return;
	if (delivery->headers != NULL &&
		strstr(JsonbToCString(NULL, &delivery->headers->root, VARSIZE(delivery->headers)), mark) != NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_RESPOND_STEP_FAILED),
			 errmsg("%s.callback: the request does not name the url to be called", call->step->place),
			 errdetail("The templates left {{" CALLBACK_URL_ROOT "}} out, or made something else of it.")));
}

/* In the transaction that records the request: the call may come before the answer. */
static void
expect_call(const StepCall *call, const Memo *memo)
{
	const FlowMachine *machine = call->machine;
	Callback	callback = {
		.delivery_id = memo->delivery,.run_id = machine->run->run_id,.run_started_at = machine->started_at,
		.step = respond_step_label(call->step),.due_at = memo->callback_due
	};
	char	   *token = respond_callback_token(machine->callback_mark);

	respond_callback_insert(&callback, respond_callback_hash(token));
	respond_secret_wipe(token);
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
	TimestampTz now = respond_clock_now();
	Memo		memo = {0};

	/* what it would be made of is not known */
	if (machine->dry && respond_machine_is_blind(machine))
		return STEP_DONE;
	respond_message_build_request(call->values[REQUEST_CHANNEL].channel, &request, &origin, call->step->place,
								  &delivery, &method);
	respond_action_scrub(&delivery);
	if (machine->dry)
		return STEP_DONE;
	if (code->callback_ms > 0)
	{
		require_mark(call, &delivery, machine->callback_mark);
		delivery.callback_mark = machine->callback_mark;
	}
	respond_event_context_fan_out();
	delivery.terms = make_terms(call, method);
	memo.delivery = respond_effects_delivery(machine->run, &delivery);
	if (code->callback_ms > 0)
	{
		memo.callback_due = TimestampTzPlusMilliseconds(now, code->callback_ms);
		expect_call(call, &memo);
	}
	return wait_for(call, &memo, TimestampTzPlusMilliseconds(now, code->timeout_ms + GRACE_MS));
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

/* The answer, and {"callback": {"body", "headers", "at"}}. */
static StepResult
end_by_call(StepCall *call, Jsonb *answer, Jsonb *data)
{
	JsonbParseState *state = NULL;
	Jsonb	   *callback;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_jsonb(&state, "callback", data);
	callback = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	call->output = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(answer), JsonbPGetDatum(callback)));
	return STEP_DONE;
}

/* Where the call has not come before the answer, the step goes on waiting. */
static StepResult
look_for_call(StepCall *call, const Memo *memo)
{
	Jsonb	   *data = respond_callback_take(memo->delivery, true);

	if (data != NULL)
		return end_by_call(call, memo->answer, data);
	return wait_for(call, memo, memo->callback_due);
}

/* A call that has come in time counts, although the time is over now. */
static StepResult
end_callback(StepCall *call, const Memo *memo)
{
	Jsonb	   *data = respond_callback_take(memo->delivery, false);

	if (data != NULL)
		return end_by_call(call, memo->answer, data);
	call->machine->failure_details = without_long_body(memo->answer);
	fail(call, "nobody has called the url of the request in time");
}

static StepResult
take_answer(StepCall *call, Memo *memo)
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
	if (memo->callback_due == 0)
		return STEP_DONE;
	memo->answer = call->output;
	call->output = NULL;
	return look_for_call(call, memo);
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
give_up(StepCall *call, Memo *memo)
{
	RequestTries tries;

	if (respond_request_cancel(memo->delivery, "the run that waited gave up: timed out", &tries))
		fail(call, describe_tries(&tries));
	if (memo->looks >= MOST_LOOKS)
		fail(call, "timed out, and the answer is lost");
	memo->looks++;
	return wait_for(call, memo, TimestampTzPlusMilliseconds(respond_clock_now(), GRACE_MS));
}

StepResult
respond_action_request(StepCall *call)
{
	Memo		memo;

	if (call->wake == NULL)
		return begin(call);
	memo = read_memo(call->pause);
	if (call->wake->kind == WAKE_TIMEOUT)
		return memo.answer != NULL ? end_callback(call, &memo) : give_up(call, &memo);
	if (call->wake->kind == WAKE_CALLBACK && memo.answer != NULL)
		return look_for_call(call, &memo);
	if (call->wake->kind == WAKE_ANSWER &&
		respond_jsonb_find_int64(respond_jsonb_root(call->wake->data), "delivery_id") == memo.delivery)
		return take_answer(call, &memo);
	/* an answer to something that the run does not wait for any more */
	return wait_for(call, &memo, call->pause->due_at);
}
