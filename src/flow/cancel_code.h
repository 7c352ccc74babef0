/*-------------------------------------------------------------------------
 * cancel_code.h
 *	  Events that cancel runs of a rule: its column cancel_on.
 *
 * src/flow/cancel_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CANCEL_CODE_H
#define RESPOND_CANCEL_CODE_H

#include "flow/flow_machine.h"

/*
 * The step that its waits are armed for.  No step of a rule can have this name, and it
 * comes before all others of a run.
 */
#define CANCEL_STEP		"*cancel_on"

/* Compiles it into flow->cancel. */
extern void respond_cancel_compile(FlowCompiler *compiler, const JsonValue *value);

/* Arms it for a run that pauses; under a key that is empty nothing is armed. */
extern void respond_cancel_arm(FlowMachine *machine);

#endif							/* RESPOND_CANCEL_CODE_H */
