/*-------------------------------------------------------------------------
 * outcome_rows.c
 *	  Outcomes as rows: what they change of the delivery, and one for each try.
 *
 * Rows are changed where they were seen when they were fetched, without a query;
 * one that somebody has touched since is looked up.  A session that has a row
 * locked must not hold up the others: nobody waits, it is left for later.
 *
 * src/courier/outcome_rows.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "courier/outcome_rows.h"
#include "outbox/delivery_columns.h"

static KeptPlan lock_channel = {
	"SELECT FROM respond.channel AS c WHERE c.id OPERATOR(pg_catalog.=) $1 AND c.enabled FOR NO KEY UPDATE SKIP LOCKED",
	1, {UUIDOID}
};

static KeptPlan find_enabled_channel = {
	"SELECT FROM respond.channel AS c WHERE c.id OPERATOR(pg_catalog.=) $1 AND c.enabled",
	1, {UUIDOID}
};

/* Columns of respond.attempt, in their order. */
enum
{
	ATTEMPT_DELIVERY_ID, ATTEMPT_NUMBER, ATTEMPT_AT, ATTEMPT_DURATION, ATTEMPT_STATUS, ATTEMPT_ERROR,
	ATTEMPT_RESPONSE, ATTEMPT_COLUMNS
};

static const ShapeColumn attempt_columns[] = {
	{"delivery_id", INT8OID},
	{"number", INT4OID},
	{"at", TIMESTAMPTZOID},
	{"duration", INTERVALOID},
	{"status", INT4OID},
	{"error", TEXTOID},
	{"response", TEXTOID},
};

StaticAssertDecl(lengthof(attempt_columns) == ATTEMPT_COLUMNS, "each column of respond.attempt has its type");

const Shape respond_shape_attempt = SHAPE("respond.attempt", attempt_columns);

static const char *
status_name(const Outcome *outcome)
{
	switch (outcome->status)
	{
		case OUTCOME_DELIVERED:
			return "delivered";
		case OUTCOME_DEAD:
			return "dead";
		default:
			return "pending";
	}
}

/* The new value of a column of respond.delivery; false when it is NULL. */
typedef bool (*ColumnValue) (const Outcome *outcome, Datum *value);

static bool
status_value(const Outcome *outcome, Datum *value)
{
	*value = CStringGetTextDatum(status_name(outcome));
	return true;
}

static bool
attempts_value(const Outcome *outcome, Datum *value)
{
	*value = Int32GetDatum(outcome->outgoing->attempts + (outcome->outgoing->failure == NULL ? 1 : 0));
	return true;
}

static bool
next_value(const Outcome *outcome, Datum *value)
{
	*value = TimestampTzGetDatum(outcome->next_attempt_at);
	return outcome->status == OUTCOME_RETRY;
}

static bool
answer_value(const Outcome *outcome, Datum *value)
{
	*value = Int32GetDatum((int32) outcome->answer);
	return outcome->answer != 0;
}

static bool
error_value(const Outcome *outcome, Datum *value)
{
	if (outcome->error == NULL)
		return false;
	*value = CStringGetTextDatum(outcome->error);
	return true;
}

static bool
finished_value(const Outcome *outcome, Datum *value)
{
	*value = TimestampTzGetDatum(outcome->at);
	return outcome->status != OUTCOME_RETRY;
}

/* What recording changes of a delivery's row. */
static const struct
{
	int			place;			/* column */
	ColumnValue value_of;
}			changes[] = {
	{DELIVERY_STATUS, status_value},
	{DELIVERY_ATTEMPTS, attempts_value},
	{DELIVERY_NEXT_ATTEMPT_AT, next_value},
	{DELIVERY_LAST_STATUS, answer_value},
	{DELIVERY_LAST_ERROR, error_value},
	{DELIVERY_FINISHED_AT, finished_value},
};

