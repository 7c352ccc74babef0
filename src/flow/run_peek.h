/*-------------------------------------------------------------------------
 * run_peek.h
 *	  What a saved run says of its pause, without taking the run up.
 *
 * src/flow/run_peek.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_PEEK_H
#define RESPOND_RUN_PEEK_H

#include "effect/run.h"
#include "flow/flow_pause.h"

/* The pause that the run is in, but for its events; waits_for is NULL when it is in none. */
extern void respond_run_pause(Jsonb *saved, FlowPause *pause);

/* The step that it stands at, as respond_step_label() names it; palloc'd. */
extern char *respond_run_step(Jsonb *saved);

/* Whether that is in this array of steps. */
extern bool respond_run_is_in(Jsonb *saved, const char *part);

/* The delivery whose answer the pause waits for; 0: none. */
extern int64 respond_pause_delivery(const FlowPause *pause);

/* The run that it called and waits for; 0: none, or those of the items of a loop. */
extern int64 respond_pause_called(const FlowPause *pause);

/* Which run waits for it, and in which pause; FlowRun is else left as it is. */
extern void respond_run_parent(Jsonb *saved, FlowRun *run);

/* When the step is to end that begins anew after this pause, see run_move.h; 0: as it says itself. */
extern TimestampTz respond_pause_ends(const FlowPause *pause);

/* How many events the pause wants. */
extern int	respond_pause_collects(const FlowPause *pause);

#endif							/* RESPOND_RUN_PEEK_H */
