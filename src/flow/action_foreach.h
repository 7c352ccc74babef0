/*-------------------------------------------------------------------------
 * action_foreach.h
 *	  Action "foreach": runs steps for each item of an array, or row of a query.
 *
 * src/flow/action_foreach.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ACTION_FOREACH_H
#define RESPOND_ACTION_FOREACH_H

#include "flow/flow_machine.h"

extern StepResult respond_action_foreach(StepCall *call);

/* Begins the present item as a run of its own. */
extern void respond_foreach_begin_run(FlowMachine *machine, LoopFrame *frame);

#endif							/* RESPOND_ACTION_FOREACH_H */
