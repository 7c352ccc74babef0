/*-------------------------------------------------------------------------
 * answer_note.c
 *	  Giving the answers to requests to the runs that wait for them.
 *
 * The secret of the channel, and that of the url it is to call, are taken out of all that the receiver sent before
 * anything is made of it, as it is taken out of what is kept of other answers.
 *
 * src/courier/answer_note.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/jsonb_push.h"
#include "courier/answer_body.h"
#include "courier/answer_headers.h"
#include "courier/answer_note.h"
#include "outbox/run_inbox.h"

/* Bytes of answers that lie in memory once more before they are written. */
#define WRITTEN_AT_ONCE		(1024 * 1024)

static void
redact(const Outgoing *outgoing, AnswerBytes *bytes)
{
	if (bytes->length > 0)
		bytes->length = respond_secret_redact(outgoing->callback_forms, bytes->data, bytes->length, bytes->length);
	if (bytes->length > 0)
		bytes->length = respond_secret_redact(outgoing->forms, bytes->data, bytes->length, bytes->length);
}

/* Whether all of the body is there. */
static bool
is_whole(const Transfer *transfer)
{
	return transfer->code == CURLE_OK && !transfer->encoded && !transfer->length_unclear;
}

static void
push_answer(JsonbParseState **state, const Outcome *outcome)
{
	const Outgoing *outgoing = outcome->outgoing;
	Answer	   *answer = outgoing->transfer.whole;
	JsonbValue	body = {.type = jbvNull};
	Jsonb	   *headers;

	respond_jsonb_push_boolean(state, "complete", is_whole(&outgoing->transfer));
	redact(outgoing, &answer->headers);
	headers = respond_answer_headers(answer->headers.data, answer->headers.length);
	respond_jsonb_push_jsonb(state, "headers", headers);
	if (is_whole(&outgoing->transfer))
	{
		redact(outgoing, &answer->body);
		respond_answer_body(respond_answer_header(headers, "content-type"), answer->body.data, answer->body.length,
							&body);
	}
	respond_jsonb_push_key(state, "body");
	pushJsonbValue(state, WJB_VALUE, &body);
}

/* {"delivery_id", "status", "headers", "body", "error"}, and "complete" when there is an answer */
static Jsonb *
describe(const Outcome *outcome, bool only_status)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "delivery_id", outcome->outgoing->entry->id);
	if (outcome->answer != 0)
		respond_jsonb_push_int64(&state, "status", outcome->answer);
	else
		respond_jsonb_push_text(&state, "status", NULL);
	respond_jsonb_push_text(&state, "error", only_status ? "the answer cannot be stored" : outcome->error);
	if (!only_status && outcome->answer != 0 && outcome->outgoing->transfer.whole != NULL)
		push_answer(&state, outcome);
	else
	{
		respond_jsonb_push_text(&state, "headers", NULL);
		respond_jsonb_push_text(&state, "body", NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* One that could not be recorded again and again is told without what the receiver sent. */
static void
make_note(const Outcome *outcome, RunNote *note)
{
	const Outgoing *outgoing = outcome->outgoing;

	*note = (RunNote) {
		.run_id = outgoing->run_id,.run_started_at = outgoing->terms->run_started_at,.kind = NOTE_ANSWER,.pause = -1,
		.step = outgoing->terms->step,.event_id = outgoing->event_id,
		.data = describe(outcome, outcome->failures >= OUTCOME_TELL_LIMIT)
	};
}

void
respond_answer_notes_write(Outcome **outcomes, const RecordState *states, int count)
{
	RunNote    *notes = palloc(sizeof(RunNote) * count);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond answers", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	int			ready = 0;
	Size		size = 0;

	for (int i = 0; i < count; i++)
	{
		if (states[i] == RECORD_DONE && outcomes[i]->status != OUTCOME_RETRY && respond_outcome_is_awaited(outcomes[i]))
		{
			make_note(outcomes[i], &notes[ready]);
			size += VARSIZE(notes[ready++].data);
		}
		if (size < WRITTEN_AT_ONCE && i < count - 1)
			continue;
		respond_run_inbox_write(notes, ready);
		MemoryContextReset(context);
		ready = 0;
		size = 0;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}
