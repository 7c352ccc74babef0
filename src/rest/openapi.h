/*-------------------------------------------------------------------------
 * openapi.h
 *	  A table of routes as a document of OpenAPI 3.1.
 *
 * It builds without a server.
 *
 * src/rest/openapi.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OPENAPI_H
#define RESPOND_OPENAPI_H

#include "companion/json_text.h"
#include "rest/route.h"

/* server: what stands before the paths, such as "/desk"; may be empty. */
extern void respond_openapi_write(JsonText *text, const Route *routes, int count, const char *version,
								  const char *server);

#endif							/* RESPOND_OPENAPI_H */
