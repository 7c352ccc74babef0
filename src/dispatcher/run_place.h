/*-------------------------------------------------------------------------
 * run_place.h
 *	  A run begins when its rule has a place for it.
 *
 * src/dispatcher/run_place.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DISPATCHER_RUN_PLACE_H
#define RESPOND_DISPATCHER_RUN_PLACE_H

#include "dispatcher/awakening.h"
#include "effect/run_find.h"
#include "flow/flow_start.h"

typedef enum PlaceAnswer
{
	PLACE_TAKEN,				/* the run may begin */
	PLACE_LAID_DOWN,			/* it waits for a place from now on */
	PLACE_NOT					/* it goes on waiting, or has ended */
} PlaceAnswer;

/* Asks for a place for the run that row describes, and puts down what becomes of it. */
extern PlaceAnswer respond_run_place_ask(Flow *flow, FlowRun *run, const RunUnderWay *row, const Event *cause);

/* Whether it is a note about a place for which no run was found yet. */
extern bool respond_run_place_is_open(const Awakening *awakening);

/*
 * A place may be free, as such a note says: the awakening of the next run, palloc'd.
 * NULL: there is no place, or nobody wants one.
 */
extern Awakening *respond_run_place_next(const Awakening *note);

#endif							/* RESPOND_DISPATCHER_RUN_PLACE_H */
