/*-------------------------------------------------------------------------
 * gateway_route.h
 *	  Which room a request is for, by its path.
 *
 * src/gateway/gateway_route.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_ROUTE_H
#define RESPOND_GATEWAY_ROUTE_H

typedef enum Route
{
	ROUTE_NONE,					/* 404 */
	ROUTE_INBOUND,				/* webhooks: all that have come share a transaction */
	ROUTE_REST,
	ROUTE_STREAM,
	ROUTE_METRICS
} Route;

/* path: as in WebRequest. */
extern Route respond_gateway_route(const char *path);

#endif							/* RESPOND_GATEWAY_ROUTE_H */
