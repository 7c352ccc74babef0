/*-------------------------------------------------------------------------
 * awakening.c
 *	  Something happened that a run may wait for.
 *
 * src/dispatcher/awakening.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/jsonb_read.h"
#include "common/row_values.h"
#include "dispatcher/awakening.h"
#include "dispatcher/reader.h"
#include "flow/action_approve.h"

Awakening *
respond_awakening_of_event(const Wait *wait, Event *event)
{
	Awakening  *awakening = palloc0(sizeof(Awakening));

	awakening->kind = AWAKEN_EVENT;
	awakening->run_id = wait->run_id;
	awakening->run_started_at = wait->run_started_at;
	awakening->wait = wait;
	awakening->event = event;
	awakening->pause = -1;
	return awakening;
}

Awakening *
respond_awakening_of_timer(const Timer *timer)
{
	Awakening  *awakening = palloc0(sizeof(Awakening));

	awakening->kind = AWAKEN_TIMER;
	awakening->run_id = timer->run_id;
	awakening->run_started_at = timer->run_started_at;
	awakening->timer = timer->id;
	awakening->pause = -1;
	if (strcmp(timer->kind, TIMER_APPROVAL) == 0)
	{
		awakening->kind = AWAKEN_APPROVAL;
		awakening->approval = timer->name;
		awakening->data = timer->data;
	}
	return awakening;
}

Awakening *
respond_awakening_of_note(const Datum *values, const bool *nulls)
{
	Awakening  *awakening = palloc0(sizeof(Awakening));

	awakening->kind = AWAKEN_NOTE;
	awakening->run_id = DatumGetInt64(values[INBOX_RUN_ID]);
	awakening->run_started_at = DatumGetTimestampTz(values[INBOX_RUN_STARTED_AT]);
	awakening->note = respond_row_text(values, nulls, INBOX_KIND);
	awakening->at = DatumGetTimestampTz(values[INBOX_AT]);
	awakening->pause = nulls[INBOX_PAUSE] ? -1 : DatumGetInt32(values[INBOX_PAUSE]);
	awakening->step = respond_row_text(values, nulls, INBOX_STEP);
	awakening->data = respond_row_jsonb(values, nulls, INBOX_DATA);
	return awakening;
}

Jsonb *
respond_awakening_save(const Awakening *awakening)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "kind", awakening->kind);
	respond_jsonb_push_int64(&state, "number", awakening->number);
	respond_jsonb_push_int64(&state, "tries", awakening->tries);
	respond_jsonb_push_int64(&state, "first_at", awakening->first_at);
	respond_jsonb_push_int64(&state, "pause", awakening->pause);
	respond_jsonb_push_int64(&state, "timer", awakening->timer);
	if (awakening->event != NULL)
		respond_jsonb_push_int64(&state, "event", awakening->event->id);
	if (awakening->wait != NULL)
	{
		respond_jsonb_push_int64(&state, "alternative", awakening->wait->alternative);
		respond_jsonb_push_text(&state, "wait_step", awakening->wait->step);
		respond_jsonb_push_text(&state, "key", awakening->wait->key);
		respond_jsonb_push_int64(&state, "version", awakening->wait->rule_version);
	}
	if (awakening->note != NULL)
		respond_jsonb_push_text(&state, "note", awakening->note);
	if (awakening->step != NULL)
		respond_jsonb_push_text(&state, "step", awakening->step);
	if (awakening->approval != NULL)
		respond_jsonb_push_text(&state, "approval", awakening->approval);
	if (awakening->data != NULL)
		respond_jsonb_push_jsonb(&state, "data", awakening->data);
	if (awakening->place != NULL)
		respond_jsonb_push_jsonb(&state, "place", awakening->place);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* The wait that was met, as far as it is in the document; it stays armed meanwhile. */
static Wait *
read_wait(const Timer *timer)
{
	Wait	   *wait = palloc0(sizeof(Wait));
	JsonbContainer *data = respond_jsonb_root(timer->data);

	wait->run_id = timer->run_id;
	wait->run_started_at = timer->run_started_at;
	wait->alternative = respond_jsonb_find_int64(data, "alternative");
	wait->step = respond_jsonb_find_text(data, "wait_step");
	wait->key = respond_jsonb_find_text(data, "key");
	wait->rule_version = respond_jsonb_find_int64(data, "version");
	return wait;
}

Awakening *
respond_awakening_restore(const Timer *timer)
{
	Awakening  *awakening = palloc0(sizeof(Awakening));
	JsonbContainer *data = respond_jsonb_root(timer->data);

	awakening->kind = respond_jsonb_find_int64(data, "kind");
	awakening->run_id = timer->run_id;
	awakening->run_started_at = timer->run_started_at;
	awakening->number = respond_jsonb_find_int64(data, "number");
	awakening->tries = respond_jsonb_find_int64(data, "tries");
	awakening->first_at = respond_jsonb_find_int64(data, "first_at");
	awakening->pause = respond_jsonb_find_int64(data, "pause");
	awakening->timer = respond_jsonb_find_int64(data, "timer");
	awakening->note = respond_jsonb_find_text(data, "note");
	awakening->step = respond_jsonb_find_text(data, "step");
	awakening->approval = respond_jsonb_find_text(data, "approval");
	awakening->data = respond_jsonb_find_member(data, "data");
	awakening->place = respond_jsonb_find_member(data, "place");
	if (awakening->kind != AWAKEN_EVENT)
		return awakening;
	awakening->wait = read_wait(timer);
	awakening->event = respond_reader_fetch_id(respond_jsonb_find_int64(data, "event"));
	return awakening->event != NULL ? awakening : NULL;
}
