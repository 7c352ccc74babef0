/*-------------------------------------------------------------------------
 * action_ticket.c
 *	  Actions of the desk: ticket, update_ticket, assign, escalate, comment.
 *
 * src/flow/action_ticket.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "desk/desk_check.h"
#include "desk/ticket_change.h"
#include "desk/ticket_find.h"
#include "effect/effects.h"
#include "effect/emit_write.h"
#include "effect/ticket_write.h"
#include "event/event_context.h"
#include "flow/action_ticket.h"
#include "flow/flow_chain.h"

/* Its name is part of the interface. */
#define TICKET_ESCALATED	"ticket.escalated"

/* {"id": id, name: flag}; name NULL: the id alone. */
static Jsonb *
ticket_output(int64 id, const char *name, bool flag)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "id", id);
	if (name != NULL)
		respond_jsonb_push_boolean(&state, name, flag);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static const char *
checked_key(const StepCall *call, const StepValue *value)
{
	const char *key = respond_step_text(value);

	if (key != NULL && strlen(key) > TICKET_MAX_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.key: is too long", call->step->place),
				 errdetail("It has %zu bytes; at most %d are allowed.", strlen(key), TICKET_MAX_KEY)));
	return key;
}

/* A dry run does not know what templates give that build on what was not done. */
static void
check_team(const StepCall *call, const char *team)
{
	const FlowMachine *machine = call->machine;

	if (team == NULL || team[0] == '\0')
		return;
	if (!machine->dry)
		respond_team_check(call->step->place, team);
	else if (!respond_machine_is_blind(machine))
		respond_team_look(call->step->place, team);
}

/* Whether a ticket that is opened with this status, NULL: the default, lets its key go at once. */
static bool
is_done(const char *status)
{
	return status != NULL && respond_ticket_status_is_done(respond_desk_status(status, strlen(status)));
}

/*
 * Opens a ticket, or adds an automatic comment to the open one with the same
 * key.  Output: {"id": n, "opened": whether it is a new one}.
 */
StepResult
respond_action_ticket(StepCall *call)
{
	FlowMachine *machine = call->machine;
	const StepValue *values = call->values;
	NewTicket	ticket = {
		.subject = values[TICKET_SUBJECT].text,
		.description = respond_step_text(&values[TICKET_DESCRIPTION]),
		.status = respond_step_text(&values[TICKET_STATUS]),
		.priority = respond_step_text(&values[TICKET_PRIORITY]),
		.team = respond_step_text(&values[TICKET_TEAM]),
		.assignee = respond_step_text(&values[TICKET_ASSIGNEE]),
		.requester = respond_step_text(&values[TICKET_REQUESTER]),
		.key = checked_key(call, &values[TICKET_KEY]),
		.tags = values[TICKET_TAGS].tags,
		.tag_count = values[TICKET_TAGS].tag_count,
		.fields = values[TICKET_FIELDS].json
	};
	int64		id = 0;
	bool		opened;

	respond_event_context_fan_out();
	if (ticket.key != NULL)
		id = respond_ticket_find_open(ticket.key);
	opened = id == 0;
	if (machine->dry)
	{
		if (opened)
			check_team(call, ticket.team);
		machine->ticket_id = opened ? FLOW_DRY_TICKET : id;
		return STEP_DONE;
	}
	if (opened)
	{
		check_team(call, ticket.team);
		ticket.is_done = is_done(ticket.status);
		id = respond_effects_ticket(machine->run, &ticket);
	}
	else
		respond_effects_comment(machine->run, id, NULL, NULL,
								ticket.description != NULL ? ticket.description : ticket.subject);
	machine->ticket_id = id;
	call->output = ticket_output(id, "opened", opened);
	return STEP_DONE;
}

