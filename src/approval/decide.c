/*-------------------------------------------------------------------------
 * decide.c
 *	  SQL functions: decide(), and who may.
 *
 * A person is a role that somebody works as: the one that is logged in, or the
 * one that SET ROLE made of it (a connection pool tells its users apart by it).
 * Who is logged in comes first, so that one person who may become others has one
 * vote all the same.  What runs in a security-restricted operation, such as the
 * index expression of somebody's table, is nobody's decision.
 *
 * These functions are C because a function with SECURITY DEFINER does not know
 * who called it.
 *
 * src/approval/decide.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "approval/approval_record.h"
#include "approval/approver.h"
#include "approval/tally.h"
#include "approval/text_list.h"
#include "audit/audit_write.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/jsonb_push.h"
#include "common/standby.h"
#include "event/event_context.h"
#include "outbox/run_inbox.h"

/* Longest comment, in bytes. */
#define MAX_COMMENT		(16 * 1024)

PG_FUNCTION_INFO_V1(respond_decide);
PG_FUNCTION_INFO_V1(respond_is_approver);
PG_FUNCTION_INFO_V1(respond_cancel_approvals);

static void
refuse_calls(void)
{
	respond_standby_refuse("decide()");
	PreventCommandIfReadOnly("decide()");
	PreventCommandIfParallelMode("decide()");
	if (respond_event_context()->rule != NULL || InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("decide() cannot be called by the SQL of a rule, nor in a security-restricted operation"),
				 errhint("A person decides, in a session of their own.")));
}

/* The end of a decided approval, in words. */
static const char *
end_in_words(const Approval *approval)
{
	if (strcmp(approval->status, APPROVAL_DECIDED) == 0)
		return psprintf("is decided: %s", approval->decision);
	if (strcmp(approval->status, APPROVAL_TIED) == 0)
		return "is over: no option could reach its quorum any more";
	if (strcmp(approval->status, APPROVAL_CANCELLED) == 0)
		return "was cancelled with its run";
	return "has expired";
}

static Approval *
require_approval(const pg_uuid_t *id)
{
	Approval   *approval = respond_approval_lock(id, true);

	if (approval == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("approval %s does not exist", respond_approval_id_text(id)),
				 errhint("Column id of respond.approval has the approvals.")));
	return approval;
}

static void
require_open(const Approval *approval)
{
	const pg_uuid_t *id = &approval->id;

	if (strcmp(approval->status, APPROVAL_OPEN) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("approval %s %s", respond_approval_id_text(id), end_in_words(approval))));
	if (respond_clock_now() > approval->due_at)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("approval %s has expired", respond_approval_id_text(id)),
				 errdetail("It could be decided until %s.", timestamptz_to_str(approval->due_at))));
}

/* Those who may vote now; a role that was asked goes by the name that it had then. */
static List *
find_people(const Approval *approval)
{
	List	   *people = respond_approvers_people(approval->approvers, &approval->roles);
	ListCell   *cell;

	foreach(cell, people)
	{
		Person	   *person = lfirst(cell);
		const char *name = person->is_agent ? NULL :
			respond_asked_name(&approval->roles, person->role, approval->asked_of);

		if (name != NULL)
			person->name = name;
	}
	return people;
}

/*
 * The person who decides.  Others may not read the approval, so they do not learn
 * here who may, nor what became of it.
 */
static const Person *
find_voter(const Approval *approval, const List *people)
{
	const Person *voter = respond_people_find(people, GetSessionUserId());

	if (voter == NULL)
		voter = respond_people_find(people, GetOuterUserId());
	if (voter == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("\"%s\" may not decide approval %s", GetUserNameFromId(GetOuterUserId(), false),
						respond_approval_id_text(&approval->id)),
				 errhint("Its approvers decide it; column approvers of respond.approval has them.")));
	return voter;
}

/* Whether they may, although they are one of the approvers. */
static void
check_voter(const Approval *approval, const Person *voter)
{
	if (approval->quorum == 0 && respond_texts_place(approval->asked_of, voter->name) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("\"%s\" was not asked to decide approval %s", voter->name,
						respond_approval_id_text(&approval->id)),
				 errdetail("All who were asked decide together: %s.", respond_texts_join(approval->asked_of))));
	if (!approval->self_approval && respond_person_caused(voter, approval->caused_by, &approval->roles))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("\"%s\" may not decide approval %s", voter->name, respond_approval_id_text(&approval->id)),
				 errdetail("What is to be approved was caused by %s.", respond_texts_join(approval->caused_by)),
				 errhint("Somebody else has to decide, unless the step has \"self_approval\": true.")));
}

