/*-------------------------------------------------------------------------
 * merge.c
 *	  Two tickets about the same thing become one.
 *
 * The comments move, the tags are united, and the ticket that was merged is
 * closed and leads to the other one.
 *
 * Both rows are locked with the caller's rights, so the policies of the desk say
 * who may: whoever does not see a ticket hears that there is none.  They are
 * locked in the order of their numbers, whichever is merged into which.  The
 * lock is the one that a comment under way waits for and is waited for: none
 * stays behind unseen.  All that decides is read from the locked rows.
 *
 * A closed ticket stays closed, and only an unclosed one can be merged into.  So
 * the chain that begins at a ticket never comes back to it, and two that are
 * merged into each other at once cannot both be.
 *
 * src/desk/merge.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/kept_plan.h"
#include "desk/merge.h"
#include "desk/recorder.h"
#include "desk/ticket_words.h"

PG_FUNCTION_INFO_V1(respond_merge);

static KeptPlan lock_both = {
	"SELECT t.id, t.status OPERATOR(pg_catalog.=) 'closed', t.merged_into FROM respond.ticket AS t"
	" WHERE t.id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY t.id FOR UPDATE OF t",
	1, {INT8ARRAYOID}
};
static KeptPlan leads_to = {
	"WITH RECURSIVE chain AS ("
	"SELECT t.merged_into FROM respond.ticket AS t WHERE t.id OPERATOR(pg_catalog.=) $1"
	" UNION SELECT t.merged_into FROM chain AS c"
	" JOIN respond.ticket AS t ON t.id OPERATOR(pg_catalog.=) c.merged_into)"
	" SELECT FROM chain AS c WHERE c.merged_into OPERATOR(pg_catalog.=) $2",
	2, {INT8OID, INT8OID}
};
static KeptPlan move_comments = {
	"UPDATE respond.comment AS c SET ticket_id = $2 WHERE c.ticket_id OPERATOR(pg_catalog.=) $1",
	2, {INT8OID, INT8OID}
};
static KeptPlan find_comment = {
	"SELECT c.id FROM respond.comment AS c WHERE c.ticket_id OPERATOR(pg_catalog.=) $1 LIMIT 1",
	1, {INT8OID}
};
static KeptPlan close_merged = {
	"UPDATE respond.ticket AS t SET status = 'closed', merged_into = $2 WHERE t.id OPERATOR(pg_catalog.=) $1",
	2, {INT8OID, INT8OID}
};

/* The guard of tickets takes those out that come twice. */
static KeptPlan unite_tags = {
	"UPDATE respond.ticket AS t SET tags = t.tags OPERATOR(pg_catalog.||) f.tags FROM respond.ticket AS f"
	" WHERE t.id OPERATOR(pg_catalog.=) $2 AND f.id OPERATOR(pg_catalog.=) $1"
	" AND NOT f.tags OPERATOR(pg_catalog.<@) t.tags",
	2, {INT8OID, INT8OID}
};

/* A ticket as it was when it was locked. */
typedef struct Locked
{
	bool		found;
	bool		closed;
	int64		merged_into;	/* 0: not merged */
} Locked;

/* What is being written; 0: nothing. */
static int64 writes_from = 0;
static int64 writes_into = 0;

bool
respond_merge_writes(int64 from_ticket, int64 into_ticket)
{
	return writes_from != 0 && writes_from == from_ticket && writes_into == into_ticket;
}

static void
lock_tickets(int64 from_ticket, int64 into_ticket, Locked *from, Locked *into)
{
	Datum		ids[2] = {Int64GetDatum(from_ticket), Int64GetDatum(into_ticket)};
	Datum		argument = PointerGetDatum(construct_array(ids, 2, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
														   TYPALIGN_DOUBLE));
	uint64		count = respond_kept_plan_run(&lock_both, &argument, NULL);

	for (uint64 i = 0; i < count; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		is_null;
		int64		id = DatumGetInt64(SPI_getbinval(row, desc, 1, &is_null));
		Locked	   *locked = id == from_ticket ? from : into;
		Datum		value;

		locked->found = true;
		locked->closed = DatumGetBool(SPI_getbinval(row, desc, 2, &is_null));
		value = SPI_getbinval(row, desc, 3, &is_null);
		locked->merged_into = is_null ? 0 : DatumGetInt64(value);
	}
}

static void
require_found(int64 id, const Locked *locked)
{
	if (!locked->found)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("ticket " INT64_FORMAT " does not exist", id),
				 errhint("Look it up in respond.ticket.")));
}

