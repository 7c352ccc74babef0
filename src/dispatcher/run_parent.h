/*-------------------------------------------------------------------------
 * run_parent.h
 *	  The run that waits for the end of another.
 *
 * src/dispatcher/run_parent.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_PARENT_H
#define RESPOND_RUN_PARENT_H

#include "effect/run_find.h"

/*
 * Which run waits for the end of this one, and in which pause.  The document says
 * so; when that is damaged, the row does.  child is else left as it is.
 */
extern void respond_run_parent_find(const RunUnderWay *run, FlowRun *child);

#endif							/* RESPOND_RUN_PARENT_H */
