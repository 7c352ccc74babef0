/*-------------------------------------------------------------------------
 * loop_compile.h
 *	  Compiles action "foreach".
 *
 * src/flow/loop_compile.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_COMPILE_H
#define RESPOND_LOOP_COMPILE_H

#include "flow/flow_code.h"

/* Compiles what the table of actions does not describe, with its steps, into step->code. */
extern void respond_foreach_compile(FlowCompiler *compiler, const JsonValue *value, FlowStep *step);

#endif							/* RESPOND_LOOP_COMPILE_H */
