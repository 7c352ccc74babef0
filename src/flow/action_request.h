/*-------------------------------------------------------------------------
 * action_request.h
 *	  Action "request": asks a server, and waits for its answer.
 *
 * src/flow/action_request.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_REQUEST_H
#define RESPOND_ACTION_REQUEST_H

#include "flow/action.h"

extern StepResult respond_action_request(StepCall *call);

#endif							/* RESPOND_ACTION_REQUEST_H */