/* A number in the event's data: data.ticket.id (name "ticket", member "id"), or data.ticket_id. */
int64
respond_event_ticket_id(const Event *event)
{
	JsonbValue	value;
	JsonbValue *found;
	bool		nested;

	if (event == NULL || event->data == NULL || !JB_ROOT_IS_OBJECT(event->data))
		return 0;
	found = getKeyJsonValueFromContainer(&event->data->root, "ticket", strlen("ticket"), &value);
	nested = found != NULL && found->type == jbvBinary &&
		JsonContainerIsObject(found->val.binary.data);
	if (nested)
		found = getKeyJsonValueFromContainer(found->val.binary.data, "id", strlen("id"), NULL);
	else
		found = getKeyJsonValueFromContainer(&event->data->root, "ticket_id", strlen("ticket_id"), &value);
	if (found == NULL || found->type != jbvNumeric)
		return 0;
	if (!DatumGetBool(DirectFunctionCall2(numeric_ge, NumericGetDatum(found->val.numeric),
										  NumericGetDatum(int64_to_numeric(1)))) ||
		!DatumGetBool(DirectFunctionCall2(numeric_le, NumericGetDatum(found->val.numeric),
										  NumericGetDatum(int64_to_numeric(PG_INT64_MAX)))))
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(found->val.numeric)));
}

/*
 * The ticket that a step names: the given one, the open one with the given
 * key, the last one of this run, or the one that the event is about.
 */
static int64
target_ticket(const StepCall *call, const StepValue *ticket, const StepValue *key_value)
{
	FlowMachine *machine = call->machine;
	const char *key = checked_key(call, key_value);
	bool		unknown = machine->dry &&
		(machine->ticket_id == FLOW_DRY_TICKET || machine->changed || respond_machine_is_blind(machine));
	int64		id;

	/* in a dry run what comes out empty counts as given */
	if (ticket->given && !(machine->dry && ticket->number == 0))
		return ticket->number;
	if (key != NULL && !(machine->dry && key[0] == '\0'))
	{
		id = respond_ticket_find_open(key);
		if (id == 0 && unknown)
			return FLOW_DRY_TICKET;
		if (id == 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESPOND_STEP_FAILED),
					 errmsg("%s.key: there is no open ticket with key \"%s\"", call->step->place, key)));
		return id;
	}
	id = machine->ticket_id != 0 ? machine->ticket_id : respond_event_ticket_id(machine->run->event);
	if (id == 0 && unknown)
		return FLOW_DRY_TICKET;
	if (id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.ticket: there is no ticket", call->step->place),
				 errdetail("No earlier step opened one, and the event's data names none."),
				 errhint("Give the step a \"ticket\" or a \"key\".")));
	return id;
}

static void
set_column(TicketChange *change, int column, const StepValue *value)
{
	change->columns[column].given = value->given;
	change->columns[column].text = respond_step_text(value);
}

/*
 * A ticket that is still in the buffer is written first, so that the history has
 * both: opened, and changed.  So are tickets with keys when a status changes: a
 * ticket that is opened again may have the same key.  A merged ticket leads to
 * the one that is changed, whose number the change has afterwards.
 */
static void
change_ticket(StepCall *call, TicketChange *change)
{
	int64		id = change->id == FLOW_DRY_TICKET ? 0 : respond_ticket_find(change->id);

	/* one that is not there keeps its number, for the message */
	if (id != 0)
		change->id = id;
	check_team(call, change->columns[TICKET_TEAM].text);
	if (call->machine->dry)
	{
		if (change->id != FLOW_DRY_TICKET && !call->machine->changed)
			respond_ticket_look(call->step->place, change->id, change->columns[TICKET_STATUS].text);
		return;
	}
	if (respond_effects_has_ticket(change->id) ||
		(change->columns[TICKET_STATUS].given && respond_effects_has_keys()))
		respond_effects_flush();
	call->machine->contained = true;
	respond_ticket_change(change);
	call->machine->contained = false;
	call->output = ticket_output(change->id, NULL, false);
}

/* Output: {"id": n}. */
StepResult
respond_action_update_ticket(StepCall *call)
{
	const StepValue *values = call->values;
	TicketChange change = {0};

	change.id = target_ticket(call, &values[TICKET_ID], &values[TICKET_KEY]);
	for (int column = TICKET_SUBJECT; column <= TICKET_REQUESTER; column++)
		set_column(&change, column, &values[column]);
	change.tags_given = values[TICKET_TAGS].given;
	change.tags = values[TICKET_TAGS].tags;
	change.tag_count = values[TICKET_TAGS].tag_count;
	change.fields = values[TICKET_FIELDS].json;
	change_ticket(call, &change);
	return STEP_DONE;
}

