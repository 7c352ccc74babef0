/*-------------------------------------------------------------------------
 * own_events.h
 *	  Events that a run records itself, and its waits that are not to hear them.
 *
 * A wait hears from where the step before it began, or from where the run came to
 * it.  What the run records between two pauses has no place before that in the order
 * of events: it is written at once, at the end.  So where an event that it has
 * recorded may meet a wait that hears from the next step on, the run is laid down in
 * front of that step until it has been heard.  Which steps these are is known when
 * the flow is compiled; runs of all other flows pay nothing.
 *
 * Each wait has a bit.  The 65th has that of the first: a run may be laid down
 * without need.
 *
 * src/flow/own_events.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OWN_EVENTS_H
#define RESPOND_OWN_EVENTS_H

#include "flow/flow_machine.h"

/* Finds out which steps these are; the last thing when a flow is compiled. */
extern void respond_own_events_compile(Flow *flow);

/* The step was executed, or skipped.  caused: it has recorded something, by SQL or else. */
extern void respond_own_events_note(FlowMachine *machine, const FlowStep *step, bool executed, bool caused);

/* Whether the run has to be laid down in front of the step. */
extern bool respond_own_events_come_first(const FlowMachine *machine, const FlowStep *step);

/* That pause. */
extern FlowPause *respond_own_events_wait(void);

/* Whether the run is in one. */
extern bool respond_own_events_pause(const FlowMachine *machine);

#endif							/* RESPOND_OWN_EVENTS_H */
