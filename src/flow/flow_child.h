/*-------------------------------------------------------------------------
 * flow_child.h
 *	  Runs that a run begins, and how it hears of their end.
 *
 * A child begins in the transaction of its parent, and often ends there.  One that
 * waits goes on by itself; when it ends, a note tells the parent, which waits for it.
 * Either way the parent gets the same document:
 *
 *	{"run_id", "status", "state", "shown_state", "error", "shown_error", "output"}
 *
 * state and error are for those who see what the child's owner sees, shown_... for
 * everybody; output is that of the last step of an item of a loop.  What is null, or
 * the same for everybody, is left out.
 *
 * src/flow/flow_child.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_CHILD_H
#define RESPOND_FLOW_CHILD_H

#include "effect/run_write.h"
#include "flow/flow_machine.h"

/* Names the run of the machine as the parent of another, which it will wait for in its next pause. */
extern void respond_child_prepare(FlowMachine *machine, FlowRun *child);

/* A child ended: its parent is told. */
extern void respond_child_ended(FlowRun *child, const RunRow *row);

/* What such a document says; texts are palloc'd, NULL where there is none. */
extern int64 respond_child_run_id(Jsonb *end);
extern char *respond_child_status(Jsonb *end);
extern Jsonb *respond_child_state(Jsonb *end, bool shown);
extern Jsonb *respond_child_output(Jsonb *end);
extern char *respond_child_error(Jsonb *end, bool shown);

#endif							/* RESPOND_FLOW_CHILD_H */