static void
check_vote(const Approval *approval, const Vote *vote)
{
	if (respond_texts_place(approval->options, vote->option) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an option of approval %s", vote->option,
						respond_approval_id_text(&approval->id)),
				 errhint("Its options are: %s.", respond_texts_join(approval->options))));
	if (vote->comment != NULL && strlen(vote->comment) > MAX_COMMENT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the comment is too long"),
				 errdetail("It has %zu bytes; at most %d are allowed.", strlen(vote->comment), MAX_COMMENT)));
}

static void
audit_vote(const Approval *approval, const Vote *vote, const char *actor)
{
	JsonbParseState *state = NULL;
	AuditRow	row = {.action = "approval.voted",.object_type = "approval",.event_id = approval->event_id,
	.run_id = approval->run_id,.rule = approval->rule};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "voter", vote->voter);
	respond_jsonb_push_text(&state, "option", vote->option);
	respond_jsonb_push_text(&state, "comment", vote->comment);
	row.new = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	row.object_id = respond_approval_id_text(&approval->id);
	row.actor = actor;
	respond_audit_write(&row, 1);
}

/* How many may vote and have not. */
static int
count_undecided(const Approval *approval, List *people, const List *votes)
{
	List	   *names = approval->quorum == 0 ? approval->asked_of :
		respond_people_names(approval->self_approval ? people :
							 respond_people_without(people, approval->caused_by, &approval->roles));
	int			undecided = list_length(names);
	ListCell   *cell;

	foreach(cell, votes)
		if (respond_texts_place(names, ((Vote *) lfirst(cell))->voter) >= 0)
			undecided--;
	return undecided;
}

static int
tally(const Approval *approval, List *people, const List *votes)
{
	int		   *counts = palloc0(sizeof(int) * list_length(approval->options));
	Tally		tally = {.option_count = list_length(approval->options),.votes = counts};
	ListCell   *cell;

	foreach(cell, votes)
	{
		int			place = respond_texts_place(approval->options, ((Vote *) lfirst(cell))->option);

		if (place >= 0)
			counts[place]++;
	}
	tally.reject = respond_texts_place(approval->options, APPROVAL_REJECT);
	tally.deny_wins = approval->deny_wins;
	tally.needed = approval->quorum != 0 ? approval->quorum : list_length(approval->asked_of);
	tally.undecided = count_undecided(approval, people, votes);
	return respond_tally(&tally);
}

/* Ends the approval and tells the run. */
static void
settle(Approval *approval, int winner, List *votes, const char *actor)
{
	RunNote		note = {.run_id = approval->run_id,.run_started_at = approval->run_started_at,.kind = NOTE_DECISION,
	.pause = approval->pause,.step = approval->step};

	if (winner == TALLY_TIED)
		respond_approval_end(approval, APPROVAL_TIED, NULL);
	else
		respond_approval_end(approval, APPROVAL_DECIDED, list_nth(approval->options, winner));
	note.data = respond_approval_result(approval, votes);
	note.actor = actor;
	respond_run_inbox_write(&note, 1);
	respond_approval_record_by(approval, actor, "approval.decided", votes);
}

/* decide(approval, option, comment) → the option that won; NULL while nothing is decided */
Datum
respond_decide(PG_FUNCTION_ARGS)
{
	Approval   *approval;
	List	   *people;
	List	   *votes;
	Vote		vote = {0};
	const Person *voter;
	const char *actor;
	int			winner;

	refuse_calls();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("decide() needs an approval and an option")));
	vote.option = text_to_cstring(PG_GETARG_TEXT_PP(1));
	vote.comment = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	approval = require_approval(PG_GETARG_UUID_P(0));
	people = find_people(approval);
	voter = find_voter(approval, people);
	require_open(approval);
	check_voter(approval, voter);
	actor = GetUserNameFromId(voter->role, false);
	vote.voter = voter->name;
	check_vote(approval, &vote);
	respond_vote_put(approval, &vote, voter->role == GetSessionUserId() ? NULL : respond_event_context_session_actor());
	audit_vote(approval, &vote, actor);
	votes = respond_votes(approval);
	winner = tally(approval, people, votes);
	if (winner == TALLY_OPEN)
		PG_RETURN_NULL();
	settle(approval, winner, votes, actor);
	if (winner == TALLY_TIED)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(approval->decision));
}

/* is_approver(approvers, roles, role_ids, role_system) → whether the current role is among them */
Datum
respond_is_approver(PG_FUNCTION_ARGS)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	List	   *approvers = NIL;
	AskedRoles	roles = respond_approval_roles(PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_INT64(3));

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			approvers = lappend(approvers, TextDatumGetCString(values[i]));
	PG_RETURN_BOOL(respond_people_find(respond_approvers_people(approvers, &roles), GetUserId()) != NULL);
}

/* cancel_approvals(run_id) → how many were open */
Datum
respond_cancel_approvals(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(respond_approvals_cancel(PG_GETARG_INT64(0)));
}
