/*-------------------------------------------------------------------------
 * worker.h
 *	  What every worker of a database does alike: claim its slot, connect, wait, end.
 *
 * src/worker/worker.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WORKER_H
#define RESPOND_WORKER_H

#include "common/shmem.h"
#include "worker/wait_event.h"

/* Entry point of the courier, started by the launcher; main_arg is slot number and generation. */
extern PGDLLEXPORT void respond_courier_main(Datum main_arg);

/*
 * First call of an entry point: claims the slot, connects to the slot's
 * database as respond_worker, pins the settings that an ALTER SYSTEM must not
 * change for workers, and returns the slot.  Ends the process (exit 0) when the
 * slot was given to somebody else, the database is gone or the extension is not
 * there.  A listener connects to no database.
 */
extern WorkerSlot *respond_worker_start(Datum main_arg, WorkerKind kind);

/* "clock", "dispatcher" and so on: in names of processes and entry points, and in respond.worker. */
extern const char *respond_worker_kind_name(WorkerKind kind);

/* What the launcher hands to an entry point. */
extern Datum respond_worker_argument(int slot, uint32 generation);

/* Whether the settings want workers of this kind: pg_respond.enabled, and what switches the kind. */
extern bool respond_worker_is_switched_on(WorkerKind kind);

/* Whether workers must keep out of the database now; under the lock. */
extern bool respond_worker_is_barred(Oid database);

/* The slot of this process, NULL in other processes. */
extern WorkerSlot *respond_worker_slot;

/*
 * Sleeps until the latch is set, the time is over or an interrupt ends the
 * process; reloads settings when asked to.  milliseconds < 0: no limit.  The
 * latch is reset; callers look for work after it, never before.
 *
 * Protocol against lost wake-ups: set slot->sleeping to 1, look for work once
 * more, then call this; it clears sleeping.
 */
extern void respond_worker_wait(long milliseconds);

/* The same after something that was in the way, before the next try. */
extern void respond_worker_pause(long milliseconds);

/* What this worker waits for when it has nothing to do. */
extern Sleep respond_worker_sleep(void);

/* What comes after the sleep, for workers that wait for other things besides. */
extern void respond_worker_woken(void);

/*
 * In a transaction: locks the extension against DROP until the transaction
 * ends and makes sure that it is still there; ends the process when it is not.
 * Every transaction of a worker begins with it.
 */
extern void respond_worker_lock_extension(void);

/* Starts a transaction that begins so; no snapshot is taken. */
extern void respond_worker_begin(void);

/*
 * Commits it, and goes back to the memory context in which it was begun; the
 * server would leave that of the whole process.
 */
extern void respond_worker_commit(void);

/*
 * For what a worker must do before it can begin: calls the function until
 * nothing that passes is in its way, a lock, a full disk.  What the function did
 * before such an error is rolled back.  Other errors end the process as ever.
 */
extern void respond_worker_insist(void (*function) (void *argument), void *argument, const char *what);

/*
 * For the clock: the entry of its database in shared memory, made if it is not
 * there.  The caller sets hold if *created and then calls
 * respond_latch_wake_launcher(), which starts the dispatchers.
 */
extern DatabaseSlot *respond_worker_open_database(bool *created);

/* Whether the workers shall rest: somebody wishes it, after a restore, or because of foreign code on our tables. */
extern bool respond_worker_on_hold(void);

/* Sets the latches of all workers of a database. */
extern void respond_worker_wake_all(Oid database);

/* Sets that flag and lets the database's workers see it now. */
extern void respond_worker_set_hold(Oid database, bool hold);

/* Ends the process in the middle of its work, which the next one does again; in a worker only. */
extern void respond_worker_make_way(void);

/* Ends the process in good order when the launcher asked it to stop. */
extern void respond_worker_check_stop(void);

#endif							/* RESPOND_WORKER_H */
