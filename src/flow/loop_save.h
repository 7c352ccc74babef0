/*-------------------------------------------------------------------------
 * loop_save.h
 *	  Loops in the document of a run, see run_save.h.
 *
 * src/flow/loop_save.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_SAVE_H
#define RESPOND_LOOP_SAVE_H

#include "flow/flow_machine.h"

/* The value of member "loop" of a place; items that are too many for the document are stored beside the run. */
extern void respond_loop_save(JsonbParseState **state, FlowMachine *machine, int level);

/* The same back into the frame, whose step and outer position are there; place: "at[0].loop". */
extern void respond_loop_restore(FlowMachine *machine, int level, const JsonbValue *value, const char *place);

#endif							/* RESPOND_LOOP_SAVE_H */
