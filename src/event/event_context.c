/*-------------------------------------------------------------------------
 * event_context.c
 *	  On whose behalf SQL runs now.
 *
 * One variable of the process.  The dispatcher sets it around each rule, a gateway
 * around each request; client backends never do, so for them it stays empty.
 *
 * src/event/event_context.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/errors.h"
#include "common/guc.h"
#include "event/event_context.h"

static EventContext current_context = {0};

static int64 caused = 0;
static int64 counted_run = 0;
static int64 caused_by_run = 0;

EventContext
respond_event_context_set(EventContext context)
{
	EventContext before = current_context;

	current_context = context;
	return before;
}

const EventContext *
respond_event_context(void)
{
	return &current_context;
}

static char *
role_name(Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	return name != NULL ? name : psprintf("%u", role);
}

char *
respond_event_context_actor(void)
{
	if (current_context.rule != NULL)
		return psprintf("rule:%s", current_context.rule);

	/*
	 * The outer user: SET ROLE counts (a connection pool tells its users apart
	 * by it), SECURITY DEFINER does not, because the function is a tool of
	 * whoever called it.
	 */
	return role_name(GetOuterUserId());
}

char *
respond_event_context_session_actor(void)
{
	if (current_context.rule != NULL)
		return NULL;
	if (current_context.login != NULL)
		return pstrdup(current_context.login);
	if (GetSessionUserId() == GetOuterUserId())
		return NULL;
	return role_name(GetSessionUserId());
}

void
respond_event_context_count(int64 things)
{
	if (current_context.rule != NULL)
		caused += things;
	if (current_context.run_id == 0)
		return;
	if (current_context.run_id != counted_run)
	{
		counted_run = current_context.run_id;
		caused_by_run = 0;
	}
	caused_by_run += things;
}

void
respond_event_context_check_fan_out(void)
{
	if (current_context.run_id != 0 && current_context.run_id == counted_run && caused_by_run > respond_max_fan_out)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("the run causes more events, tickets, comments and deliveries than is allowed"),
				 errdetail("At most %d are allowed.", respond_max_fan_out),
				 errhint("Let the rule do less, or consider increasing \"%s\".", "pg_respond.max_fan_out")));
}

void
respond_event_context_fan_out(void)
{
	respond_event_context_count(1);
	respond_event_context_check_fan_out();
}

int64
respond_event_context_caused_by(int64 run_id)
{
	return run_id != 0 && run_id == counted_run ? caused_by_run : 0;
}

void
respond_event_context_take_up(int64 run_id, int64 things)
{
	counted_run = run_id;
	caused_by_run = things;
}

int64
respond_event_context_caused(void)
{
	return caused;
}
