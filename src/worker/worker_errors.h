/*-------------------------------------------------------------------------
 * worker_errors.h
 *	  Whether a worker does nothing but fail.
 *
 * src/worker/worker_errors.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WORKER_ERRORS_H
#define RESPOND_WORKER_ERRORS_H

/* In a worker: what it tried raised an error that its loop caught; by SQLSTATE. */
extern void respond_worker_failed(int code);

/* In a worker: what it tried went well, so what failed before is over. */
extern void respond_worker_succeeded(void);

#endif							/* RESPOND_WORKER_ERRORS_H */
