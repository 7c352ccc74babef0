/*-------------------------------------------------------------------------
 * rebase.c
 *	  SQL functions about the cursor, for release() after a restore.
 *
 * src/dispatcher/rebase.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "common/arena_server.h"
#include "dispatcher/progress.h"

PG_FUNCTION_INFO_V1(respond_event_is_done);
PG_FUNCTION_INFO_V1(respond_cursor_now);

/*
 * event_is_done(xid xid8, id bigint, subject text) → boolean: whether the
 * stored cursors say that the event was handled, in whatever division into
 * lanes.  The cursors are read once per query.
 */
Datum
respond_event_is_done(PG_FUNCTION_ARGS)
{
	Progress   *progress = fcinfo->flinfo->fn_extra;
	FullTransactionId xid;
	char	   *subject;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (progress == NULL)
	{
		progress = respond_progress_load(respond_arena_create_in(fcinfo->flinfo->fn_mcxt));
		fcinfo->flinfo->fn_extra = progress;
	}
	xid = PG_GETARG_FULLTRANSACTIONID(0);
	subject = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	PG_RETURN_BOOL(respond_progress_passed(progress, 0, U64FromFullTransactionId(xid),
										   PG_GETARG_INT64(1), subject));
}

/*
 * cursor_now() → pg_snapshot: all transactions that the running statement can
 * see, but for its own, whose later events would otherwise be passed over.
 */
Datum
respond_cursor_now(PG_FUNCTION_ARGS)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Cursor	   *now = respond_progress_snapshot(arena);
	FullTransactionId own = GetTopFullTransactionIdIfAny();

	if (FullTransactionIdIsValid(own))
		now = respond_cursor_without(arena, now, U64FromFullTransactionId(own));
	PG_RETURN_DATUM(respond_progress_datum(now));
}
