/*-------------------------------------------------------------------------
 * listener_worker.h
 *	  The listener: one worker for the cluster, which keeps the program that meets callers.
 *
 * src/gateway/listener_worker.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LISTENER_WORKER_H
#define RESPOND_LISTENER_WORKER_H

/* Entry point, started by the launcher; main_arg is slot number and generation. */
extern PGDLLEXPORT void respond_listener_main(Datum main_arg);

#endif							/* RESPOND_LISTENER_WORKER_H */
