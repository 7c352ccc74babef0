/*-------------------------------------------------------------------------
 * event_defaults.c
 *	  The SQL functions behind the defaults of respond.event.
 *
 * As defaults they cost no trigger: COPY and multi-row INSERTs keep their fast
 * way in.  None of them is parallel safe: they read variables of this process.
 *
 * src/event/event_defaults.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

#include "event/event_context.h"
#include "event/event_defaults.h"
#include "event/wake.h"

PG_FUNCTION_INFO_V1(respond_event_xid);
PG_FUNCTION_INFO_V1(respond_event_actor);
PG_FUNCTION_INFO_V1(respond_event_current_cause);
PG_FUNCTION_INFO_V1(respond_event_current_depth);
PG_FUNCTION_INFO_V1(respond_event_default_source);

FullTransactionId
respond_event_defaults_xid(void)
{
	/* Inside a savepoint too it is the top-level transaction that counts. */
	FullTransactionId xid = GetTopFullTransactionId();

	respond_wake_at_commit();
	return xid;
}

char *
respond_event_defaults_source(void)
{
	char	   *database = get_database_name(MyDatabaseId);

	return psprintf("/%s", database != NULL ? database : "");
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
	PG_RETURN_TEXT_P(cstring_to_text(respond_event_context_actor()));
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

/* current_depth() → integer: 0 outside of rules, else one below the cause. */
Datum
respond_event_current_depth(PG_FUNCTION_ARGS)
{
	const EventContext *context = respond_event_context();

	PG_RETURN_INT32(context->event_id == 0 ? 0 : context->depth + 1);
}

/* default_source() → text: a slash and the name of the database. */
Datum
respond_event_default_source(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(respond_event_defaults_source()));
}
