/*-------------------------------------------------------------------------
 * event_defaults.c
 *	  What an event gets when its producer does not say.
 *
 * Here as C for those who write events, and as SQL functions for the defaults
 * of other tables.  None of these is parallel safe: they read variables of this
 * process.
 *
 * src/event/event_defaults.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/xid8.h"

#include "common/life.h"
#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/wake.h"

PG_FUNCTION_INFO_V1(respond_event_xid);
PG_FUNCTION_INFO_V1(respond_event_actor);
PG_FUNCTION_INFO_V1(respond_event_session_actor);
PG_FUNCTION_INFO_V1(respond_event_current_cause);

FullTransactionId
respond_event_defaults_xid(void)
{
	/* Inside a savepoint too it is the top-level transaction that counts. */
	FullTransactionId xid = GetTopFullTransactionId();

	respond_wake_at_commit();
	return xid;
}

/*
 * The name that was looked up last: it is the same for all rows of a COPY, and
 * for most transactions of a session.
 */
static text *known_role = NULL;
static Oid	known_role_id = InvalidOid;

static void
forget_name(Datum argument, int cache_id, uint32 hash_value)
{
	if (known_role != NULL)
		pfree(known_role);
	known_role = NULL;
}

/* Callers get copies: an invalidation may come while a row is being made. */
static text *
copy_text(const text *original)
{
	text	   *copy = palloc(VARSIZE(original));

	memcpy(copy, original, VARSIZE(original));
	return copy;
}

static text *
keep_text(const char *string)
{
	static bool registered = false;
	MemoryContext before = MemoryContextSwitchTo(CacheMemoryContext);
	text	   *kept = cstring_to_text(string);

	MemoryContextSwitchTo(before);
	if (!registered)
	{
		CacheRegisterSyscacheCallback(AUTHOID, forget_name, (Datum) 0);
		registered = true;
	}
	return kept;
}

text *
respond_event_defaults_source(void)
{
	return respond_life_source();
}

text *
respond_event_defaults_actor(void)
{
	Oid			role = GetOuterUserId();

	if (respond_event_context()->rule != NULL)
		return cstring_to_text(respond_event_context_actor());
	if (known_role != NULL && known_role_id != role)
	{
		pfree(known_role);
		known_role = NULL;
	}
	if (known_role == NULL)
	{
		known_role = keep_text(respond_event_context_actor());
		known_role_id = role;
	}
	return copy_text(known_role);
}

/* event_xid() → xid8: the top-level transaction; its commit wakes the dispatchers. */
Datum
respond_event_xid(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("event_xid()");
	PreventCommandDuringRecovery("event_xid()");
	PreventCommandIfParallelMode("event_xid()");
	PG_RETURN_FULLTRANSACTIONID(respond_event_defaults_xid());
}

/* actor() → text: the session's role, or rule:NAME. */
Datum
respond_event_actor(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(respond_event_defaults_actor());
}

/* session_actor() → text: who is logged in, NULL when that is the actor. */
Datum
respond_event_session_actor(PG_FUNCTION_ARGS)
{
	char	   *actor = respond_event_context_session_actor();

	if (actor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(actor));
}

/* current_cause() → bigint: the event whose rule runs, or NULL. */
Datum
respond_event_current_cause(PG_FUNCTION_ARGS)
{
	const EventContext *context = respond_event_context();

	if (context->event_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(context->event_id);
}
