/*-------------------------------------------------------------------------
 * look_back.h
 *	  What a wait should have heard before it was armed.
 *
 * src/dispatcher/look_back.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOK_BACK_H
#define RESPOND_LOOK_BACK_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/*
 * Lets the wait that the run stands at hear, in the order of the log, what this
 * dispatcher has handled since that place, until it is over.
 */
extern void respond_look_back(int64 run_id, Jsonb *place, bool contained);

/* A run, and the place in the log where it stood. */
typedef struct TakenOver
{
	int64		run_id;
	Jsonb	   *place;
} TakenOver;

/* The same for all waits of these runs (TakenOver *), and for those that they come to. */
extern void respond_look_back_all(const List *runs, bool contained);

#endif							/* RESPOND_LOOK_BACK_H */
