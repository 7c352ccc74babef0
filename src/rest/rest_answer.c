/*-------------------------------------------------------------------------
 * rest_answer.c
 *	  Answers requests of the REST interface.
 *
 * One transaction: whose the request is, what it says, what it does as the role,
 * the answer that a repeat would get.  Whatever refuses undoes all of it.  What
 * was changed is answered once it is on disk, and with a synchronous standby there, too.
 *
 * src/rest/rest_answer.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "common/durable.h"
#include "rest/entity_tag.h"
#include "rest/idempotency.h"
#include "rest/link.h"
#include "rest/link_page.h"
#include "rest/rest_answer.h"
#include "rest/rest_body.h"
#include "rest/rest_error.h"
#include "rest/rest_query.h"
#include "rest/rest_routes.h"
#include "rest/rest_run.h"
#include "worker/worker.h"

/* How often a request is tried that others were in the way of. */
#define MAX_TRIES	3

/* How far it came. */
typedef struct Progress
{
	bool		as_role;		/* it ran as the role of its token */
	bool		expired;
} Progress;

/* --- before a transaction -------------------------------------------------- */

static void
answer_options(RestCall *call)
{
	call->answer = respond_web_answer(call->arena, 204, NULL, "", 0);
	respond_web_answer_field(call->arena, call->answer, "Allow", call->match.allow);
}

static bool
find_route(RestCall *call)
{
	const WebRequest *request = call->request;

	switch (respond_route_find(call->arena, call->routes, call->route_count, request->method, request->path,
							   &call->match))
	{
		case ROUTE_FOUND:
			call->route = call->match.route;
			return true;
		case ROUTE_NO_PATH:
			call->answer = respond_problem(call->arena, 404, "There is nothing of this name; /v1/openapi.json says"
										   " what there is.");
			return false;
		case ROUTE_NO_METHOD:
			break;
	}
	if (strcmp(request->method, "OPTIONS") == 0)
	{
		answer_options(call);
		return false;
	}
	call->answer = respond_problem(call->arena, 405, "This cannot be done with it.");
	respond_web_answer_field(call->arena, call->answer, "Allow", call->match.allow);
	return false;
}

static bool
check_flaw(RestCall *call)
{
	switch (call->request->flaw)
	{
		case WEB_WHOLE:
			return true;
		case WEB_TOO_LARGE:
			call->answer = respond_problem(call->arena, 413, "The body is too large.");
			break;
		case WEB_TOO_SLOW:
			call->answer = respond_problem(call->arena, 408, "The body did not come in time.");
			break;
	}
	return false;
}

static bool
check_accept(RestCall *call)
{
	if (respond_accepts(respond_web_field_list(call->arena, call->request, "accept"), "application/json"))
		return true;
	call->answer = respond_problem(call->arena, 406, "Answers are application/json.");
	return false;
}

/* --- in a transaction ------------------------------------------------------ */

/* The change may last or not; the same request with its Idempotency-Key asks again. */
static void
answer_unsafe(RestCall *call)
{
	call->answer = respond_problem(call->arena, 503, "The synchronous standby does not confirm the change; send the"
								   " request again.");
	respond_web_answer_field(call->arena, call->answer, "Retry-After", "5");
}

static bool
needs_body(const Route *route)
{
	return route->body != NULL && !(route->flags & ROUTE_CLOUD_EVENTS);
}

/* What has to be well before the request acts. */
static bool
prepare(RestCall *call)
{
	if (call->route->flags & ROUTE_PAGE)
		return respond_link_prepare(call);
	call->token = respond_token_check(call->arena, call->request, call->route->scope, &call->answer);
	return call->token != NULL && check_accept(call) && respond_rest_query_read(call) &&
		(!needs_body(call->route) || respond_body_read(call)) &&
		(call->route->flags & ROUTE_READS || respond_idempotency_begin(call));
}

static void
work(RestCall *call, Progress *progress)
{
	respond_worker_begin();
	if (call->route->flags & ROUTE_READS)
		XactReadOnly = true;
	if (prepare(call))
	{
		progress->as_role = true;
		respond_rest_run(call, &progress->expired);
		progress->as_role = false;
		if (!(call->route->flags & (ROUTE_READS | ROUTE_PAGE)) && call->answer->status < 400)
			respond_idempotency_end(call);
	}
	if (call->answer->status >= 400)
	{
		AbortCurrentTransaction();
		return;
	}
	respond_worker_commit();
	if (!(call->route->flags & ROUTE_READS) && !respond_durable_wait())
		answer_unsafe(call);
}

/* True: others were in the way, and it should be tried again. */
static bool
try_work(RestCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	Progress	progress = {0};
	volatile bool again = false;

	call->item = -1;
	PG_TRY();
	{
		work(call, &progress);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(context);
		again = respond_rest_error_is_chance(error);
		respond_rest_error(call, error, progress.as_role, progress.expired);
	}
	PG_END_TRY();
	respond_rest_run_end();
	MemoryContextSwitchTo(context);
	return again;
}

/* --- after it -------------------------------------------------------------- */

/* Nothing hangs on it, and nobody waits for it. */
static void
note_use(const Token *token)
{
	MemoryContext context = CurrentMemoryContext;

	if (token == NULL || !token->is_use_old || RecoveryInProgress())
		return;
	PG_TRY();
	{
		respond_worker_begin();
		respond_token_note_use(token);
		respond_worker_commit();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
}

/* People read pages, not problem documents. */
static void
refuse_person(RestCall *call)
{
	if (call->answer->status >= 400)
		respond_page_refuse(call, call->answer->status, call->refusal != NULL ? call->refusal : "");
}

WebAnswer *
respond_rest_answer(Arena *arena, const WebRequest *request)
{
	RestCall	call = {.arena = arena,.request = request,.routes = respond_rest_routes,
	.route_count = respond_rest_route_count};

	if (!check_flaw(&call) || !find_route(&call))
		return call.answer;
	if (call.route->flags & ROUTE_OPEN)
	{
		call.route->answer(&call);
		return call.answer;
	}
	for (int i = 1; try_work(&call) && i < MAX_TRIES; i++)
		;
	if (call.route->flags & ROUTE_PAGE)
		refuse_person(&call);
	else
		note_use(call.token);
	respond_web_answer_field(arena, call.answer, "Cache-Control", "no-store");
	return call.answer;
}
