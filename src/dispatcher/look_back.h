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
 * The waits of the run have to hear, in the order of the log, what this
 * dispatcher has handled since that place.  at_pause: only the step that the run
 * stands at, until it ends; otherwise all, and those that the run comes to.
 */
extern void respond_look_back_later(int64 run_id, const Jsonb *place, bool at_pause);

/* Whether that has to be done now, before something else is said to the run or another one is added. */
extern bool respond_look_back_is_due(int64 run_id);

/* Does it for all of them. */
extern void respond_look_back(bool contained);

/* After a rollback. */
extern void respond_look_back_forget(void);

#endif							/* RESPOND_LOOK_BACK_H */
