/*-------------------------------------------------------------------------
 * courier_record.c
 *	  Outcomes of many requests, recorded in one transaction.
 *
 * In that transaction: the rows of the deliveries, one row for each try, the
 * event delivery.dead and an audit row for each that died, channels that are
 * disabled because their receiver is gone, deliveries for the recipients that a
 * mail server did not take, and notifications.
 *
 * A session that has a delivery's row locked must not hold up the others: the
 * wait for a lock is short, and after that what is locked is left for later.
 *
 * src/delivery/courier_record.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "pgstat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "audit/audit_write.h"
#include "common/kept_plan.h"
#include "common/partition_write.h"
#include "common/row_json.h"
#include "delivery/channel_stats.h"
#include "delivery/courier.h"
#include "delivery/courier_split.h"
#include "event/event_write.h"
#include "launcher/worker.h"

#define DELIVERY_DEAD		"delivery.dead"
#define ACTOR				"courier"

/* How long a row that somebody has locked may hold up a transaction. */
#define LOCK_WAIT			"50"

#define OUTCOME_COLUMNS		8

#define UPDATE_ROWS(source) \
	"UPDATE respond.delivery AS d SET status = o.status, attempts = o.attempts, next_attempt_at = o.next_attempt_at," \
	" last_status = o.last_status, last_error = o.last_error, finished_at = o.finished_at" \
	" FROM " source " WHERE d.id = o.id AND d.created_at = o.created_at AND d.status = 'pending' RETURNING d.id"

#define OUTCOMES \
	"ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4)," \
	" pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8))" \
	" AS o (id, created_at, status, attempts, next_attempt_at, last_status, last_error, finished_at)"

#define OUTCOME_TYPES \
	{INT8ARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID, TEXTARRAYOID, \
	TIMESTAMPTZARRAYOID}

static KeptPlan update_rows = {UPDATE_ROWS(OUTCOMES), OUTCOME_COLUMNS, OUTCOME_TYPES};

static KeptPlan update_unlocked_rows = {
	"WITH unlocked AS MATERIALIZED ("
	" SELECT o.* FROM " OUTCOMES " JOIN respond.delivery AS l ON l.id = o.id AND l.created_at = o.created_at"
	" WHERE l.status = 'pending' FOR UPDATE OF l SKIP LOCKED) "
	UPDATE_ROWS("unlocked AS o"),
	OUTCOME_COLUMNS, OUTCOME_TYPES
};

/* Those of them that are pending still, as far as one can see. */
static KeptPlan find_pending = {
	"SELECT d.id FROM respond.delivery AS d WHERE d.id = ANY ($1) AND d.created_at = ANY ($2) AND d.status = 'pending'",
	2, {INT8ARRAYOID, TIMESTAMPTZARRAYOID}
};

static KeptPlan disable_channel = {
	"UPDATE respond.channel AS c SET enabled = false, disabled_reason = $2 WHERE c.name = $1 AND c.enabled",
	2, {TEXTOID, TEXTOID}
};

/* Columns of respond.attempt, in their order. */
enum
{
	ATTEMPT_DELIVERY_ID, ATTEMPT_NUMBER, ATTEMPT_AT, ATTEMPT_DURATION, ATTEMPT_STATUS, ATTEMPT_ERROR,
	ATTEMPT_RESPONSE, ATTEMPT_COLUMNS
};

/* What happened to an outcome in the transaction. */
typedef enum RecordState
{
	RECORD_STALE,				/* its row is not pending any more: somebody cancelled it */
	RECORD_DONE,
	RECORD_LOCKED				/* for later */
} RecordState;

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

static Datum
make_array(Datum *values, bool *nulls, int count, Oid type, int length, bool by_value, char align)
{
	int			dimensions[1] = {count};
	int			bounds[1] = {1};

	return PointerGetDatum(construct_md_array(values, nulls, 1, dimensions, bounds, type, length, by_value, align));
}

/* One column of the arrays: the value of each outcome, false when it is NULL. */
typedef bool (*ColumnValue) (const Outcome *outcome, Datum *value);

static bool
id_value(const Outcome *outcome, Datum *value)
{
	*value = Int64GetDatum(outcome->outgoing->entry->id);
	return true;
}

static bool
created_value(const Outcome *outcome, Datum *value)
{
	*value = TimestampTzGetDatum(outcome->outgoing->entry->created_at);
	return true;
}

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

static Datum
column(Outcome **outcomes, int count, ColumnValue value_of, Oid type)
{
	Datum	   *values = palloc0(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);
	bool		is_text = type == TEXTOID;
	int			length = is_text ? -1 : type == INT4OID ? 4 : 8;
	char		align = type == INT4OID || is_text ? TYPALIGN_INT : TYPALIGN_DOUBLE;

	for (int i = 0; i < count; i++)
		nulls[i] = !value_of(outcomes[i], &values[i]);
	return make_array(values, nulls, count, type, length, !is_text, align);
}

