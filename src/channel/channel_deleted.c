/*-------------------------------------------------------------------------
 * channel_deleted.c
 *	  Whatever waits for a channel that is gone ends, with the reason.
 *
 * src/channel/channel_deleted.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "channel/channel_columns.h"
#include "common/kept_plan.h"
#include "common/trigger_call.h"
#include "event/event_context.h"
#include "outbox/delivery_update.h"

PG_FUNCTION_INFO_V1(respond_channel_deleted);

/* $1: id of the channel, NULL: all of them; $3: its name, for rows that somebody put in by hand without the id */
static KeptPlan cancel_deliveries = {
	"UPDATE respond.delivery AS d SET status = 'cancelled', next_attempt_at = NULL,"
	" finished_at = pg_catalog.clock_timestamp(),"
	" last_error = pg_catalog.concat_ws(E'\\n', 'the channel was deleted by ' OPERATOR(pg_catalog.||) $2, d.last_error)"
	" WHERE d.status OPERATOR(pg_catalog.=) 'pending' AND ($1 IS NULL OR d.channel_id OPERATOR(pg_catalog.=) $1"
	" OR (d.channel_id IS NULL AND d.channel OPERATOR(pg_catalog.=) $3))",
	3, {UUIDOID, TEXTOID, TEXTOID}
};

static KeptPlan forget_secrets = {
	"DELETE FROM respond_internal.channel_secret AS s WHERE $1 IS NULL OR s.channel_id OPERATOR(pg_catalog.=) $1",
	1, {UUIDOID}
};

/* channel_deleted(): AFTER DELETE FOR EACH ROW, or AFTER TRUNCATE, ON respond.channel */
Datum
respond_channel_deleted(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "channel_deleted", "AFTER", NULL, "channel");
	Datum		values[3] = {0};
	char		nulls[3] = {'n', ' ', 'n'};
	bool		is_null;

	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		values[0] = respond_channel_columns_id(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation), &is_null);
		values[2] = respond_channel_columns_name(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation),
												 &is_null);
		nulls[0] = nulls[2] = ' ';
	}
	else if (!TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"channel_deleted\" must be a trigger FOR EACH ROW, or of TRUNCATE")));
	values[1] = CStringGetTextDatum(respond_event_context_actor());
	SPI_connect();
	respond_delivery_update(&cancel_deliveries, respond_kept_plan_run_newest, values, nulls);
	respond_kept_plan_run_newest(&forget_secrets, values, nulls);
	SPI_finish();
	return PointerGetDatum(NULL);
}
