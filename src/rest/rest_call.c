/*-------------------------------------------------------------------------
 * rest_call.c
 *	  One request of the REST interface on its way to an answer.
 *
 * src/rest/rest_call.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/recode.h"
#include "rest/rest_call.h"

#define JSON_TYPE	"application/json"

const char *
respond_call_value(const RestCall *call, int i)
{
	return respond_call_from_utf8(call->match.values[i], strlen(call->match.values[i]));
}

int64
respond_call_id(const RestCall *call)
{
	int64_t		id = 0;

	(void) respond_route_number(call->match.values[0], &id);
	return id;
}

const char *
respond_call_utf8(RestCall *call, const char *text)
{
	size_t		length = strlen(text);
	const char *utf8 = respond_to_utf8(text, &length);

	return respond_arena_copy(call->arena, utf8, length);
}

char *
respond_call_from_utf8(const char *text, size_t length)
{
	char	   *converted = pg_any_to_server(text, (int) length, PG_UTF8);

	return converted == text ? pnstrdup(text, length) : converted;
}

void
respond_call_json(RestCall *call, int status, const char *json)
{
	const char *utf8 = respond_call_utf8(call, json);

	call->answer = respond_web_answer(call->arena, status, JSON_TYPE, utf8, strlen(utf8));
}

void
respond_call_refuse(RestCall *call, int status, const char *detail)
{
	call->refusal = respond_call_utf8(call, detail);
	call->answer = respond_problem(call->arena, status, call->refusal);
}

void
respond_call_refuse_place(RestCall *call, int status, const ProblemPlace *place)
{
	ProblemPlace shown = *place;
	const char *where = place->pointer != NULL ? place->pointer : place->parameter;

	if (place->pointer != NULL)
		shown.pointer = respond_call_utf8(call, place->pointer);
	else
		shown.parameter = respond_call_utf8(call, place->parameter);
	shown.detail = respond_call_utf8(call, place->detail);
	where = respond_call_utf8(call, psprintf("%s: %s", where, place->detail));
	call->answer = respond_problem_at(call->arena, status, where, NULL, &shown, 1);
}

void
respond_call_locate(RestCall *call, const char *path)
{
	const char *target = call->request->target;
	size_t		length = strcspn(target, "?");
	size_t		own = strlen(call->request->path);

	/* what the target has before the path is the name of the database */
	if (length >= own && strncmp(target + length - own, call->request->path, own) == 0)
		path = psprintf("%.*s%s", (int) (length - own), target, path);
	respond_web_answer_field(call->arena, call->answer, "Location", path);
}
