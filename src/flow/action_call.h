/*-------------------------------------------------------------------------
 * action_call.h
 *	  Action "call": runs the steps of another rule.
 *
 * src/flow/action_call.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_CALL_H
#define RESPOND_ACTION_CALL_H

#include "flow/flow_machine.h"

/* Places of its parameters. */
enum
{
	CALL_RULE, CALL_DATA, CALL_SUBJECT, CALL_WAIT,
	CALL_PARAMETERS
};

extern void respond_call_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);
extern StepResult respond_action_call(StepCall *call);

#endif							/* RESPOND_ACTION_CALL_H */
