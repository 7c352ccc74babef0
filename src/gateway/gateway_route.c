/*-------------------------------------------------------------------------
 * gateway_route.c
 *	  Which room a request is for, by its path.
 *
 * It builds without a server.
 *
 * src/gateway/gateway_route.c
 *-------------------------------------------------------------------------
 */
#include "gateway/gateway_route.h"

#include <stddef.h>
#include <string.h>

/* The first that fits counts.  A path that ends with a slash stands for all below it. */
static const struct
{
	const char *path;
	Route		route;
}			routes[] = {
	{"/in/", ROUTE_INBOUND},
	{"/v2/enqueue", ROUTE_INBOUND},
	{"/metrics", ROUTE_METRICS},
	{"/v1/stream", ROUTE_STREAM},
	{"/v1/", ROUTE_REST},
};

Route
respond_gateway_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
	{
		size_t		length = strlen(routes[i].path);

		if (strncmp(path, routes[i].path, length) == 0 &&
			(routes[i].path[length - 1] == '/' || path[length] == '\0'))
			return routes[i].route;
	}
	return ROUTE_NONE;
}
