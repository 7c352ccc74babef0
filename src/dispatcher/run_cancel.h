/*-------------------------------------------------------------------------
 * run_cancel.h
 *	  A run is cancelled: all that it waited for waits no more.
 *
 * src/dispatcher/run_cancel.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_CANCEL_H
#define RESPOND_RUN_CANCEL_H

#include "effect/run_find.h"

/*
 * Cancels a run that is under way, whose row this transaction has locked, with all
 * that it called and waits for.  Steps that its version of the rule has for that are
 * run by the first dispatcher later; a run that is at these already ends.  reason is
 * for everybody who may read runs.
 */
extern void respond_run_cancel(const RunUnderWay *run, const char *reason);

/* Cancels the runs that it called and waits for. */
extern void respond_run_cancel_children(const RunUnderWay *run, const char *reason);

#endif							/* RESPOND_RUN_CANCEL_H */
