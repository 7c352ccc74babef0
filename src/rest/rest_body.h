/*-------------------------------------------------------------------------
 * rest_body.h
 *	  The body of a request, checked against what its route takes.
 *
 * src/rest/rest_body.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_BODY_H
#define RESPOND_REST_BODY_H

#include "rest/rest_call.h"

/* Reads the body, in a transaction; false: call->answer refuses it and names each place that is wrong. */
extern bool respond_body_read(RestCall *call);

/* Parses JSON in UTF-8, in a transaction; NULL: it is none, and *fault says why, palloc'd. */
extern JsonValue *respond_body_parse(Arena *arena, const char *bytes, size_t length, const char **fault);

/* What a field holds; NULL: it is not there. */
extern const JsonValue *respond_body_field(const RestCall *call, const char *name);

/* The text of a field; NULL: it is not there, or null. */
extern const char *respond_body_text(const RestCall *call, const char *name);

/* The JSON of a field, palloc'd; NULL: it is not there. */
extern char *respond_body_json(const RestCall *call, const char *name);

#endif							/* RESPOND_REST_BODY_H */
