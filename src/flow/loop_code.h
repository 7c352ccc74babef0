/*-------------------------------------------------------------------------
 * loop_code.h
 *	  Action "foreach", compiled.
 *
 * src/flow/loop_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOP_CODE_H
#define RESPOND_LOOP_CODE_H

#include "flow/flow_machine.h"

/* Most items that are alive at once, and most in one batch. */
#define LOOP_MAX_CONCURRENCY	1000
#define LOOP_MAX_BATCH			1000

/* Places of its parameters. */
enum
{
	FOREACH_ITEMS, FOREACH_QUERY, FOREACH_AS, FOREACH_MODE, FOREACH_CONCURRENCY, FOREACH_BATCH,
	FOREACH_ON_ITEM_FAILURE, FOREACH_STEPS,
	FOREACH_PARAMETERS
};

typedef struct LoopCode
{
	FlowPart	part;			/* its steps */
	const JsonTemplate *items;	/* NULL: query */
	const char *as;				/* what an item is called */
	const char *index;			/* and its number, from 0 */
	const char *const *locals;	/* all such names that are known inside, NULL at the end */
	bool		parallel;
	int			concurrency;
	int			batch;			/* so many items at once; then an array of them is the item */
	bool		continues;		/* after an item that failed */
	bool		may_pause;		/* one of the steps may */
	void		(*begin_run) (FlowMachine *machine, LoopFrame *frame);	/* the present item, as a run of its own */
} LoopCode;

/* The step's code, NULL when it is no loop. */
extern const LoopCode *respond_loop_code(const FlowStep *step);

/* Whether the run may wait in the step. */
extern bool respond_step_may_pause(const FlowStep *step);

/* The same for an array of them, with the pauses between attempts. */
extern bool respond_part_may_pause(const FlowPart *part);

/* The step with this label, wherever it is; NULL: none. */
extern const FlowStep *respond_flow_find_step(const Flow *flow, const char *label);

/* The array of steps that the run stands in. */
extern const FlowPart *respond_machine_part(const FlowMachine *machine);
/* The step that it stands at, between two items that of the loop, and the array that this is in; NULL: at the end. */
extern const FlowStep *respond_machine_step(const FlowMachine *machine, const FlowPart **part);

#endif							/* RESPOND_LOOP_CODE_H */
