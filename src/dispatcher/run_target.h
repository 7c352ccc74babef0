/*-------------------------------------------------------------------------
 * run_target.h
 *	  The run for which something happened.
 *
 * src/dispatcher/run_target.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_TARGET_H
#define RESPOND_RUN_TARGET_H

#include "dispatcher/awakening.h"
#include "effect/run_find.h"

/* As respond_run_find(); the waits of a run that is not under way are deleted. */
extern RunUnderWay *respond_run_target(const Awakening *awakening);

#endif							/* RESPOND_RUN_TARGET_H */
