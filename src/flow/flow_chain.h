/*-------------------------------------------------------------------------
 * flow_chain.h
 *	  The data chain of a run: what its steps gave, by name; and its log.
 *
 * src/flow/flow_chain.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_CHAIN_H
#define RESPOND_FLOW_CHAIN_H

#include "flow/flow_machine.h"

/* Keeps what the step gave, and what others may see of it; NULL gives {}.  A step without name leaves nothing. */
extern void respond_chain_set(FlowMachine *machine, const FlowStep *step, Jsonb *value, Jsonb *shown);
/* Forgets all but the first ones. */
extern void respond_chain_cut(FlowMachine *machine, int count);
/* The chain of another machine, which stays as long as this one. */
extern void respond_chain_copy(const FlowMachine *from, FlowMachine *to);
/* A line of the log; shown NULL: everybody may read it. */
extern void respond_chain_log(FlowMachine *machine, const char *line, const char *shown);
/* The chain as one object; for SQL, as parameter "steps". */
extern Jsonb *respond_chain_jsonb(FlowMachine *machine);
/* The chain with the lines of the log under "_log"; for run.state. */
extern Jsonb *respond_machine_state(FlowMachine *machine);
/* What of that is for everybody; NULL: all of it. */
extern Jsonb *respond_machine_shown_state(FlowMachine *machine);
/* {"message", "step", "code"}, and what the step gave all the same; NULL when nothing failed. */
extern Jsonb *respond_failure_jsonb(const FlowFailure *failure);

#endif							/* RESPOND_FLOW_CHAIN_H */