/* Output: {"id": n}, the ticket's. */
StepResult
respond_action_assign(StepCall *call)
{
	const StepValue *values = call->values;
	TicketChange change = {0};

	change.id = target_ticket(call, &values[ASSIGN_TICKET], &values[ASSIGN_KEY]);
	set_column(&change, TICKET_TEAM, &values[ASSIGN_TEAM]);
	set_column(&change, TICKET_ASSIGNEE, &values[ASSIGN_ASSIGNEE]);
	change_ticket(call, &change);
	return STEP_DONE;
}

/* The event that says so, with what the step says of the ticket. */
static void
tell_escalation(StepCall *call, int64 id)
{
	const StepValue *values = call->values;
	const FlowRun *run = call->machine->run;
	JsonbParseState *state = NULL;
	NewEvent	event = {.type = TICKET_ESCALATED,.subject = psprintf("ticket/" INT64_FORMAT, id)};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "ticket_id", id);
	respond_jsonb_push_text(&state, "team", respond_step_text(&values[ESCALATE_TEAM]));
	respond_jsonb_push_text(&state, "assignee", respond_step_text(&values[ESCALATE_ASSIGNEE]));
	respond_jsonb_push_text(&state, "priority", respond_step_text(&values[ESCALATE_PRIORITY]));
	respond_jsonb_push_text(&state, "comment", respond_step_text(&values[ESCALATE_COMMENT]));
	event.data = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	respond_effects_emit(run, &event, false, NULL);
	respond_effects_audit(run, TICKET_ESCALATED, "ticket", id, event.data);
}

/*
 * Gives a ticket to somebody else, who hears of it by an event.  A ticket that
 * changes team goes to nobody of the old one.  Output: {"id": n}.
 */
StepResult
respond_action_escalate(StepCall *call)
{
	const StepValue *values = call->values;
	const char *comment = respond_step_text(&values[ESCALATE_COMMENT]);
	TicketChange change = {0};

	change.id = target_ticket(call, &values[ESCALATE_TICKET], &values[ESCALATE_KEY]);
	set_column(&change, TICKET_TEAM, &values[ESCALATE_TEAM]);
	set_column(&change, TICKET_ASSIGNEE, &values[ESCALATE_ASSIGNEE]);
	set_column(&change, TICKET_PRIORITY, &values[ESCALATE_PRIORITY]);
	change.columns[TICKET_ASSIGNEE].given |= change.columns[TICKET_TEAM].given;
	if (!call->machine->dry)
		respond_event_context_fan_out();
	change_ticket(call, &change);
	if (call->machine->dry)
		return STEP_DONE;
	if (comment != NULL)
		(void) respond_effects_comment(call->machine->run, change.id, NULL, NULL, comment);
	tell_escalation(call, change.id);
	return STEP_DONE;
}

/* Output: {"id": n, "ticket_id": n}, the comment's and the ticket's. */
StepResult
respond_action_comment(StepCall *call)
{
	const StepValue *values = call->values;
	int64		ticket_id = target_ticket(call, &values[COMMENT_TICKET], &values[COMMENT_KEY]);
	JsonbParseState *state = NULL;
	int64		found;
	int64		id;

	if (call->machine->dry && (ticket_id == FLOW_DRY_TICKET || call->machine->changed))
		return STEP_DONE;
	found = respond_ticket_find(ticket_id);
	if (found == 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_STEP_FAILED),
				 errmsg("%s.ticket: ticket " INT64_FORMAT " does not exist", call->step->place, ticket_id)));
	if (call->machine->dry)
		return STEP_DONE;
	respond_event_context_fan_out();
	id = respond_effects_comment(call->machine->run, found, respond_step_text(&values[COMMENT_AUTHOR]),
								 respond_step_text(&values[COMMENT_KIND]), values[COMMENT_BODY].text);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "id", id);
	respond_jsonb_push_int64(&state, "ticket_id", found);
	call->output = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	return STEP_DONE;
}
