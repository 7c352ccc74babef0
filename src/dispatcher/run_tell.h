/*-------------------------------------------------------------------------
 * run_tell.h
 *	  A run is told what happened.
 *
 * src/dispatcher/run_tell.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_TELL_H
#define RESPOND_RUN_TELL_H

/* Finds the run and tells it.  argument: a Passage that names the awakening; the rest is filled in. */
extern void respond_run_tell(void *argument);

#endif							/* RESPOND_RUN_TELL_H */
