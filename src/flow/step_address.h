/*-------------------------------------------------------------------------
 * step_address.h
 *	  Mail addresses that a step names.
 *
 * src/flow/step_address.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STEP_ADDRESS_H
#define RESPOND_STEP_ADDRESS_H

#include "flow/flow_machine.h"

/* Reads a parameter that may hold mail addresses, which was rendered with them shielded. */
extern void respond_step_read_addresses(const FlowMachine *machine, const ParameterSpec *spec,
										const struct Channel *channel, StepValue *value);

#endif							/* RESPOND_STEP_ADDRESS_H */
