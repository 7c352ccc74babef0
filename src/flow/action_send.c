/*-------------------------------------------------------------------------
 * action_send.c
 *	  Actions that send: notify and email.
 *
 * Nothing is sent here.  A delivery is recorded with the other effects of the
 * run; the courier sends it after the commit.  A dry run makes the message, to
 * see whether it can be made, and throws it away.
 *
 * src/flow/action_send.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

#include "audit/mask.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "effect/delivery_write.h"
#include "event/event_context.h"
#include "flow/action_send.h"
#include "flow/action_ticket.h"
#include "flow/flow_chain.h"
#include "flow/flow_context.h"
#include "message/message.h"

/* Of a message, an empty text is none. */
static const char *
message_text(const StepValue *value)
{
	const char *text = respond_step_text(value);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Addresses of an array, as one list; empty when it was given, but has none. */
static const char *
given_list(const StepValue *value)
{
	StringInfoData list;

	if (!value->given)
		return NULL;
	initStringInfo(&list);
	for (int i = 0; i < value->tag_count; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", value->tags[i]);
	return list.data;
}

/* Output: {"id": n, "key": "..."} of the delivery. */
static Jsonb *
delivery_output(const NewDelivery *delivery)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "id", delivery->id);
	respond_jsonb_push_text(&state, "key",
							DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&delivery->key))));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Masked values that came by another way, such as the output of a step: before they are escaped, */
static Message
scrub_message(const Message *message, int64 event_id)
{
	Message		scrubbed = *message;

	scrubbed.text = respond_mask_text(message->text, event_id);
	scrubbed.html = respond_mask_text(message->html, event_id);
	scrubbed.title = respond_mask_text(message->title, event_id);
	scrubbed.to = respond_mask_text(message->to, event_id);
	scrubbed.cc = respond_mask_text(message->cc, event_id);
	scrubbed.bcc = respond_mask_text(message->bcc, event_id);
	scrubbed.reply_to = respond_mask_text(message->reply_to, event_id);
	scrubbed.body = respond_mask_document(message->body, event_id);
	scrubbed.options = respond_mask_document(message->options, event_id);
	return scrubbed;
}

void
respond_action_scrub(NewDelivery *delivery)
{
	delivery->subject = respond_mask_text(delivery->subject, delivery->event_id);
	delivery->url = respond_mask_text(delivery->url, delivery->event_id);
	delivery->headers = respond_mask_document(delivery->headers, delivery->event_id);
	delivery->body = respond_mask_text(delivery->body, delivery->event_id);
	delivery->html = respond_mask_text(delivery->html, delivery->event_id);
}

static void
check_addresses(const StepCall *call)
{
	for (int i = 0; i < call->step->action->parameter_count; i++)
		if (call->values[i].fault != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.%s", call->step->place, call->values[i].fault)));
}

MessageOrigin
respond_action_origin(FlowMachine *machine)
{
	FlowRun    *run = machine->run;

	return (MessageOrigin) {
		.event = respond_machine_outward_event(machine),
		.rule = run->rule,
		.run_id = run->run_id,
		.ticket_id = machine->ticket_id > 0 ? machine->ticket_id : respond_event_ticket_id(run->event),
		.depth = respond_run_depth(run)
	};
}

static StepResult
send(StepCall *call, const Channel *channel, const Message *message)
{
	FlowMachine *machine = call->machine;
	FlowRun    *run = machine->run;
	MessageOrigin origin = respond_action_origin(machine);
	Message		scrubbed = scrub_message(message, run->event != NULL ? run->event->id : 0);
	NewDelivery delivery;

	/* what it would be made of is not known */
	if (machine->dry && respond_machine_is_blind(machine))
		return STEP_DONE;
	check_addresses(call);
	respond_message_build(channel, &scrubbed, &origin, call->step->place, &delivery);
	respond_action_scrub(&delivery);
	if (machine->dry)
		return STEP_DONE;
	respond_event_context_fan_out();
	delivery.id = respond_effects_delivery(run, &delivery);
	call->output = delivery_output(&delivery);
	return STEP_DONE;
}

StepResult
respond_action_notify(StepCall *call)
{
	const StepValue *values = call->values;
	Message		message = {
		.text = message_text(&values[NOTIFY_TEXT]),
		.body = values[NOTIFY_BODY].given ? values[NOTIFY_BODY].json : NULL,
		.title = message_text(&values[NOTIFY_SUBJECT]),
		.to = given_list(&values[NOTIFY_TO]),
		.options = values[NOTIFY_OPTIONS].given ? values[NOTIFY_OPTIONS].json : NULL
	};

	return send(call, values[NOTIFY_CHANNEL].channel, &message);
}

StepResult
respond_action_email(StepCall *call)
{
	const StepValue *values = call->values;
	const Channel *channel = values[EMAIL_CHANNEL].channel;
	Message		message = {
		.text = message_text(&values[EMAIL_TEXT]),
		.html = message_text(&values[EMAIL_HTML]),
		.title = message_text(&values[EMAIL_SUBJECT]),
		.to = given_list(&values[EMAIL_TO]),
		.cc = given_list(&values[EMAIL_CC]),
		.bcc = given_list(&values[EMAIL_BCC]),
		.reply_to = given_list(&values[EMAIL_REPLY_TO]),
		.options = values[EMAIL_OPTIONS].given ? values[EMAIL_OPTIONS].json : NULL
	};

	if (channel->broken == NULL && channel->transport != TRANSPORT_SMTP)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.channel: channel \"%s\" is of kind \"%s\", which does not send mail", call->step->place,
						channel->name, channel->kind),
				 errhint("Use action \"notify\", or a channel of kind \"email\".")));
	return send(call, channel, &message);
}
