/*-------------------------------------------------------------------------
 * rebase.c
 *	  SQL functions about the cursor, for release() after a restore.
 *
 * src/dispatcher/rebase.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "common/arena_server.h"
#include "common/shmem.h"
#include "dispatcher/progress.h"

PG_FUNCTION_INFO_V1(respond_event_is_done);
PG_FUNCTION_INFO_V1(respond_handled_below);
PG_FUNCTION_INFO_V1(respond_event_lane);

/* The progress of one incarnation, in a list that lives as long as the query. */
typedef struct KnownProgress
{
	struct KnownProgress *next;
	int64		incarnation;
	Progress   *progress;
} KnownProgress;

static const Progress *
progress_of(FunctionCallInfo fcinfo, int64 incarnation)
{
	KnownProgress *known = fcinfo->flinfo->fn_extra;

	while (known != NULL && known->incarnation != incarnation)
		known = known->next;
	if (known == NULL)
	{
		known = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(KnownProgress));
		known->next = fcinfo->flinfo->fn_extra;
		known->incarnation = incarnation;
		known->progress = respond_progress_load(respond_arena_create_in(fcinfo->flinfo->fn_mcxt), incarnation);
		fcinfo->flinfo->fn_extra = known;
	}
	return known->progress;
}

/*
 * event_is_done(incarnation bigint, xid xid8, id bigint, subject text) →
 * boolean: whether the cursors that the event's database has stored say that it
 * was handled, in whatever division into lanes.  They are read once per query.
 */
Datum
respond_event_is_done(PG_FUNCTION_ARGS)
{
	FullTransactionId xid;
	char	   *subject;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	xid = PG_GETARG_FULLTRANSACTIONID(1);
	subject = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	PG_RETURN_BOOL(respond_progress_passed(progress_of(fcinfo, PG_GETARG_INT64(0)), 0,
										   U64FromFullTransactionId(xid), PG_GETARG_INT64(2), subject));
}

/* event_lane(subject text, id bigint, lanes integer) → integer: the dispatcher that handles the event, from 1 on. */
Datum
respond_event_lane(PG_FUNCTION_ARGS)
{
	char	   *subject = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_GETARG_INT32(2) < 1)
		PG_RETURN_NULL();
	PG_RETURN_INT32(respond_progress_lane(subject, PG_GETARG_INT64(1), PG_GETARG_INT32(2)) + 1);
}

/*
 * handled_below(incarnation bigint) → xid8: events of transactions below this one
 * were handled by the database with this mark, so nobody need look at them.
 */
Datum
respond_handled_below(PG_FUNCTION_ARGS)
{
	Arena	   *arena = respond_arena_create_in(CurrentMemoryContext);
	Progress   *progress = respond_progress_load(arena, PG_GETARG_INT64(0));
	uint64		below = 0;

	/* what the lanes of one division have all handled; in whatever division is handled */
	for (int lanes = 1; lanes <= RESPOND_MAX_LANES; lanes++)
	{
		Cursor	   *all = respond_progress_handled(arena, progress, lanes);

		if (all != NULL)
			below = Max(below, all->count > 0 ? all->running[0] : all->xmax);
	}
	PG_RETURN_FULLTRANSACTIONID(FullTransactionIdFromU64(below));
}
