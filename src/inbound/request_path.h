/*-------------------------------------------------------------------------
 * request_path.h
 *	  What stands at a place of a request, such as headers.x-request-id or data.event.id.
 *
 * It builds without a server.
 *
 * src/inbound/request_path.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REQUEST_PATH_H
#define RESPOND_REQUEST_PATH_H

#include "common/arena.h"
#include "common/json_value.h"
#include "companion/web_request.h"

typedef enum PathVerdict
{
	PATH_FOUND,
	PATH_MISSING,				/* or it is empty, null, a list or an object */
	PATH_TWICE					/* the header came more than once, so nobody knows which one counts */
} PathVerdict;

/*
 * A path begins with "headers." and goes on with a name in lower case, or with
 * "data." and goes on as paths in tags do (tag_path.h).  data: the body, NULL
 * if it is not JSON.  *text: a text, a number's digits, or true or false.
 */
extern PathVerdict respond_request_path_find(Arena *arena, const WebRequest *request, const JsonValue *data,
											 const char *path, const char **text);

/* Why nothing can stand at a path, as the rest of a sentence; NULL: something can. */
extern const char *respond_request_path_fault(const char *path);

#endif							/* RESPOND_REQUEST_PATH_H */
