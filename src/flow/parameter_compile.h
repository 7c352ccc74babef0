/*-------------------------------------------------------------------------
 * parameter_compile.h
 *	  Compiles the parameters of a step.
 *
 * src/flow/parameter_compile.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PARAMETER_COMPILE_H
#define RESPOND_PARAMETER_COMPILE_H

#include "flow/flow_code.h"

/* Compiles a template that gives a text, and notes what it reads. */
extern const Template *respond_parameter_text(FlowCompiler *compiler, const char *place, const char *field,
											  const JsonValue *value);

/* The same for a document whose strings are templates. */
extern const JsonTemplate *respond_parameter_json(FlowCompiler *compiler, const char *place, const char *field,
												  const JsonValue *value);

/* Compiles the parameters of an action that value holds; step->timeout is set. */
extern void respond_parameters_compile(FlowCompiler *compiler, const JsonValue *value,
									   FlowStep *step);

#endif							/* RESPOND_PARAMETER_COMPILE_H */
