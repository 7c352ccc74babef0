/*-------------------------------------------------------------------------
 * flow_start.h
 *	  Flows run: from the start of a run to its row.
 *
 * src/flow/flow_start.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_START_H
#define RESPOND_FLOW_START_H

#include "effect/run.h"
#include "flow/flow_compile.h"
#include "flow/flow_machine.h"
#include "flow/flow_pause.h"

/*
 * Runs the flow to its end, or to where it waits, and puts the run and its effects
 * into the buffer of effects.  One that needs a place among the runs of its rule (place_code.h) is only
 * handed over to where runs wait.  A step that fails is handled by the flow itself (on_failure); what is
 * raised concerns the whole event: the batch must be rolled back to before it.
 */
extern void respond_flow_start(Flow *flow, FlowRun *run);

/* The same for the present item of a loop, as a run of its own; machine is that of the loop. */
extern void respond_flow_start_item(FlowMachine *machine, FlowRun *run);

/*
 * Goes on with a run that waited, as run.saved says, or that another dispatcher
 * began (wake NULL), in the same way.  mailbox: what respond_waits_take() gave.
 * run says rule, version, owner and where its row is, and gets the rest.
 *
 * The result is the place in the order of events from which on the wait that the
 * run came to is to hear events, palloc'd; NULL: from now on.
 */
extern Jsonb *respond_flow_continue(Flow *flow, FlowRun *run, Jsonb *saved, List *mailbox, const FlowWake *wake);

/* Lays a run down that is to wait for a place among the runs of its rule before it begins. */
extern void respond_flow_queue(Flow *flow, FlowRun *run, Jsonb *saved);

/* Goes on with a run that was cancelled: with the steps that its rule has for that. */
extern void respond_flow_cancel(Flow *flow, FlowRun *run, Jsonb *saved, const char *reason);

/*
 * The same from its start for so many attempts of steps: then the run is laid down, and the
 * result is what it was (flow/run_save.h), palloc'd; NULL when it ended.  The
 * result must be committed with the effects, or neither.
 */
extern Jsonb *respond_flow_begin(Flow *flow, FlowRun *run, int most);

/* Goes on with such a run.  run says rule, version and owner, and gets the rest. */
extern Jsonb *respond_flow_resume(Flow *flow, FlowRun *run, Jsonb *saved, int most);

/*
 * A run that did nothing: the rule itself could not be applied (error).  Those who
 * may not read the message see place and SQLSTATE; 0: everybody sees it.
 */
extern void respond_flow_record_failure(FlowRun *run, const char *error, const char *place, int sqlerrcode);

/* or was held back (reason: "muted: ...", "cooldown until ..."). */
extern void respond_flow_record_suppressed(FlowRun *run, const char *reason);

/* Each step with its rendered parameters, as jsonb, without doing anything; for simulate(). */
extern Jsonb *respond_flow_simulate(Flow *flow, const FlowRun *run);

#endif							/* RESPOND_FLOW_START_H */
