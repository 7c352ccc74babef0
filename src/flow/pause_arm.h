/*-------------------------------------------------------------------------
 * pause_arm.h
 *	  Arming what a run waits for.
 *
 * src/flow/pause_arm.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PAUSE_ARM_H
#define RESPOND_PAUSE_ARM_H

#include "flow/flow_machine.h"

/* Kind of the timer of a pause. */
#define TIMER_DEADLINE		"deadline"

/*
 * Numbers the pause that begins, and arms its events and its timer; and early those
 * waits that hear from now on.  Rows go into buffers that the flush of effects writes.
 */
extern void respond_pause_arm(FlowMachine *machine);

#endif							/* RESPOND_PAUSE_ARM_H */
