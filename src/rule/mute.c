/*-------------------------------------------------------------------------
 * mute.c
 *	  Silence by row.
 *
 * Whether an event is muted depends on when it was recorded, not on when it
 * is handled: a backlog or a replay must not change the answer.
 *
 * src/rule/mute.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "common/restore.h"
#include "common/row_values.h"
#include "common/trigger_call.h"
#include "event/name_check.h"
#include "match/pattern_jsonb.h"
#include "rule/rule_row.h"
#include "rule/rule_set_code.h"

PG_FUNCTION_INFO_V1(respond_mute_validate);

void
respond_mute_read(Mute *mute, const Datum *values, const bool *nulls)
{
	mute->id = DatumGetInt64(values[MUTE_ID]);
	mute->from_time = DatumGetTimestampTz(values[MUTE_FROM_TIME]);
	mute->until_time = nulls[MUTE_UNTIL_TIME] ? DT_NOEND : DatumGetTimestampTz(values[MUTE_UNTIL_TIME]);
	mute->reason = respond_row_text(values, nulls, MUTE_REASON);
}

bool
respond_mute_covers(const Mute *mute, const Event *event)
{
	return event->recorded_at >= mute->from_time &&
		(event->recorded_at < mute->until_time || mute->until_time == DT_NOEND);
}

char *
respond_mute_text(const Mute *mute)
{
	if (mute->reason == NULL || mute->reason[0] == '\0')
		return psprintf("mute " INT64_FORMAT, mute->id);
	return psprintf("%s (mute " INT64_FORMAT ")", mute->reason, mute->id);
}

/* mute_validate(): BEFORE INSERT OR UPDATE ON respond.mute FOR EACH ROW */
Datum
respond_mute_validate(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "mute_validate", "BEFORE", "ROW", "mute");
	Datum		values[MUTE_COLUMNS];
	bool		nulls[MUTE_COLUMNS];
	HeapTuple	tuple;
	char	   *event_type;
	Jsonb	   *pattern;

	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	if (respond_restore_in_progress())
		return PointerGetDatum(tuple);

	respond_shape_deform(&respond_shape_mute, RelationGetDescr(trigger->tg_relation), tuple, values, nulls);
	event_type = respond_row_text(values, nulls, MUTE_EVENT_TYPE);
	pattern = respond_row_jsonb(values, nulls, MUTE_PATTERN);
	if (event_type != NULL)
		respond_name_check_event_type(event_type);
	if (pattern != NULL)
		respond_pattern_check_jsonb("pattern", pattern);
	if (!nulls[MUTE_UNTIL_TIME] && !nulls[MUTE_FROM_TIME] &&
		DatumGetTimestampTz(values[MUTE_UNTIL_TIME]) <= DatumGetTimestampTz(values[MUTE_FROM_TIME]))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("until_time: it is not after from_time"),
				 errhint("Leave it NULL to mute until the row is deleted.")));
	return PointerGetDatum(tuple);
}
