/*-------------------------------------------------------------------------
 * rest_describe.h
 *	  The interface describes itself, in OpenAPI 3.1.
 *
 * src/rest/rest_describe.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REST_DESCRIBE_H
#define RESPOND_REST_DESCRIBE_H

struct RestCall;

/* Answers GET /v1/openapi.json. */
extern void respond_rest_describe(struct RestCall *call);

#endif							/* RESPOND_REST_DESCRIBE_H */
