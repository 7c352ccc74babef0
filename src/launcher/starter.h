/*-------------------------------------------------------------------------
 * starter.h
 *	  The launcher's hands: starting, stopping and burying workers.
 *
 * Only the launcher calls these.
 *
 * src/launcher/starter.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STARTER_H
#define RESPOND_STARTER_H

#include "common/shmem.h"

/* Gives the starter its memory; once. */
extern void respond_starter_initialize(void);

/* What became of a worker, as told to the launcher. */
typedef void (*WorkerEnded) (Oid database, WorkerKind kind, WorkerOutcome outcome);

/*
 * Buries the workers that are gone, and calls back for each.  Those that
 * failed get the time of their next start.
 */
extern void respond_starter_reap(WorkerEnded ended);

/* The slot of this worker in any state but FREE, or NULL. */
extern WorkerSlot *respond_starter_find(Oid database, WorkerKind kind, int lane);

/*
 * Starts a worker, unless it runs already, must wait, or no place is free.
 * Returns whether a process was asked for.  lanes is 0 for all but dispatchers.
 */
extern bool respond_starter_start(Oid database, Oid role, WorkerKind kind, int lane, int lanes);

/* Asks the worker to stop; when it does not, for seconds, sends SIGTERM. */
extern void respond_starter_stop(WorkerSlot *slot);

/* Gives up the place of a worker that only waits to be started again. */
extern void respond_starter_forget(WorkerSlot *slot);

/*
 * Brackets the attempts of one round.  The end reports workers for which there
 * was no place, once until there was a place for all of them.  wanted: how many
 * workers all databases have together when everything runs.
 */
extern void respond_starter_begin_round(void);
extern void respond_starter_end_round(int wanted);

/* Milliseconds until something is to be done without a latch being set; -1: nothing. */
extern long respond_starter_next_due(void);

#endif							/* RESPOND_STARTER_H */
