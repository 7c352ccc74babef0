/*-------------------------------------------------------------------------
 * action_ticket.h
 *	  Actions of the desk: ticket, update_ticket, assign, escalate, comment.
 *
 * src/flow/action_ticket.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_TICKET_H
#define RESPOND_ACTION_TICKET_H

#include "event/event.h"
#include "flow/action.h"

/*
 * Places of parameters in StepCall.values, in the order of action_registry.c.
 * Everything that a ticket consists of comes in the same order for the actions
 * that take it.
 */
enum
{
	TICKET_SUBJECT, TICKET_DESCRIPTION, TICKET_STATUS, TICKET_PRIORITY, TICKET_TEAM,
	TICKET_ASSIGNEE, TICKET_REQUESTER, TICKET_TAGS, TICKET_FIELDS, TICKET_KEY,
	TICKET_ID					/* not of action ticket */
};
enum
{
	COMMENT_BODY, COMMENT_KIND, COMMENT_AUTHOR, COMMENT_KEY, COMMENT_TICKET
};
enum
{
	ASSIGN_TEAM, ASSIGN_ASSIGNEE, ASSIGN_KEY, ASSIGN_TICKET
};
enum
{
	ESCALATE_TEAM, ESCALATE_ASSIGNEE, ESCALATE_PRIORITY, ESCALATE_COMMENT, ESCALATE_KEY, ESCALATE_TICKET
};

extern StepResult respond_action_ticket(StepCall *call);
extern StepResult respond_action_update_ticket(StepCall *call);
extern StepResult respond_action_escalate(StepCall *call);
extern StepResult respond_action_comment(StepCall *call);
extern StepResult respond_action_assign(StepCall *call);

/* The ticket that an event's data names, 0: none. */
extern int64 respond_event_ticket_id(const Event *event);

#endif							/* RESPOND_ACTION_TICKET_H */
