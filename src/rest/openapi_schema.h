/*-------------------------------------------------------------------------
 * openapi_schema.h
 *	  Resources as schemas of OpenAPI 3.1.
 *
 * It builds without a server.
 *
 * src/rest/openapi_schema.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OPENAPI_SCHEMA_H
#define RESPOND_OPENAPI_SCHEMA_H

#include <stdbool.h>

#include "companion/json_text.h"
#include "rest/resource.h"
#include "rest/route.h"

/* The member "schemas" of "components": each resource that a route names, a page of those in lists, and Problem. */
extern void respond_openapi_schemas(JsonText *text, const Route *routes, int count);

/* A reference to one of them; suffix is "" or "Page". */
extern void respond_openapi_reference(JsonText *text, const char *name, const char *suffix);

/* The words of a list with commas, as an array of JSON. */
extern void respond_openapi_words(JsonText *text, const char *words);

#endif							/* RESPOND_OPENAPI_SCHEMA_H */
