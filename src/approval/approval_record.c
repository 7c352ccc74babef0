/*-------------------------------------------------------------------------
 * approval_record.c
 *	  What an approval leaves behind: events, the audit log, and what the run is told.
 *
 * The context of a question is for those who decide, so it is in none of them.
 *
 * src/approval/approval_record.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "approval/approval_record.h"
#include "audit/audit_write.h"
#include "common/jsonb_push.h"
#include "effect/emit_write.h"
#include "event/event_roots.h"
#include "event/event_write.h"

static void
push_texts(JsonbParseState **state, const char *key, const List *texts)
{
	ListCell   *cell;

	respond_jsonb_push_key(state, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, texts)
		respond_jsonb_push_text_element(state, lfirst(cell));
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* null when there is none */
static void
push_time(JsonbParseState **state, const char *key, TimestampTz time)
{
	respond_jsonb_push_text(state, key, time == DT_NOEND ? NULL :
							respond_event_time(time, palloc(MAXDATELEN + 1)));
}

/* Those whose answer won; while nothing has, all who answered. */
static List *
voters_of(const Approval *approval, const List *votes)
{
	List	   *voters = NIL;
	ListCell   *cell;

	foreach(cell, votes)
	{
		const Vote *vote = lfirst(cell);

		if (approval->decision == NULL || strcmp(vote->option, approval->decision) == 0)
			voters = lappend(voters, unconstify(char *, vote->voter));
	}
	return voters;
}

static Jsonb *
describe(const Approval *approval, const List *votes)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "approval", respond_approval_id_text(&approval->id));
	respond_jsonb_push_int64(&state, "run_id", approval->run_id);
	respond_jsonb_push_text(&state, "rule", approval->rule);
	respond_jsonb_push_text(&state, "step", approval->step);
	respond_jsonb_push_text(&state, "question", approval->question);
	push_texts(&state, "options", approval->options);
	push_texts(&state, "approvers", approval->approvers);
	push_time(&state, "due_at", approval->due_at);
	respond_jsonb_push_text(&state, "status", approval->status);
	respond_jsonb_push_text(&state, "decision", approval->decision);
	push_texts(&state, "voters", voters_of(approval, votes));
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
audit(const Approval *approval, const char *actor, const NewEvent *event)
{
	AuditRow	row = {.actor = actor,.action = event->type,.object_type = "approval",.event_id = approval->event_id,
	.run_id = approval->run_id,.rule = approval->rule,.new = event->data};

	row.object_id = respond_approval_id_text(&approval->id);
	respond_audit_write(&row, 1);
}

static void
fill_event(NewEvent *event, const Approval *approval, const char *type, const List *votes)
{
	memset(event, 0, sizeof(*event));
	event->type = type;
	event->subject = psprintf("approval/%s", respond_approval_id_text(&approval->id));
	event->data = describe(approval, votes);
}

void
respond_approval_record(const Approval *approval, const FlowRun *run, const char *type, List *votes)
{
	NewEvent	event;

	fill_event(&event, approval, type, votes);
	respond_effects_emit(run, &event, false, NULL);
	audit(approval, psprintf("rule:%s", approval->rule), &event);
}

void
respond_approval_record_by(const Approval *approval, const char *actor, const char *type, List *votes)
{
	NewEvent	event;

	fill_event(&event, approval, type, votes);
	event.actor = actor;
	event.cause = approval->event_id;
	event.depth = approval->depth;
	respond_event_write(&event, 1);
	audit(approval, actor, &event);
}

Jsonb *
respond_approval_result(const Approval *approval, const List *votes)
{
	JsonbParseState *state = NULL;
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_text(&state, "approval", respond_approval_id_text(&approval->id));
	respond_jsonb_push_text(&state, "status", approval->status);
	respond_jsonb_push_text(&state, "decision", approval->decision);
	push_texts(&state, "voters", voters_of(approval, votes));
	respond_jsonb_push_key(&state, "votes");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	foreach(cell, votes)
	{
		const Vote *vote = lfirst(cell);

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		respond_jsonb_push_text(&state, "voter", vote->voter);
		respond_jsonb_push_text(&state, "option", vote->option);
		respond_jsonb_push_text(&state, "comment", vote->comment);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
