/*-------------------------------------------------------------------------
 * run_restore.h
 *	  A run taken up again from its document, see run_save.h.
 *
 * src/flow/run_restore.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_RESTORE_H
#define RESPOND_RUN_RESTORE_H

#include "flow/flow_machine.h"

/* Whose run it is: what has to be known to find the flow.  The name is palloc'd. */
extern void respond_run_belongs_to(Jsonb *saved, char **rule, int32 *version);

/*
 * As respond_run_pause(), but raises ERRCODE_RESPOND_INVALID_RUN when this is no
 * document of a run, or not one of a run that waits.  What else is wrong with it is
 * found out by restoring it.
 */
extern void respond_run_check(Jsonb *saved, bool waits, FlowPause *pause);

/*
 * The machine as it was.  run says rule, version and owner, and gets the rest, with
 * an event in the current memory context; flow is that of the same version.  The
 * machine is open then, as after respond_machine_open().  Raises
 * ERRCODE_RESPOND_INVALID_RUN with the place when the document is not as
 * respond_run_save() writes it, or is of another version.
 */
extern void respond_run_restore(FlowMachine *machine, Flow *flow, FlowRun *run, Jsonb *saved);

#endif							/* RESPOND_RUN_RESTORE_H */
