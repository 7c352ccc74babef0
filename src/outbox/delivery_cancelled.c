/*-------------------------------------------------------------------------
 * delivery_cancelled.c
 *	  A request that somebody cancels has no answer: the run that waits is told.
 *
 * src/outbox/delivery_cancelled.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/jsonb_push.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "outbox/delivery_columns.h"
#include "outbox/run_inbox.h"

PG_FUNCTION_INFO_V1(respond_delivery_cancelled);

/* As what the courier gives back of an answer. */
static Jsonb *
no_answer(int64 delivery_id, const char *error)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	respond_jsonb_push_int64(&state, "delivery_id", delivery_id);
	respond_jsonb_push_text(&state, "status", NULL);
	respond_jsonb_push_text(&state, "headers", NULL);
	respond_jsonb_push_text(&state, "body", NULL);
	respond_jsonb_push_text(&state, "error", error != NULL ? error : "cancelled");
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* delivery_cancelled(): AFTER UPDATE FOR EACH ROW on respond.delivery, when a request of a run becomes cancelled */
Datum
respond_delivery_cancelled(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "delivery_cancelled", "AFTER", "ROW", NULL);
	Datum		values[DELIVERY_COLUMNS];
	bool		nulls[DELIVERY_COLUMNS];
	RunNote		note = {.kind = NOTE_ANSWER,.pause = -1};

	/* the table is a partition, whose name says nothing */
	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ||
		respond_shape_fault(&respond_shape_delivery, RelationGetDescr(trigger->tg_relation)) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by trigger \"%s\"", "delivery_cancelled",
						trigger->tg_trigger->tgname),
				 errdetail("It must be a trigger after an update of a delivery.")));
	respond_shape_deform(&respond_shape_delivery, RelationGetDescr(trigger->tg_relation), trigger->tg_newtuple, values,
						 nulls);
	if (nulls[DELIVERY_RUN_ID] || nulls[DELIVERY_RUN_STARTED_AT])
		return PointerGetDatum(NULL);
	note.run_id = DatumGetInt64(values[DELIVERY_RUN_ID]);
	note.run_started_at = DatumGetTimestampTz(values[DELIVERY_RUN_STARTED_AT]);
	note.step = respond_row_text(values, nulls, DELIVERY_STEP);
	note.event_id = nulls[DELIVERY_EVENT_ID] ? 0 : DatumGetInt64(values[DELIVERY_EVENT_ID]);
	note.data = no_answer(DatumGetInt64(values[DELIVERY_ID]), respond_row_text(values, nulls, DELIVERY_LAST_ERROR));
	respond_run_inbox_write(&note, 1);
	return PointerGetDatum(NULL);
}
