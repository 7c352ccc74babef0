/*-------------------------------------------------------------------------
 * action_send.h
 *	  Actions that send: notify and email.
 *
 * src/flow/action_send.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_SEND_H
#define RESPOND_ACTION_SEND_H

#include "flow/flow_machine.h"
#include "message/message.h"

/* Places of parameters in StepCall.values, in the order of action_registry.c. */
enum
{
	NOTIFY_CHANNEL, NOTIFY_TEXT, NOTIFY_BODY, NOTIFY_SUBJECT, NOTIFY_TO, NOTIFY_OPTIONS
};
enum
{
	EMAIL_CHANNEL, EMAIL_TO, EMAIL_CC, EMAIL_BCC, EMAIL_REPLY_TO, EMAIL_SUBJECT, EMAIL_TEXT, EMAIL_HTML,
	EMAIL_OPTIONS
};

/* On whose behalf the run sends. */
extern MessageOrigin respond_action_origin(FlowMachine *machine);

/* Takes masked values that came another way out of what a delivery was made of. */
extern void respond_action_scrub(NewDelivery *delivery);

extern StepResult respond_action_notify(StepCall *call);
extern StepResult respond_action_email(StepCall *call);

#endif							/* RESPOND_ACTION_SEND_H */
