/*-------------------------------------------------------------------------
 * run_wake.h
 *	  A run that waits goes on.
 *
 * src/dispatcher/run_wake.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_WAKE_H
#define RESPOND_RUN_WAKE_H

#include "dispatcher/awakening.h"

/*
 * Lets the run go on if it still waits for this.  contained: in a subtransaction;
 * after an error that may pass it is tried again later, and another one is the
 * end of the run.  True when the run went on.
 */
extern bool respond_run_wake(Awakening *awakening, bool contained);

/* The run cannot go on: the worker died while it tried. */
extern void respond_run_give_up(const Awakening *awakening, const char *error);

#endif							/* RESPOND_RUN_WAKE_H */
