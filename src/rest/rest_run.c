/*-------------------------------------------------------------------------
 * rest_run.c
 *	  Answers requests as the role of their token.
 *
 * One process answers the requests of many roles one after the other.  They run
 * as the SQL of rules does (see owner/owner_guard.c): as the role, in a
 * security-restricted operation, with a level of settings and a timer of their
 * own, and with nothing left behind for the next one.  The role is that of SET
 * ROLE, too, so whatever asks who acts is told the role; who is logged in is the
 * token.
 *
 * A caller that leaves has its statement cancelled, and what it did undone.  What was
 * finished by then is committed as ever: the same request with its Idempotency-Key gets
 * the answer.
 *
 * What a route runs are statements of ours.  Code of others can hide in them all
 * the same, in a policy of row level security for one.  It could become our own
 * role again but for the restriction.
 *
 * src/rest/rest_run.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"

#include "common/door.h"
#include "common/guc.h"
#include "companion/frame_watch.h"
#include "event/event_context.h"
#include "owner/owner_guard.h"
#include "rest/rest_run.h"

static bool is_other_role = false;

static void
answer(void *argument)
{
	RestCall   *call = argument;

	respond_door_pin(DOOR_FORMATS);
	SPI_connect();
	respond_frame_watch_begin();
	PG_TRY();
	{
		call->route->answer(call);
	}
	PG_FINALLY();
	{
		call->has_left = respond_frame_watch_end();
	}
	PG_END_TRY();
	SPI_finish();
}

void
respond_rest_run(RestCall *call, bool *expired)
{
	Oid			role = call->token->role;
	EventContext context = {.login = psprintf("token:%s", call->token->name)};
	OwnerCall	run = {.function = answer,.argument = call,.owner = role,.may_lock = true,.is_request = true,
	.own_code = (call->route->flags & ROUTE_OWN_CODE) != 0,.expired = expired};

	run.timeout = respond_gateway_statement_timeout;
	is_other_role = true;
	respond_event_context_set(context);
	SetCurrentRoleId(role, superuser_arg(role));
	respond_owner_call(&run);
	respond_rest_run_end();
}

void
respond_rest_run_end(void)
{
	EventContext none = {0};

	if (!is_other_role)
		return;
	is_other_role = false;
	respond_event_context_set(none);
	SetCurrentRoleId(InvalidOid, false);
}
