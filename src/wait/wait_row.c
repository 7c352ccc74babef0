/*-------------------------------------------------------------------------
 * wait_row.c
 *	  An armed wait, and its row.
 *
 * src/wait/wait_row.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/timestamp.h"

#include "common/life.h"
#include "common/row_values.h"
#include "wait/wait_row.h"

static const ShapeColumn wait_columns[] = {
	{"run_id", INT8OID},
	{"run_started_at", TIMESTAMPTZOID},
	{"pattern_id", INT8OID},
	{"key_hash", INT8OID},
	{"since", TIMESTAMPTZOID},
	{"due_at", TIMESTAMPTZOID},
	{"incarnation", INT8OID},
	{"rule_version", INT4OID},
	{"alternative", INT4OID},
	{"early", BOOLOID},
	{"passed_from", INT8OID},
	{"rule", TEXTOID},
	{"step", TEXTOID},
	{"key", TEXTOID},
};

StaticAssertDecl(lengthof(wait_columns) == WAIT_ROW_COLUMNS, "each column of the waits has its type");

static const ShapeColumn heard_columns[] = {
	{"id", INT8OID},
	{"run_id", INT8OID},
	{"event_id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
	{"incarnation", INT8OID},
	{"alternative", INT4OID},
	{"step", TEXTOID},
};

StaticAssertDecl(lengthof(heard_columns) == HEARD_COLUMNS, "each column of what was heard has its type");

const Shape respond_shape_wait = SHAPE("respond_internal.wait", wait_columns);
const Shape respond_shape_heard = SHAPE("respond_internal.heard", heard_columns);

Wait *
respond_wait_copy(const Wait *wait)
{
	Wait	   *copy = palloc(sizeof(Wait));

	*copy = *wait;
	copy->rule = pstrdup(wait->rule);
	copy->step = pstrdup(wait->step);
	copy->key = pstrdup(wait->key);
	copy->heard_count = 0;
	copy->heard = NULL;
	copy->heard_at = NULL;
	copy->passed = NULL;
	return copy;
}

Wait *
respond_wait_read(TupleTableSlot *slot, int64 *incarnation)
{
	Wait	   *wait = palloc0(sizeof(Wait));
	Datum		values[WAIT_ROW_COLUMNS];
	bool		nulls[WAIT_ROW_COLUMNS];

	respond_shape_read(&respond_shape_wait, slot, values, nulls);
	wait->run_id = DatumGetInt64(values[WAIT_ROW_RUN_ID]);
	wait->run_started_at = DatumGetTimestampTz(values[WAIT_ROW_RUN_STARTED_AT]);
	wait->rule = respond_row_text(values, nulls, WAIT_ROW_RULE);
	wait->rule_version = DatumGetInt32(values[WAIT_ROW_RULE_VERSION]);
	wait->step = respond_row_text(values, nulls, WAIT_ROW_STEP);
	wait->alternative = DatumGetInt32(values[WAIT_ROW_ALTERNATIVE]);
	wait->pattern = DatumGetInt64(values[WAIT_ROW_PATTERN_ID]);
	wait->key = respond_row_text(values, nulls, WAIT_ROW_KEY);
	wait->early = DatumGetBool(values[WAIT_ROW_EARLY]);
	wait->passed_from = nulls[WAIT_ROW_PASSED_FROM] ? 0 : DatumGetInt64(values[WAIT_ROW_PASSED_FROM]);
	wait->since = DatumGetTimestampTz(values[WAIT_ROW_SINCE]);
	wait->due_at = nulls[WAIT_ROW_DUE_AT] ? DT_NOEND : DatumGetTimestampTz(values[WAIT_ROW_DUE_AT]);
	*incarnation = DatumGetInt64(values[WAIT_ROW_INCARNATION]);
	return wait;
}

void
respond_wait_form(const Wait *wait, int64 key_hash, Datum *values, bool *nulls)
{
	memset(nulls, 0, sizeof(bool) * WAIT_ROW_COLUMNS);
	values[WAIT_ROW_RUN_ID] = Int64GetDatum(wait->run_id);
	values[WAIT_ROW_RUN_STARTED_AT] = TimestampTzGetDatum(wait->run_started_at);
	values[WAIT_ROW_PATTERN_ID] = Int64GetDatum(wait->pattern);
	values[WAIT_ROW_KEY_HASH] = Int64GetDatum(key_hash);
	values[WAIT_ROW_SINCE] = TimestampTzGetDatum(wait->since);
	values[WAIT_ROW_DUE_AT] = TimestampTzGetDatum(wait->due_at);
	nulls[WAIT_ROW_DUE_AT] = TIMESTAMP_IS_NOEND(wait->due_at);
	values[WAIT_ROW_INCARNATION] = Int64GetDatum(respond_life_incarnation());
	values[WAIT_ROW_RULE_VERSION] = Int32GetDatum(wait->rule_version);
	values[WAIT_ROW_ALTERNATIVE] = Int32GetDatum(wait->alternative);
	values[WAIT_ROW_EARLY] = BoolGetDatum(wait->early);
	respond_row_set_int64(values, nulls, WAIT_ROW_PASSED_FROM, wait->passed_from);
	respond_row_set_text(values, nulls, WAIT_ROW_RULE, wait->rule);
	respond_row_set_text(values, nulls, WAIT_ROW_STEP, wait->step);
	respond_row_set_text(values, nulls, WAIT_ROW_KEY, wait->key);
}

HeardEvent *
respond_heard_read(TupleTableSlot *slot)
{
	HeardEvent *heard = palloc(sizeof(HeardEvent));
	Datum		values[HEARD_COLUMNS];
	bool		nulls[HEARD_COLUMNS];

	respond_shape_read(&respond_shape_heard, slot, values, nulls);
	heard->id = DatumGetInt64(values[HEARD_ID]);
	heard->run_id = DatumGetInt64(values[HEARD_RUN_ID]);
	heard->step = respond_row_text(values, nulls, HEARD_STEP);
	heard->alternative = DatumGetInt32(values[HEARD_ALTERNATIVE]);
	heard->event_id = DatumGetInt64(values[HEARD_EVENT_ID]);
	heard->recorded_at = DatumGetTimestampTz(values[HEARD_RECORDED_AT]);
	return heard;
}

void
respond_heard_form(const HeardEvent *heard, Datum *values, bool *nulls)
{
	memset(nulls, 0, sizeof(bool) * HEARD_COLUMNS);
	values[HEARD_ID] = Int64GetDatum(heard->id);
	values[HEARD_RUN_ID] = Int64GetDatum(heard->run_id);
	values[HEARD_EVENT_ID] = Int64GetDatum(heard->event_id);
	values[HEARD_RECORDED_AT] = TimestampTzGetDatum(heard->recorded_at);
	values[HEARD_INCARNATION] = Int64GetDatum(respond_life_incarnation());
	values[HEARD_ALTERNATIVE] = Int32GetDatum(heard->alternative);
	respond_row_set_text(values, nulls, HEARD_STEP, heard->step);
}
