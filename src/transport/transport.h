/*-------------------------------------------------------------------------
 * transport.h
 *	  Requests over the network: one libcurl multi handle and its sockets.
 *
 * Knows nothing of tables.  A transfer is filled in, started, and handed back
 * when it is done; between the two the process waits where it likes, as long as
 * it calls respond_transport_run() when the descriptor is readable or the time
 * is over.  Nothing in here raises an error once a transfer is started.
 *
 * src/transport/transport.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRANSPORT_H
#define RESPOND_TRANSPORT_H

#include "transport/transfer.h"

/*
 * Opens the multi handle and its epoll descriptor, which it returns; once per
 * process.  Raises an error when that cannot be done.
 */
extern int	respond_transport_open(void);

/* The settings about networks and certificates changed, or are set for the first time. */
extern void respond_transport_configure(void);

/* Starts a transfer, when the transport runs next.  One that cannot be started is done then, with its error. */
extern void respond_transport_start(Transfer *transfer);

/* Moves bytes: sockets that are ready, times that are over. */
extern void respond_transport_run(void);

/* Milliseconds until respond_transport_run() must be called; -1: no limit. */
extern long respond_transport_timeout(void);

/* A transfer that is done, NULL when there is none more. */
extern Transfer *respond_transport_take_done(void);

/* How many are under way. */
extern int	respond_transport_running(void);

#endif							/* RESPOND_TRANSPORT_H */
