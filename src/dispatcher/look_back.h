/*-------------------------------------------------------------------------
 * look_back.h
 *	  What a wait should have heard before it was armed.
 *
 * src/dispatcher/look_back.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LOOK_BACK_H
#define RESPOND_LOOK_BACK_H

#include "utils/jsonb.h"

/*
 * Lets the wait that the run stands at hear, in the order of the log, what this
 * dispatcher has handled since that place, until it is over.
 */
extern void respond_look_back(int64 run_id, Jsonb *place, bool contained);

/* The same for all waits of a run that stood at that place, and for those that it comes to. */
extern void respond_look_back_all(int64 run_id, Jsonb *place, bool contained);

#endif							/* RESPOND_LOOK_BACK_H */
