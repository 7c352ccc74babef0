/*-------------------------------------------------------------------------
 * dispatcher.h
 *	  The worker that turns events into effects.
 *
 * src/dispatcher/dispatcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DISPATCHER_H
#define RESPOND_DISPATCHER_H

/* Entry point, started by the launcher; main_arg is slot number and generation. */
extern PGDLLEXPORT void respond_dispatcher_main(Datum main_arg);

#endif							/* RESPOND_DISPATCHER_H */
