/*-------------------------------------------------------------------------
 * openapi_others.h
 *	  Paths that other rooms answer, in a document of OpenAPI 3.1.
 *
 * It builds without a server.
 *
 * src/rest/openapi_others.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OPENAPI_OTHERS_H
#define RESPOND_OPENAPI_OTHERS_H

#include "companion/json_text.h"

/* Appends them as members of "paths"; schemas that they name are among those of the routes. */
extern void respond_openapi_others(JsonText *text);

#endif							/* RESPOND_OPENAPI_OTHERS_H */
