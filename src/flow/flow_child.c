/*-------------------------------------------------------------------------
 * flow_child.c
 *	  Runs that a run begins, and how it hears of their end.
 *
 * src/flow/flow_child.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "flow/flow_child.h"
#include "outbox/run_inbox.h"

void
respond_child_prepare(FlowMachine *machine, FlowRun *child)
{
	const FlowRun *run = machine->run;

	child->parent_id = run->run_id;
	child->parent_started_at = machine->started_at;
	child->parent_pause = machine->pauses + 1;
	child->is_inline = true;
	child->replay = run->replay;
	child->may_pause = run->may_pause;
	child->where = run->where;
	child->laid_down = run->laid_down;
	child->fetch_event = run->fetch_event;
}

static Jsonb *
describe_end(const FlowRun *child, const RunRow *row)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "run_id", child->run_id);
	respond_jsonb_push_text(&state, "status", row->status);
	if (row->state != NULL)
		respond_jsonb_push_jsonb(&state, "state", row->state);
	if (row->shown_state != NULL)
		respond_jsonb_push_jsonb(&state, "shown_state", row->shown_state);
	if (row->error != NULL)
		respond_jsonb_push_text(&state, "error", row->error);
	if (row->shown_error != NULL)
		respond_jsonb_push_text(&state, "shown_error", row->shown_error);
	if (child->output != NULL)
		respond_jsonb_push_jsonb(&state, "output", child->output);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* To the parent that is on the stack, in memory that is there when the child's is gone. */
static void
hand_over(FlowRun *child, Jsonb *end)
{
	child->end = MemoryContextAlloc(child->end_context, VARSIZE(end));
	memcpy(child->end, end, VARSIZE(end));
}

void
respond_child_ended(FlowRun *child, const RunRow *row)
{
	RunNote		note = {.run_id = child->parent_id,.run_started_at = child->parent_started_at,.kind = NOTE_ENDED};
	Jsonb	   *end;

	if (child->parent_id == 0)
		return;
	end = describe_end(child, row);
	if (child->is_inline)
	{
		hand_over(child, end);
		return;
	}
	note.pause = child->parent_pause > 0 ? child->parent_pause : -1;
	note.data = end;
	respond_run_inbox_write(&note, 1);
}

int64
respond_child_run_id(Jsonb *end)
{
	return respond_jsonb_find_int64(respond_jsonb_root(end), "run_id");
}

char *
respond_child_status(Jsonb *end)
{
	char	   *status = respond_jsonb_find_text(respond_jsonb_root(end), "status");

	return status != NULL ? status : pstrdup("failed");
}

Jsonb *
respond_child_state(Jsonb *end, bool shown)
{
	Jsonb	   *state = shown ? respond_jsonb_find_member(respond_jsonb_root(end), "shown_state") : NULL;

	if (state == NULL)
		state = respond_jsonb_find_member(respond_jsonb_root(end), "state");
	return state != NULL ? state : respond_jsonb_empty_object();
}

Jsonb *
respond_child_output(Jsonb *end)
{
	return respond_jsonb_find_member(respond_jsonb_root(end), "output");
}

char *
respond_child_error(Jsonb *end, bool shown)
{
	char	   *error = shown ? respond_jsonb_find_text(respond_jsonb_root(end), "shown_error") : NULL;

	return error != NULL ? error : respond_jsonb_find_text(respond_jsonb_root(end), "error");
}