static void
outcome_arrays(Outcome **outcomes, int count, Datum *arrays)
{
	arrays[0] = column(outcomes, count, id_value, INT8OID);
	arrays[1] = column(outcomes, count, created_value, TIMESTAMPTZOID);
	arrays[2] = column(outcomes, count, status_value, TEXTOID);
	arrays[3] = column(outcomes, count, attempts_value, INT4OID);
	arrays[4] = column(outcomes, count, next_value, TIMESTAMPTZOID);
	arrays[5] = column(outcomes, count, answer_value, INT4OID);
	arrays[6] = column(outcomes, count, error_value, TEXTOID);
	arrays[7] = column(outcomes, count, finished_value, TIMESTAMPTZOID);
}

/* Marks the outcomes whose ids the last query gave. */
static void
mark_states(Outcome **outcomes, RecordState *states, int count, RecordState state)
{
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(int64),.hcxt = CurrentMemoryContext};
	HTAB	   *found = hash_create("outcomes", count, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		is_null;
		int64		id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null));

		hash_search(found, &id, HASH_ENTER, NULL);
	}
	for (int i = 0; i < count; i++)
		if (states[i] == RECORD_STALE && hash_search(found, &outcomes[i]->outgoing->entry->id, HASH_FIND, NULL) != NULL)
			states[i] = state;
}

static void
update_deliveries(Outcome **outcomes, RecordState *states, int count, bool skip_locked)
{
	Datum		arrays[OUTCOME_COLUMNS];

	outcome_arrays(outcomes, count, arrays);
	SPI_connect();
	respond_kept_plan_run(skip_locked ? &update_unlocked_rows : &update_rows, arrays, NULL);
	mark_states(outcomes, states, count, RECORD_DONE);
	if (skip_locked)
	{
		respond_kept_plan_run(&find_pending, arrays, NULL);
		mark_states(outcomes, states, count, RECORD_LOCKED);
	}
	SPI_finish();
}

static void
set_text(Datum *values, bool *nulls, int place, const char *text)
{
	nulls[place] = text == NULL;
	if (text != NULL)
		values[place] = CStringGetTextDatum(text);
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
	set_text(values, nulls, ATTEMPT_ERROR, outcome->error);
	set_text(values, nulls, ATTEMPT_RESPONSE, outcome->response);
	respond_partition_writer_add(writer, outgoing->sent_at, values, nulls);
}

/* A try counts even when somebody cancelled the delivery meanwhile. */
static void
write_attempts(Outcome **outcomes, const RecordState *states, int count)
{
	PartitionWriter *writer = respond_partition_writer_open(respond_relation_oid("respond", "attempt"));

	for (int i = 0; i < count; i++)
		if (states[i] != RECORD_LOCKED && outcomes[i]->outgoing->failure == NULL)
			add_attempt(writer, outcomes[i]);
	respond_partition_writer_close(writer);
}

static void
push_text(JsonbParseState **state, const char *key, const char *value)
{
	respond_json_push_key(state, key);
	respond_json_push_string(state, WJB_VALUE, value);
}

static void
push_number(JsonbParseState **state, const char *key, int64 value)
{
	respond_json_push_key(state, key);
	if (value != 0)
		respond_json_push_int64(state, WJB_VALUE, value);
	else
		respond_json_push_string(state, WJB_VALUE, NULL);
}

Jsonb *
respond_dead_description(const Outgoing *outgoing, int64 id, const char *key, int attempts, long status, const char *error)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_number(&state, "delivery_id", id);
	push_text(&state, "key", key);
	push_text(&state, "channel", outgoing->channel->name);
	push_text(&state, "rule", outgoing->rule);
	push_number(&state, "run_id", outgoing->run_id);
	push_number(&state, "event_id", outgoing->event_id);
	push_number(&state, "ticket_id", outgoing->ticket_id);
	push_number(&state, "attempts", attempts);
	push_number(&state, "status", status);
	push_text(&state, "error", error);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

void
respond_dead_tell(const Outgoing *outgoing, int64 id, Jsonb *description)
{
	AuditRow	audit = {
		.actor = ACTOR,.action = DELIVERY_DEAD,.object_type = "delivery",
		.object_id = psprintf(INT64_FORMAT, id),.event_id = outgoing->event_id,.run_id = outgoing->run_id,
		.rule = outgoing->rule,.new = description
	};
	NewEvent	event = {
		.type = DELIVERY_DEAD,.subject = psprintf("delivery/" INT64_FORMAT, id),.actor = ACTOR,
		.data = description,.cause = outgoing->event_id,.depth = outgoing->depth + 1
	};

	respond_audit_write(&audit, 1);
	respond_event_write(&event, 1);
}

