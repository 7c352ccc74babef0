/*-------------------------------------------------------------------------
 * place_code.h
 *	  How many runs of a rule may be under way at once: its column concurrency.
 *
 * src/flow/place_code.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PLACE_CODE_H
#define RESPOND_PLACE_CODE_H

#include "flow/flow_machine.h"

#define PLACE_MAX_LIMIT		10000

/* What becomes of a run that finds no place. */
typedef enum PlaceWhenFull
{
	PLACE_QUEUE,
	PLACE_DROP,
	PLACE_CANCEL_OLDEST
} PlaceWhenFull;

/* Compiles it into flow->places. */
extern void respond_place_compile(FlowCompiler *compiler, const JsonValue *value);

/* Whether runs of the flow need a place to begin. */
extern bool respond_place_is_needed(const Flow *flow);

extern PlaceWhenFull respond_place_when_full(const Flow *flow);

/*
 * The key of the run that was saved, palloc'd; empty when the rule has none.  Raises
 * ERRCODE_RESPOND_STEP_FAILED when it is empty or too long, and what templates raise.
 */
extern char *respond_place_key(Flow *flow, FlowRun *run, Jsonb *saved);

/* The limit in column concurrency of a rule; INT_MAX: it says none. */
extern int	respond_place_limit(const Jsonb *concurrency);

#endif							/* RESPOND_PLACE_CODE_H */
