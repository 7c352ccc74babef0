/*-------------------------------------------------------------------------
 * step_values.h
 *	  The parameters of a step, rendered for one run.
 *
 * src/flow/step_values.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_VALUES_H
#define RESPOND_STEP_VALUES_H

#include "flow/flow_machine.h"

/*
 * Renders the parameters of a step.  Raises ERRCODE_RESPOND_STEP_FAILED when
 * what comes out is not legal.
 */
extern StepValue *respond_step_render(FlowMachine *machine, const FlowStep *step);
/* The rendered parameters as an object, for records of dry runs. */
extern Jsonb *respond_step_values_jsonb(const FlowStep *step, const StepValue *values);

#endif							/* RESPOND_STEP_VALUES_H */
