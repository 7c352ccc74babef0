/*-------------------------------------------------------------------------
 * courier_record.c
 *	  Outcomes of many requests, recorded in one transaction.
 *
 * In that transaction: the rows of the deliveries, one row for each try, the
 * event delivery.dead and an audit row for each that died, channels that are
 * disabled because their receiver is gone, deliveries for the recipients that a
 * mail server did not take, and notifications.
 *
 * Rows are changed where they were seen when they were fetched, without a query;
 * one that somebody has touched since is looked up.  A session that has a row
 * locked must not hold up the others: nobody waits, it is left for later.
 *
 * src/delivery/courier_record.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/error_class.h"
#include "common/kept_plan.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "delivery/channel_stats.h"
#include "delivery/courier.h"
#include "delivery/courier_split.h"
#include "delivery/delivery_columns.h"
#include "delivery/delivery_dead.h"
#include "launcher/worker.h"

/* After so many failures an outcome is recorded without telling of it. */
#define TELL_LIMIT			5

/* Pauses between tries to record one that fails by itself; they double. */
#define FIRST_PAUSE_US		(250 * 1000)
#define LONGEST_PAUSE_US	(60 * USECS_PER_SEC)

static KeptPlan disable_channel = {
	"UPDATE respond.channel AS c SET enabled = false, disabled_reason = $2 WHERE c.name = $1 AND c.enabled",
	2, {TEXTOID, TEXTOID}
};

static KeptPlan lock_channel = {
	"SELECT FROM respond.channel AS c WHERE c.name = $1 AND c.enabled FOR NO KEY UPDATE SKIP LOCKED",
	1, {TEXTOID}
};

static KeptPlan find_enabled_channel = {
	"SELECT FROM respond.channel AS c WHERE c.name = $1 AND c.enabled",
	1, {TEXTOID}
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
	RECORD_LOCKED				/* its row, or that of a channel to be disabled: for later */
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
	Datum		name;
	bool		locked;

	if (!outcome->gone)
		return false;
	SPI_connect();
	name = CStringGetTextDatum(outcome->outgoing->channel->name);
	locked = respond_kept_plan_run(&lock_channel, &name, NULL) == 0 &&
		respond_kept_plan_run(&find_enabled_channel, &name, NULL) > 0;
	SPI_finish();
	return locked;
}

static void
update_deliveries(Outcome **outcomes, RecordState *states, int count)
{
	Oid			table = respond_relation_oid("respond", "delivery");
	PartitionWriter *writer = respond_partition_writer_open(table);
	RowLookup  *lookup = NULL;

	for (int i = 0; i < count; i++)
	{
		states[i] = channel_is_locked(outcomes[i]) ? RECORD_LOCKED : update_in_place(writer, outcomes[i]);
		if (states[i] != RECORD_STALE)
			continue;
		if (lookup == NULL)
			lookup = respond_row_lookup_open(table);
		if (find_again(lookup, outcomes[i]->outgoing))
			states[i] = update_in_place(writer, outcomes[i]);
	}
	if (lookup != NULL)
		respond_row_lookup_close(lookup);
	respond_partition_writer_close(writer);
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

/*
 * What a trigger or a constraint of somebody's may refuse.  In the end the row
 * must say what became of the delivery all the same, or it would be sent again.
 */
static void
tell(const Outcome *outcome)
{
	if (outcome->status == OUTCOME_DEAD)
		tell_dead(outcome);
	if (outcome->gone)
		disable(outcome);
}

static void
record_consequences(Outcome **outcomes, const RecordState *states, int count)
{
	for (int i = 0; i < count; i++)
	{
		const Outcome *outcome = outcomes[i];

		if (states[i] != RECORD_DONE)
			continue;
		if (outcome->failures < TELL_LIMIT)
			tell(outcome);
		if (outcome->split)
			respond_courier_split(outcome);
		if (outcome->outgoing->is_notify && outcome->status == OUTCOME_DELIVERED)
			Async_Notify(outcome->outgoing->notify_channel, outcome->outgoing->transfer.body);
	}
}

static void
record_in_transaction(Outcome **outcomes, RecordState *states, int count)
{
	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	update_deliveries(outcomes, states, count);
	write_attempts(outcomes, states, count);
	record_consequences(outcomes, states, count);
	PopActiveSnapshot();
	respond_worker_commit();
}

static ChannelCount
count_of(const Outcome *outcome)
{
	switch (outcome->status)
	{
		case OUTCOME_DELIVERED:
			return CHANNEL_DELIVERED;
		case OUTCOME_DEAD:
			return CHANNEL_DEAD;
		default:
			return CHANNEL_RETRIED;
	}
}

/*
 * After the commit: the entry goes on, or is forgotten with its request.  Nothing
 * in here can fail, so an outcome is never recorded twice.
 */
static void
settle(Outcome *outcome, RecordState state)
{
	Outgoing   *outgoing = outcome->outgoing;
	CourierChannel *channel = outgoing->channel;

	if (state == RECORD_DONE)
		respond_channel_stats_count(channel->name, count_of(outcome), outgoing->transfer.duration_us);
	if (state == RECORD_DONE && outcome->status == OUTCOME_RETRY)
		respond_queue_put_back(outgoing->entry, outcome->next_attempt_at);
	else
		respond_queue_forget(outgoing->entry);
	if (channel->config == NULL && channel->in_flight == 0)
		respond_queue_remove_channel(channel);
	MemoryContextDelete(outgoing->context);
}

/* Subjects of ordered channels whose next delivery may go. */
typedef struct NextSubject
{
	CourierChannel *channel;
	char	   *subject;
	int64		after;			/* the number of the delivery that has ended; 0: any may be next */
} NextSubject;

static void
note_next_subject(const Outcome *outcome, RecordState state, List **subjects)
{
	const Outgoing *outgoing = outcome->outgoing;
	NextSubject *next;

	if (!outgoing->channel->ordered || outgoing->channel->config == NULL ||
		(state == RECORD_DONE && outcome->status == OUTCOME_RETRY))
		return;
	next = palloc(sizeof(NextSubject));
	next->channel = outgoing->channel;
	next->subject = outgoing->subject != NULL ? pstrdup(outgoing->subject) : NULL;

	/*
	 * In the index of what is pending, those that have ended before stay as long
	 * as anybody's snapshot might see them; not to pass them all again each time.
	 */
	next->after = respond_queue_may_be_behind(outgoing->entry) ? 0 : outgoing->entry->id;
	*subjects = lappend(*subjects, next);
}

/* Last of all; an error in here makes the courier look at everything anew, so none is forgotten. */
static void
queue_next_subjects(List *subjects)
{
	ListCell   *cell;

	if (subjects == NIL)
		return;
	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	foreach(cell, subjects)
	{
		NextSubject *next = lfirst(cell);

		respond_courier_queue_next(next->channel, next->subject, next->after);
	}
	PopActiveSnapshot();
	respond_worker_commit();
}

/*
 * Records the outcomes in these places, and clears the places of those that are
 * recorded: from the commit on none of them may be seen again, whatever error
 * comes after.  *subjects grows by those whose next delivery may go.
 */
static void
record_group(Outcome ***places, int count, List **subjects)
{
	RecordState *states = palloc(sizeof(RecordState) * count);
	Outcome   **group = palloc(sizeof(Outcome *) * count);

	for (int i = 0; i < count; i++)
		group[i] = *places[i];
	record_in_transaction(group, states, count);
	for (int i = 0; i < count; i++)
	{
		if (states[i] == RECORD_LOCKED)
			continue;
		*places[i] = NULL;
		note_next_subject(group[i], states[i], subjects);
		settle(group[i], states[i]);
	}
}

/* True when no error was raised; *error has its message otherwise, *lasting whether it would come again. */
static bool
record_contained(Outcome ***places, int count, List **subjects, const char **error, bool *lasting)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		record_group(places, count, subjects);
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *data;

		MemoryContextSwitchTo(caller);
		data = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		*error = data->message;
		*lasting = !respond_error_is_transient(data->sqlerrcode) && data->sqlerrcode != ERRCODE_QUERY_CANCELED;
	}
	PG_END_TRY();
	return done;
}