/* Which of the tickets it is about stands first in each message, its reason after it. */
static void
require_unclosed(int64 id, const Locked *locked)
{
	if (locked->merged_into != 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_TRANSITION),
				 errmsg("ticket " INT64_FORMAT " cannot be merged: it was merged into ticket " INT64_FORMAT,
						id, locked->merged_into),
				 errhint("Name ticket " INT64_FORMAT " instead.", locked->merged_into)));
	if (locked->closed)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_TRANSITION),
				 errmsg("ticket " INT64_FORMAT " cannot be merged: it is closed", id),
				 errhint("A closed ticket stays as it is.")));
}

/* The chain goes over tickets that the caller sees, so that nothing is told of others. */
static void
refuse_ring(int64 from_ticket, int64 into_ticket)
{
	Datum		values[2] = {Int64GetDatum(into_ticket), Int64GetDatum(from_ticket)};

	if (respond_kept_plan_run(&leads_to, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_TRANSITION),
				 errmsg("ticket " INT64_FORMAT " cannot be merged into ticket " INT64_FORMAT
						", which was merged into it", from_ticket, into_ticket),
				 errhint("Both numbers lead to ticket " INT64_FORMAT " already.", from_ticket)));
}

/* {"ticket_id": of the subject, "from_ticket": n, "into_ticket": n, "comments": n} */
static Jsonb *
merge_document(int64 subject, int64 from_ticket, int64 into_ticket, int64 comments)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (subject != 0)
		respond_jsonb_push_int64(&state, "ticket_id", subject);
	respond_jsonb_push_int64(&state, "from_ticket", from_ticket);
	respond_jsonb_push_int64(&state, "into_ticket", into_ticket);
	respond_jsonb_push_int64(&state, "comments", comments);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
record_merge(int64 from_ticket, int64 into_ticket, int64 comments)
{
	Recorder   *recorder = respond_recorder_begin();
	int64		subjects[2] = {from_ticket, into_ticket};

	for (int i = 0; i < lengthof(subjects); i++)
	{
		MemoryContext old = MemoryContextSwitchTo(respond_recorder_memory(recorder));
		Origin		origin = respond_recorder_origin(recorder, 0);
		Jsonb	   *what = merge_document(0, from_ticket, into_ticket, comments);

		respond_recorder_event(recorder, &origin, "ticket.merged", subjects[i],
							   merge_document(subjects[i], from_ticket, into_ticket, comments));
		respond_recorder_audit(recorder, &origin, "ticket.merged", subjects[i], NULL, what);
		respond_recorder_history(recorder, &origin, subjects[i], "merged", NULL, what);
		MemoryContextSwitchTo(old);
		respond_recorder_row_done(recorder);
	}
	respond_recorder_end(recorder);
}

/* Under REPEATABLE READ a comment may be there that this transaction does not see, and cannot move. */
static int64
move_all_comments(Datum *values)
{
	int64		count = respond_kept_plan_run_as_owner(&move_comments, values, NULL);

	if (IsolationUsesXactSnapshot() && respond_kept_plan_run_newest(&find_comment, values, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update"),
				 errdetail("A comment was written on ticket " INT64_FORMAT " meanwhile.", DatumGetInt64(values[0]))));
	return count;
}

static void
close_ticket(Datum *values)
{
	int64		outer_from = writes_from;
	int64		outer_into = writes_into;

	PG_TRY();
	{
		writes_from = DatumGetInt64(values[0]);
		writes_into = DatumGetInt64(values[1]);
		respond_kept_plan_run_as_owner(&close_merged, values, NULL);
	}
	PG_FINALLY();
	{
		writes_from = outer_from;
		writes_into = outer_into;
	}
	PG_END_TRY();
}

/*
 * merge(from_ticket, into_ticket) → number of comments that moved.  Raises
 * ERRCODE_NO_DATA_FOUND for a ticket that the caller does not see,
 * ERRCODE_RESPOND_INVALID_TRANSITION for a closed one.
 */
Datum
respond_merge(PG_FUNCTION_ARGS)
{
	Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	int64		from_ticket = PG_GETARG_INT64(0);
	int64		into_ticket = PG_GETARG_INT64(1);
	Locked		from = {0};
	Locked		into = {0};
	int64		comments;

	if (from_ticket == into_ticket)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a ticket cannot be merged into itself"),
				 errhint("Name the ticket that goes first, then the one that stays.")));
	SPI_connect();
	lock_tickets(from_ticket, into_ticket, &from, &into);
	require_found(from_ticket, &from);
	require_found(into_ticket, &into);
	require_unclosed(from_ticket, &from);
	if (into.merged_into != 0)
		refuse_ring(from_ticket, into_ticket);
	require_unclosed(into_ticket, &into);

	comments = move_all_comments(values);
	respond_kept_plan_run_as_owner(&unite_tags, values, NULL);
	close_ticket(values);
	SPI_finish();
	record_merge(from_ticket, into_ticket, comments);
	PG_RETURN_INT64(comments);
}
