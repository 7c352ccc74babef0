/*-------------------------------------------------------------------------
 * schedule_row.c
 *	  Rows of respond.schedule as C sees them.
 *
 * src/schedule/schedule_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/row_values.h"
#include "schedule/schedule_row.h"

static const ShapeColumn schedule_columns[] = {
	{"name", TEXTOID},
	{"description", TEXTOID},
	{"enabled", BOOLOID},
	{"cron", TEXTOID},
	{"timezone", TEXTOID},
	{"event_type", TEXTOID},
	{"subject", TEXTOID},
	{"data", JSONBOID},
	{"query", TEXTOID},
	{"catch_up", TEXTOID},
	{"max_catch_up", INT4OID},
	{"owner", NAMEOID},
	{"next_at", TIMESTAMPTZOID},
	{"last_at", TIMESTAMPTZOID},
	{"failures", INT4OID},
	{"tries", INT4OID},
	{"created_at", TIMESTAMPTZOID},
	{"updated_at", TIMESTAMPTZOID},
	{"owner_id", OIDOID},
	{"owner_system", INT8OID},
};

StaticAssertDecl(lengthof(schedule_columns) == SCHEDULE_COLUMNS, "each column of respond.schedule has its type");

const Shape respond_shape_schedule = SHAPE("respond.schedule", schedule_columns);

static TimestampTz
read_time(const Datum *values, const bool *nulls, int column, TimestampTz otherwise)
{
	return nulls[column] ? otherwise : DatumGetTimestampTz(values[column]);
}

static int32
read_number(const Datum *values, const bool *nulls, int column)
{
	return nulls[column] ? 0 : DatumGetInt32(values[column]);
}

static void
read_owner(RuleRow *owner, const Datum *values, const bool *nulls)
{
	memset(owner, 0, sizeof(*owner));
	if (!nulls[SCHEDULE_OWNER])
		owner->owner = pstrdup(NameStr(*DatumGetName(values[SCHEDULE_OWNER])));
	owner->owner_id = nulls[SCHEDULE_OWNER_ID] ? InvalidOid : DatumGetObjectId(values[SCHEDULE_OWNER_ID]);
	owner->owner_system = nulls[SCHEDULE_OWNER_SYSTEM] ? 0 : DatumGetInt64(values[SCHEDULE_OWNER_SYSTEM]);
}

void
respond_schedule_row_read(ScheduleRow *row, const Datum *values, const bool *nulls)
{
	row->name = respond_row_text(values, nulls, SCHEDULE_NAME);
	row->enabled = !nulls[SCHEDULE_ENABLED] && DatumGetBool(values[SCHEDULE_ENABLED]);
	row->cron = respond_row_text(values, nulls, SCHEDULE_CRON);
	row->timezone = respond_row_text(values, nulls, SCHEDULE_TIMEZONE);
	row->event_type = respond_row_text(values, nulls, SCHEDULE_EVENT_TYPE);
	row->subject = respond_row_text(values, nulls, SCHEDULE_SUBJECT);
	row->data = respond_row_jsonb(values, nulls, SCHEDULE_DATA);
	row->query = respond_row_text(values, nulls, SCHEDULE_QUERY);
	row->catch_up = respond_row_text(values, nulls, SCHEDULE_CATCH_UP);
	row->max_catch_up = read_number(values, nulls, SCHEDULE_MAX_CATCH_UP);
	read_owner(&row->owner, values, nulls);
	row->next_at = read_time(values, nulls, SCHEDULE_NEXT_AT, DT_NOEND);
	row->last_at = read_time(values, nulls, SCHEDULE_LAST_AT, DT_NOBEGIN);
	row->failures = read_number(values, nulls, SCHEDULE_FAILURES);
	row->tries = read_number(values, nulls, SCHEDULE_TRIES);
	row->created_at = read_time(values, nulls, SCHEDULE_CREATED_AT, 0);
	row->updated_at = read_time(values, nulls, SCHEDULE_UPDATED_AT, 0);
}
