/*-------------------------------------------------------------------------
 * run_go_on.h
 *	  A run that waited goes on, or ends.
 *
 * src/dispatcher/run_go_on.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_GO_ON_H
#define RESPOND_RUN_GO_ON_H

#include "dispatcher/passage.h"
#include "rule/rule_set.h"

/* Fills in what a run needs that may wait here. */
extern void respond_run_may_pause(FlowRun *run);

/* The run as its steps are executed for; rule NULL: its version is gone. */
extern void respond_run_fill(FlowRun *run, const Passage *passage, const Rule *rule);

/* Why no run of this version can go on; NULL: it can. */
extern const char *respond_run_fault(const Rule *rule, const RunUnderWay *row);

/* What it waited for has come. */
extern void respond_run_go_on(Passage *passage);

/* The run ends with this error. */
extern void respond_run_end(const Awakening *awakening, const char *error, int sqlerrcode);

#endif							/* RESPOND_RUN_GO_ON_H */