/* Changes the row where it was seen when it was fetched; usually nobody has touched it since. */
static RecordState
update_in_place(PartitionWriter *writer, const Outcome *outcome)
{
	Datum		values[DELIVERY_COLUMNS] = {0};
	bool		nulls[DELIVERY_COLUMNS] = {0};
	bool		replaced[DELIVERY_COLUMNS] = {0};
	RowUpdate	update = {
		.key = outcome->outgoing->entry->created_at,
		.partition = outcome->outgoing->partition,
		.tid = outcome->outgoing->tid,
		.id_column = DELIVERY_ID,
		.id = outcome->outgoing->entry->id,
		.state_column = DELIVERY_STATUS,
		.state = "pending",
		.values = values,.nulls = nulls,.replaced = replaced
	};

	for (int i = 0; i < lengthof(changes); i++)
	{
		replaced[changes[i].place] = true;
		nulls[changes[i].place] = !changes[i].value_of(outcome, &values[changes[i].place]);
	}
	switch (respond_partition_writer_update(writer, &update))
	{
		case ROW_UPDATED:
			return RECORD_DONE;
		case ROW_LOCKED:
		case ROW_RACED:
			return RECORD_LOCKED;
		default:
			return RECORD_STALE;
	}
}

/* The row may have been changed since it was fetched, or moved: it is looked for once more. */
static bool
find_again(RowLookup *lookup, Outgoing *outgoing)
{
	TupleTableSlot *row = respond_row_lookup(lookup, outgoing->entry->created_at, outgoing->entry->id);

	if (row == NULL)
		return false;
	outgoing->tid = row->tts_tid;
	outgoing->partition = respond_row_lookup_partition(lookup);
	return true;
}

/* Whether somebody has the row of a channel locked that is to be disabled. */
static bool
channel_is_locked(const Outcome *outcome)
{
	Datum		id;
	bool		locked;

	if (!outcome->gone)
		return false;
	SPI_connect();
	id = UUIDPGetDatum(&outcome->outgoing->channel->id);
	locked = respond_kept_plan_run(&lock_channel, &id, NULL) == 0 &&
		respond_kept_plan_run(&find_enabled_channel, &id, NULL) > 0;
	SPI_finish();
	return locked;
}

static void
update_deliveries(Outcome **outcomes, RecordState *states, int count)
{
	Oid			table = respond_relation_oid("respond", "delivery");
	PartitionWriter *writer = respond_partition_writer_open(table, &respond_shape_delivery);
	RowLookup  *lookup = NULL;

	for (int i = 0; i < count; i++)
	{
		states[i] = channel_is_locked(outcomes[i]) ? RECORD_LOCKED : update_in_place(writer, outcomes[i]);
		if (states[i] != RECORD_STALE)
			continue;
		if (lookup == NULL)
			lookup = respond_row_lookup_open(table, &respond_shape_delivery);
		if (find_again(lookup, outcomes[i]->outgoing))
			states[i] = update_in_place(writer, outcomes[i]);
	}
	if (lookup != NULL)
		respond_row_lookup_close(lookup);
	respond_partition_writer_close(writer);
}

static void
add_attempt(PartitionWriter *writer, const Outcome *outcome)
{
	const Outgoing *outgoing = outcome->outgoing;
	Interval	duration = {.time = outgoing->transfer.duration_us};
	Datum		values[ATTEMPT_COLUMNS] = {0};
	bool		nulls[ATTEMPT_COLUMNS] = {0};

	values[ATTEMPT_DELIVERY_ID] = Int64GetDatum(outgoing->entry->id);
	values[ATTEMPT_NUMBER] = Int32GetDatum(outgoing->attempts + 1);
	values[ATTEMPT_AT] = TimestampTzGetDatum(outgoing->sent_at);
	values[ATTEMPT_DURATION] = IntervalPGetDatum(&duration);
	nulls[ATTEMPT_STATUS] = !answer_value(outcome, &values[ATTEMPT_STATUS]);
	respond_row_set_text(values, nulls, ATTEMPT_ERROR, outcome->error);
	respond_row_set_text(values, nulls, ATTEMPT_RESPONSE, outcome->response);
	respond_partition_writer_add(writer, outgoing->sent_at, values, nulls);
}

/* A try counts even when somebody cancelled the delivery meanwhile. */
static void
write_attempts(Outcome **outcomes, const RecordState *states, int count)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond", "attempt"),
															&respond_shape_attempt);

	for (int i = 0; i < count; i++)
		if (states[i] != RECORD_LOCKED && outcomes[i]->outgoing->failure == NULL)
			add_attempt(writer, outcomes[i]);
	respond_partition_writer_close(writer);
}

void
respond_outcome_rows_write(Outcome **outcomes, RecordState *states, int count)
{
	update_deliveries(outcomes, states, count);
	write_attempts(outcomes, states, count);
}
