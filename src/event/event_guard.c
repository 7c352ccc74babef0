/*-------------------------------------------------------------------------
 * event_guard.c
 *	  Recorded events stay as they are.
 *
 * A trigger for each row refuses UPDATE and DELETE in all partitions, whoever
 * asks, superusers too; one for each statement, which every partition has for
 * itself, refuses TRUNCATE.  Retention drops partitions, which no trigger sees,
 * and lifts the guard to empty the default one.  Logical replication may pass:
 * the publisher has decided already, and refusing would stop it for good.
 *
 * src/event/event_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "replication/logicalworker.h"
#include "utils/rel.h"

#include "common/kept_plan.h"
#include "common/life.h"
#include "common/trigger_call.h"
#include "event/event_columns.h"
#include "event/event_guard.h"

PG_FUNCTION_INFO_V1(respond_event_guard);
PG_FUNCTION_INFO_V1(respond_adopt_events);

static bool lifted = false;

bool
respond_event_guard_lift(bool now_lifted)
{
	bool		before = lifted;

	lifted = now_lifted;
	return before;
}

static const char *
operation_name(TriggerEvent event)
{
	if (TRIGGER_FIRED_BY_UPDATE(event))
		return "UPDATE";
	return TRIGGER_FIRED_BY_DELETE(event) ? "DELETE" : "TRUNCATE";
}

/* event_guard(): BEFORE trigger on the event log and its partitions. */
Datum
respond_event_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "event_guard", "BEFORE", NULL, NULL);
	int			positions[EVENT_COLUMN_COUNT];

	respond_event_columns_find(trigger->tg_relation, positions);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must not be called by an INSERT trigger", "event_guard")));
	if (!lifted && !IsLogicalWorker())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s on the event log is not allowed", operation_name(trigger->tg_event)),
				 errdetail("Events in table \"%s\" are facts: rules acted on them, so nobody changes or removes them.",
						   RelationGetRelationName(trigger->tg_relation)),
				 errhint("Old events are dropped with their partition, see \"%s\".", "pg_respond.event_retention")));
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		PG_RETURN_POINTER(NULL);
	PG_RETURN_POINTER(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple);
}

/*
 * What came from elsewhere and was not handled there gets the mark of this
 * database, and a transaction that every cursor covers, so that it is found in
 * the requeue alone.
 */
static KeptPlan adopt_events = {
	"WITH adopted AS (UPDATE respond.event AS e SET incarnation = $1, xid = '3'::pg_catalog.xid8"
	" WHERE e.incarnation OPERATOR(pg_catalog.<>) $1"
	" AND NOT respond_internal.event_is_done(e.incarnation, e.xid, e.id, e.subject)"
	" RETURNING e.id, e.recorded_at) "
	"INSERT INTO respond_internal.requeue (event_id, recorded_at)"
	" SELECT a.id, a.recorded_at FROM adopted AS a ORDER BY a.recorded_at, a.id",
	1, {INT8OID}
};

/* adopt_events() → bigint: how many events of other databases wait in the requeue now. */
Datum
respond_adopt_events(PG_FUNCTION_ARGS)
{
	Datum		own = Int64GetDatum(respond_life_incarnation());
	bool		before = respond_event_guard_lift(true);
	uint64		count;

	PG_TRY();
	{
		SPI_connect();
		count = respond_kept_plan_run_as_owner(&adopt_events, &own, NULL);
		SPI_finish();
	}
	PG_FINALLY();
	{
		respond_event_guard_lift(before);
	}
	PG_END_TRY();
	PG_RETURN_INT64((int64) count);
}
