/*-------------------------------------------------------------------------
 * route.h
 *	  Which database and which lane a request is for.
 *
 * A path begins with the name of the database, or its host name means one.
 *
 * src/listener/route.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ROUTE_H
#define RESPOND_ROUTE_H

#include "listener/http_head.h"
#include "listener/worker.h"

typedef struct Route
{
	Database   *database;
	LaneKind	lane;
	HttpText	path;			/* behind the name of the database; begins with '/' */
} Route;

/*
 * The way of a request.  host: its Host in lower case.  Returns 0, or the status of
 * a refusal: 404, or 503 while the workers of the database may still come.
 */
extern int	respond_route(const HttpHead *head, HttpText host, Route *route);

#endif							/* RESPOND_ROUTE_H */
