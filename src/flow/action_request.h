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

/* Makes the url that a peer calls, where the step asks for one; forgets it when the step has ended. */
extern void respond_action_request_prepare(struct FlowMachine *machine, const struct FlowStep *step);
extern void respond_action_request_ended(struct FlowMachine *machine, const struct FlowPause *pause);

#endif							/* RESPOND_ACTION_REQUEST_H */
