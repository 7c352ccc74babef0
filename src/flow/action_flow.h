/*-------------------------------------------------------------------------
 * action_flow.h
 *	  Actions that compute, record and steer: sql, set, emit, log, fail, stop.
 *
 * src/flow/action_flow.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_FLOW_H
#define RESPOND_ACTION_FLOW_H

#include "flow/action.h"

/* Places of parameters in StepCall.values, in the order of action_registry.c. */
enum
{
	EMIT_TYPE, EMIT_DATA, EMIT_SUBJECT, EMIT_SOURCE, EMIT_KEY, EMIT_TIME
};
enum
{
	SQL_STATEMENT
};
enum
{
	SET_VALUES, SET_EXPRESSION
};
enum
{
	MESSAGE_TEXT				/* of log, fail and stop */
};

extern StepResult respond_action_sql(StepCall *call);
extern StepResult respond_action_set(StepCall *call);
extern StepResult respond_action_emit(StepCall *call);
extern StepResult respond_action_log(StepCall *call);
extern StepResult respond_action_fail(StepCall *call);
extern StepResult respond_action_stop(StepCall *call);

#endif							/* RESPOND_ACTION_FLOW_H */
