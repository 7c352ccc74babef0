/*-------------------------------------------------------------------------
 * step_compile.h
 *	  Compiles one step.
 *
 * src/flow/step_compile.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_COMPILE_H
#define RESPOND_STEP_COMPILE_H

#include "flow/flow_code.h"

/* Compiles one element of the array at place ("steps[2]"). */
extern void respond_step_compile(FlowCompiler *compiler, const char *place,
								 const JsonValue *value, FlowStep *step);

#endif							/* RESPOND_STEP_COMPILE_H */
