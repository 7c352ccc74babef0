/*-------------------------------------------------------------------------
 * run_kept.h
 *	  What comes for a run that is paused by hand.
 *
 * pause_run() stops steps, not time.  The first thing that would have ended the pause is
 * kept in the run's document until resume_run(); what comes after it has come second.
 *
 * src/dispatcher/run_kept.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_KEPT_H
#define RESPOND_RUN_KEPT_H

#include "dispatcher/awakening.h"
#include "effect/run_find.h"

/* Keeps it, unless something is kept already; a timer is armed anew at the resume. */
extern void respond_run_keep(const RunUnderWay *run, const Awakening *awakening);

/* The run is told once more of what came behind what was kept: the ends of runs that a loop waits for. */
extern void respond_run_tell_again(const RunUnderWay *run);

/* What is kept; NULL: nothing, or its event is not in the log any more. */
extern Awakening *respond_run_kept(const RunUnderWay *run);

/* Whether the first dispatcher has something to do when the run is resumed. */
extern bool respond_run_needs_resume(const RunUnderWay *run);

/* It is not paused any more, and waits again; a timer that was due meanwhile is due now. */
extern void respond_run_unpause(const RunUnderWay *run, bool held);

/* That a note which asks for the resume is about this pause by hand. */
extern Jsonb *respond_run_paused_mark(const RunUnderWay *run);
extern bool respond_run_is_marked(const RunUnderWay *run, Jsonb *mark);

#endif							/* RESPOND_RUN_KEPT_H */
