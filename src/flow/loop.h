/*-------------------------------------------------------------------------
 * loop.h
 *	  Loops that a run is in: which item, how many are done, what they gave.
 *
 * Between two items the run stands behind the last step of the loop's array; what
 * comes then is decided here and carried out by the machine.
 *
 * src/flow/loop.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_H
#define RESPOND_LOOP_H

#include "flow/flow_machine.h"

/* Most items of one loop. */
#define LOOP_MAX_ITEMS			1000000
/* So many items are gone through in one transaction, or steps, or for so long, in ms. */
#define LOOP_TURN_ITEMS			1000
#define LOOP_TURN_STEPS			10000
#define LOOP_TURN_MS			1000
/* So many outputs of items are kept, of so many bytes together. */
#define LOOP_MAX_OUTPUTS		1000
#define LOOP_MAX_OUTPUT_BYTES	((Size) 1024 * 1024)

typedef enum LoopNext
{
	LOOP_ITEM,					/* the run stands at the first step, for the next item */
	LOOP_ITEM_RUN,				/* the next item is to be begun as a run of its own */
	LOOP_TURN,					/* other work may be done first */
	LOOP_WAITS,					/* for items that are runs of their own */
	LOOP_ENDED,
	LOOP_ITEM_ENDED				/* this run was for one item */
} LoopNext;

/* The innermost loop; NULL: none. */
extern LoopFrame *respond_loop_current(const FlowMachine *machine);

/* Whether the run stands between two items. */
extern bool respond_loop_is_between(const FlowMachine *machine);

/* Enters a loop; the position is that of its step. */
extern void respond_loop_enter(FlowMachine *machine, LoopFrame *frame);
extern LoopNext respond_loop_next(FlowMachine *machine);
/* Leaves the innermost loop: the position is that of its step again. */
extern LoopFrame *respond_loop_leave(FlowMachine *machine);
/* Leaves all. */
extern void respond_loop_leave_all(FlowMachine *machine);

/* The step of this item failed, and nothing handles that; false: so the whole run has failed. */
extern bool respond_loop_item_failed(FlowMachine *machine);
/* A step inside the loop gave this. */
extern void respond_loop_note_output(FlowMachine *machine, Jsonb *output);

/* The next item has begun as this run, or one that had has ended, see flow_child.h. */
extern void respond_loop_began_run(LoopFrame *frame, int64 run_id);
extern void respond_loop_run_ended(FlowMachine *machine, Jsonb *end);

/* The machine of a run for the present item of another one. */
extern void respond_loop_split(const FlowMachine *machine, FlowMachine *of_item);

/* {"count", "succeeded", "failed", "items"}, for others without items. */
extern Jsonb *respond_loop_output(const LoopFrame *frame, bool shown);

/* A pause inside loops ends when the first of them times out; raises that it did. */
extern void respond_loop_limit(const FlowMachine *machine, FlowPause *pause);
extern void respond_loop_check_limit(const FlowMachine *machine, const FlowPause *pause, const FlowWake *wake);

/* What templates and SQL call the items of the loops that the run is in. */
extern void respond_loop_refresh_names(FlowMachine *machine);

/* Finds the element with this number in the items of the loop. */
extern void respond_loop_find_item(FlowMachine *machine, int level, int64 number);

#endif							/* RESPOND_LOOP_H */
