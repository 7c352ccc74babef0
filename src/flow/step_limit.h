/*-------------------------------------------------------------------------
 * step_limit.h
 *	  "timeout" of steps that wait.
 *
 * src/flow/step_limit.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_LIMIT_H
#define RESPOND_STEP_LIMIT_H

#include "flow/flow_machine.h"

/*
 * Ends the pause at the timeout of the step at the latest, counted from where the
 * attempt began.  before: the pause that ended in this attempt, NULL: this is the first.
 */
extern void respond_step_limit(const FlowStep *step, const FlowPause *before, FlowPause *pause);

/* The step fails when that is what ended its pause. */
extern void respond_step_check_limit(const FlowStep *step, const FlowPause *pause, const FlowWake *wake);

#endif							/* RESPOND_STEP_LIMIT_H */
