/*-------------------------------------------------------------------------
 * action_wait.h
 *	  Action "wait".
 *
 * src/flow/action_wait.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_WAIT_H
#define RESPOND_ACTION_WAIT_H

#include "flow/action.h"

extern StepResult respond_action_wait(StepCall *call);

#endif							/* RESPOND_ACTION_WAIT_H */
