/*-------------------------------------------------------------------------
 * rest_describe.c
 *	  The interface describes itself, in OpenAPI 3.1.
 *
 * src/rest/rest_describe.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rest/openapi.h"
#include "rest/rest_call.h"
#include "rest/rest_describe.h"

void
respond_rest_describe(RestCall *call)
{
	const char *target = call->request->target;
	size_t		length = strcspn(target, "?");
	size_t		own = strlen(call->request->path);
	JsonText	text;

	/* what the target has before the path is the name of the database */
	respond_json_text_begin(&text, call->arena);
	respond_openapi_write(&text, call->routes, call->route_count, RESPOND_VERSION,
						  respond_arena_copy(call->arena, target, length > own ? length - own : 0));
	call->answer = respond_web_answer(call->arena, 200, "application/json", text.bytes, text.length);
}