static void
tell_dead(const Outcome *outcome)
{
	const Outgoing *outgoing = outcome->outgoing;
	int			attempts = outgoing->attempts + (outgoing->failure == NULL ? 1 : 0);

	respond_dead_tell(outgoing, outgoing->entry->id,
					  respond_dead_description(outgoing, outgoing->entry->id, outgoing->key, attempts,
											   outcome->answer, outcome->error));
}

static void
disable(const Outcome *outcome)
{
	Datum		values[2] = {CStringGetTextDatum(outcome->outgoing->channel->name),
	CStringGetTextDatum(outcome->error)};

	SPI_connect();
	if (respond_kept_plan_run(&disable_channel, values, NULL) > 0)
		ereport(LOG,
				(errmsg("pg_respond disabled channel \"%s\": %s", outcome->outgoing->channel->name, outcome->error)));
	SPI_finish();
}

static void
record_consequences(Outcome **outcomes, const RecordState *states, int count)
{
	for (int i = 0; i < count; i++)
	{
		const Outcome *outcome = outcomes[i];

		if (states[i] != RECORD_DONE)
			continue;
		if (outcome->status == OUTCOME_DEAD)
			tell_dead(outcome);
		if (outcome->gone)
			disable(outcome);
		if (outcome->split)
			respond_courier_split(outcome);
		if (outcome->outgoing->is_notify && outcome->status == OUTCOME_DELIVERED)
			Async_Notify(outcome->outgoing->notify_channel, outcome->outgoing->transfer.body);
	}
}

/* With skip_locked, rows that somebody has locked are left out; else the wait for one is an error. */
static void
record_in_transaction(Outcome **outcomes, RecordState *states, int count, bool skip_locked)
{
	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (!skip_locked)
		(void) set_config_option("lock_timeout", LOCK_WAIT, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	for (int i = 0; i < count; i++)
		states[i] = RECORD_STALE;
	update_deliveries(outcomes, states, count, skip_locked);
	write_attempts(outcomes, states, count);
	record_consequences(outcomes, states, count);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Tries it the fast way, and when a row is locked the careful one. */
static void
record_guarded(Outcome **outcomes, RecordState *states, int count)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool locked = false;

	PG_TRY();
	{
		record_in_transaction(outcomes, states, count, false);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		locked = true;
	}
	PG_END_TRY();
	if (locked)
		record_in_transaction(outcomes, states, count, true);
}

/* After the commit: the entry goes on, or is forgotten with its request. */
static void
settle(Outcome *outcome, RecordState state)
{
	Outgoing   *outgoing = outcome->outgoing;
	CourierChannel *channel = outgoing->channel;
	Entry	   *entry = outgoing->entry;

	if (state == RECORD_DONE && outgoing->failure == NULL)
		respond_channel_stats_count(channel->name,
									outcome->status == OUTCOME_DELIVERED ? CHANNEL_DELIVERED :
									outcome->status == OUTCOME_DEAD ? CHANNEL_DEAD : CHANNEL_RETRIED,
									outgoing->transfer.duration_us);
	else if (state == RECORD_DONE)
		respond_channel_stats_count(channel->name, CHANNEL_DEAD, 0);
	if (state == RECORD_DONE && outcome->status == OUTCOME_RETRY)
		respond_queue_put_back(entry, outcome->next_attempt_at);
	else
	{
		bool		ordered = channel->ordered;

		respond_queue_forget(entry);
		/* the next one of its subject may go */
		if (ordered && channel->config != NULL)
			respond_courier_queue_next(channel, outgoing->subject);
	}
	if (channel->config == NULL && channel->in_flight == 0)
		respond_queue_remove_channel(channel);
	MemoryContextDelete(outgoing->context);
}

static bool
any_ordered(Outcome **outcomes, int count)
{
	for (int i = 0; i < count; i++)
		if (outcomes[i]->outgoing->channel->ordered)
			return true;
	return false;
}

int
respond_courier_record(Outcome **outcomes, int count)
{
	RecordState *states = palloc(sizeof(RecordState) * count);
	bool		ordered = any_ordered(outcomes, count);
	int			left = 0;

	record_guarded(outcomes, states, count);
	if (ordered)
	{
		respond_worker_begin();
		PushActiveSnapshot(GetTransactionSnapshot());
	}
	for (int i = 0; i < count; i++)
	{
		if (states[i] == RECORD_LOCKED)
			outcomes[left++] = outcomes[i];
		else
			settle(outcomes[i], states[i]);
	}
	if (ordered)
	{
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
	return left;
}
