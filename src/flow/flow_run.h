/*-------------------------------------------------------------------------
 * flow_run.h
 *	  Runs a flow: one step after the other, jumps, attempts, failures.
 *
 * src/flow/flow_run.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_RUN_H
#define RESPOND_FLOW_RUN_H

#include "flow/flow_machine.h"

/*
 * Executes one attempt of the step at the position, and moves on when it needs no
 * other.  Not to be called again when the run has ended.
 */
extern MachineStatus respond_machine_advance(FlowMachine *machine);
/* Executes the step at the position again, whose pause has ended. */
extern MachineStatus respond_machine_wake(FlowMachine *machine, const FlowWake *wake);
/* Runs until the end; false when the run failed. */
extern bool respond_machine_run(FlowMachine *machine);

#endif							/* RESPOND_FLOW_RUN_H */