static void
note_failure(Outcome *outcome)
{
	int64		pause = Min(FIRST_PAUSE_US << Min(outcome->failures, 10), LONGEST_PAUSE_US);

	outcome->failures++;
	outcome->again_at = GetCurrentTimestamp() + pause;
}

static void
record_one_by_one(Outcome ***places, int count, List **subjects)
{
	for (int i = 0; i < count; i++)
	{
		int64		id = (*places[i])->outgoing->entry->id;
		const char *error;
		bool		lasting;

		if (record_contained(&places[i], 1, subjects, &error, &lasting) || *places[i] == NULL)
			continue;
		if (lasting)
			note_failure(*places[i]);
		ereport(LOG,
				(errmsg("pg_respond could not record the outcome of delivery " INT64_FORMAT ": %s", id, error),
				 (*places[i])->failures < TELL_LIMIT ? errdetail("It is tried again.") :
				 errdetail("It is tried again, without the event delivery.dead, its row in the audit log and the disabling of the channel.")));
	}
}

/*
 * NOTIFY can fail, when the server's queue of notifications is full, or the
 * payload too long: that is a failed try of that delivery and nobody else's matter.
 */
static void
record_notifications(Outcome ***places, int count, List **subjects)
{
	const char *error;
	bool		lasting;

	if (record_contained(places, count, subjects, &error, &lasting))
		return;
	for (int i = 0; i < count; i++)
	{
		if (*places[i] == NULL || record_contained(&places[i], 1, subjects, &error, &lasting) || *places[i] == NULL || !lasting)
			continue;
		if ((*places[i])->status == OUTCOME_DELIVERED)
			respond_outcome_fail(*places[i], error);
		record_one_by_one(&places[i], 1, subjects);
	}
}

void
respond_courier_record(Outcome **outcomes, int count, bool one_by_one)
{
	Outcome  ***plain = palloc(sizeof(Outcome **) * count);
	Outcome  ***alone = palloc(sizeof(Outcome **) * count);
	Outcome  ***notifications = palloc(sizeof(Outcome **) * count);
	int			plain_count = 0;
	int			alone_count = 0;
	int			notification_count = 0;
	List	   *subjects = NIL;

	for (int i = 0; i < count; i++)
	{
		if (outcomes[i]->outgoing->is_notify)
			notifications[notification_count++] = &outcomes[i];
		else if (one_by_one || outcomes[i]->failures > 0)
			alone[alone_count++] = &outcomes[i];
		else
			plain[plain_count++] = &outcomes[i];
	}
	if (plain_count > 0)
		record_group(plain, plain_count, &subjects);
	record_one_by_one(alone, alone_count, &subjects);
	if (notification_count > 0)
		record_notifications(notifications, notification_count, &subjects);
	queue_next_subjects(subjects);
}
