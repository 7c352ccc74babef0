/*-------------------------------------------------------------------------
 * approval_care.h
 *	  What is done about an approval while nobody decides.
 *
 * src/dispatcher/approval_care.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_APPROVAL_CARE_H
#define RESPOND_APPROVAL_CARE_H

#include "dispatcher/awakening.h"
#include "effect/run.h"

/*
 * The time of the approval that a run waits for is over: ends it, unless somebody
 * ended it before, which gives false.  A vote that is not committed raises
 * lock_not_available, so that it is tried again.
 */
extern bool respond_approval_expire(const FlowPause *pause);

/* Does what a timer of the approval says, if it is still open. */
extern void respond_approval_care(FlowRun *run, const FlowPause *pause, const Awakening *awakening);

#endif							/* RESPOND_APPROVAL_CARE_H */
