/*-------------------------------------------------------------------------
 * rest_routes.h
 *	  The table of what can be asked for.
 *
 * src/rest/rest_routes.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_ROUTES_H
#define RESPOND_REST_ROUTES_H

#include "rest/route.h"

extern const Route respond_rest_routes[];
extern const int respond_rest_route_count;

#endif							/* RESPOND_REST_ROUTES_H */
