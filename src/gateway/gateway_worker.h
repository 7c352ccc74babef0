/*-------------------------------------------------------------------------
 * gateway_worker.h
 *	  The gateways of a database: workers that answer requests from the network.
 *
 * src/gateway/gateway_worker.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_WORKER_H
#define RESPOND_GATEWAY_WORKER_H

/* Entry point, started by the launcher; main_arg is slot number and generation. */
extern PGDLLEXPORT void respond_gateway_main(Datum main_arg);

#endif							/* RESPOND_GATEWAY_WORKER_H */
