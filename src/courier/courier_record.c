/*-------------------------------------------------------------------------
 * courier_record.c
 *	  Outcomes of many requests, recorded in one transaction.
 *
 * In that transaction: the rows of the deliveries, one row for each try, the
 * event delivery.dead and an audit row for each that died, channels that are
 * disabled because their receiver is gone, deliveries for the recipients that a
 * mail server did not take, and notifications.
 *
 * What fails by itself is told apart from what would have failed anyway: it is
 * recorded alone, and nobody else's outcome waits for it.
 *
 * src/courier/courier_record.c
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
#include "common/shape.h"
#include "courier/answer_note.h"
#include "courier/courier_channel.h"
#include "courier/courier_quarantine.h"
#include "courier/courier_queue.h"
#include "courier/courier_read.h"
#include "courier/courier_record.h"
#include "courier/courier_split.h"
#include "courier/delivery_dead.h"
#include "courier/outcome_rows.h"
#include "effect/channel_stats.h"
#include "worker/back_off.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* Pauses between tries to record one that fails by itself double from this on. */
#define FIRST_PAUSE_US		(250 * 1000)

static KeptPlan disable_channel = {
	"UPDATE respond.channel AS c SET enabled = false, disabled_reason = $2"
	" WHERE c.id OPERATOR(pg_catalog.=) $1 AND c.enabled"
	" AND (c.url IS NULL OR c.url OPERATOR(pg_catalog.=) $3)",
	3, {UUIDOID, TEXTOID, TEXTOID}
};

static void
tell_dead(const Outcome *outcome)
{
	const Outgoing *outgoing = outcome->outgoing;
	int			attempts = outgoing->attempts + (outgoing->failure == NULL ? 1 : 0);

	respond_delivery_dead_tell(outgoing, outgoing->entry->id,
					  respond_delivery_dead_description(outgoing, outgoing->entry->id, outgoing->key, attempts,
											   outcome->answer, outcome->error));
}

/* A channel that leads elsewhere by now is not the one that said so. */
static void
disable(const Outcome *outcome)
{
	const char *url = outcome->outgoing->channel_url;
	Datum		values[3] = {UUIDPGetDatum(&outcome->outgoing->channel->id),
	CStringGetTextDatum(outcome->error), CStringGetTextDatum(url != NULL ? url : "")};

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
	if (outcome->status == OUTCOME_DEAD && !respond_outcome_is_awaited(outcome))
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

		if (states[i] != RECORD_LOCKED)
			respond_courier_quarantine_clear(outcome->outgoing->entry);
		if (states[i] != RECORD_DONE)
			continue;
		respond_channel_stats_expect(outcome->outgoing->channel->name);
		if (outcome->failures < OUTCOME_TELL_LIMIT)
			tell(outcome);
		if (outcome->split)
			respond_courier_split(outcome);
		if (outcome->outgoing->notify_channel != NULL && outcome->status == OUTCOME_DELIVERED)
			Async_Notify(outcome->outgoing->notify_channel, outcome->outgoing->transfer.body);
	}
}

static void
record_in_transaction(Outcome **outcomes, RecordState *states, int count)
{
	respond_worker_begin();
	respond_shape_require_all();
	PushActiveSnapshot(GetTransactionSnapshot());
	respond_outcome_rows_write(outcomes, states, count);
	record_consequences(outcomes, states, count);
	respond_answer_notes_write(outcomes, states, count);
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

/* So much is to be expected of the next one; what was long ago counts less and less. */
static void
note_answer_size(CourierChannel *channel, const Outgoing *outgoing)
{
	if (outgoing->transfer.whole != NULL)
		channel->answer_size = Max(outgoing->transfer.whole->body.length,
								   channel->answer_size - channel->answer_size / 8);
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

	Assert(!IsTransactionState() && state != RECORD_LOCKED);
	respond_courier_quarantine_forget(outgoing->entry);
	note_answer_size(channel, outgoing);
	if (state == RECORD_DONE)
		respond_channel_stats_count(channel->name, count_of(outcome), outgoing->transfer.duration_us);
	if (state == RECORD_DONE && outcome->status == OUTCOME_RETRY)
		respond_courier_queue_put_back(outgoing->entry, outcome->next_attempt_at);
	else
		respond_courier_queue_forget(outgoing->entry);
	if (channel->config == NULL && channel->in_flight == 0)
		respond_courier_channel_remove(channel);
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
	next->after = respond_courier_queue_may_be_behind(outgoing->entry) ? 0 : outgoing->entry->id;
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
	respond_shape_require_all();
	PushActiveSnapshot(GetTransactionSnapshot());
	foreach(cell, subjects)
	{
		NextSubject *next = lfirst(cell);

		respond_courier_read_next(next->channel, next->subject, next->after);
	}
	PopActiveSnapshot();
	respond_worker_commit();
}

/* Some of the outcomes that are to be recorded, by their places in the array. */
typedef struct OutcomeGroup
{
	Outcome   **outcomes;
	int		   *places;
	int			count;
} OutcomeGroup;

/* The one in this place of a group, alone. */
static OutcomeGroup
group_of_one(const OutcomeGroup *group, int i)
{
	return (OutcomeGroup) {.outcomes = group->outcomes,.places = &group->places[i],.count = 1};
}

/* NULL when it is recorded. */
static Outcome *
outcome_in(const OutcomeGroup *group, int i)
{
	return group->outcomes[group->places[i]];
}

/*
 * Records a group, and clears the places of those that are recorded: from the
 * commit on none of them may be seen again, whatever error comes after.  *subjects
 * grows by those whose next delivery may go.
 */
static void
record_group(const OutcomeGroup *group, List **subjects)
{
	RecordState *states = palloc(sizeof(RecordState) * group->count);
	Outcome   **outcomes = palloc(sizeof(Outcome *) * group->count);

	for (int i = 0; i < group->count; i++)
		outcomes[i] = outcome_in(group, i);
	record_in_transaction(outcomes, states, group->count);
	for (int i = 0; i < group->count; i++)
	{
		if (states[i] == RECORD_LOCKED)
			continue;
		group->outcomes[group->places[i]] = NULL;
		note_next_subject(outcomes[i], states[i], subjects);
		settle(outcomes[i], states[i]);
	}
}

/* True when no error was raised; *error has its message otherwise, *lasting whether it would come again. */
static bool
record_contained(const OutcomeGroup *group, List **subjects, const char **error, bool *lasting)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		record_group(group, subjects);
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
		respond_worker_failed(data->sqlerrcode);
		*error = data->message;
		*lasting = !respond_error_is_transient(data->sqlerrcode) && data->sqlerrcode != ERRCODE_QUERY_CANCELED;
	}
	PG_END_TRY();
	return done;
}

static void
note_failure(Outcome *outcome)
{
	int64		pause = respond_back_off(FIRST_PAUSE_US, COURIER_LONGEST_PAUSE_US, outcome->failures);

	outcome->failures++;
	outcome->again_at = GetCurrentTimestamp() + pause;
}

static void
record_one_by_one(const OutcomeGroup *group, List **subjects)
{
	for (int i = 0; i < group->count; i++)
	{
		OutcomeGroup one = group_of_one(group, i);
		Outcome    *outcome = outcome_in(group, i);
		int64		id = outcome->outgoing->entry->id;
		const char *error;
		bool		lasting;

		if (record_contained(&one, subjects, &error, &lasting) || outcome_in(group, i) == NULL)
			continue;
		if (lasting)
			note_failure(outcome);
		ereport(LOG,
				(errmsg("pg_respond could not record the outcome of delivery " INT64_FORMAT ": %s", id, error),
				 outcome->failures < OUTCOME_TELL_LIMIT ? errdetail("This is retried.") :
				 errdetail("This is retried without the event delivery.dead, its row in the audit log and the"
						   " disabling of the channel.")));
	}
}

/*
 * NOTIFY can fail, when the server's queue of notifications is full, or the
 * payload too long: that is a failed try of that delivery and nobody else's matter.
 */
static void
record_notifications(const OutcomeGroup *group, List **subjects)
{
	const char *error;
	bool		lasting;

	if (record_contained(group, subjects, &error, &lasting))
		return;
	for (int i = 0; i < group->count; i++)
	{
		OutcomeGroup one = group_of_one(group, i);

		if (outcome_in(group, i) == NULL || record_contained(&one, subjects, &error, &lasting) ||
			outcome_in(group, i) == NULL || !lasting)
			continue;
		if (outcome_in(group, i)->status == OUTCOME_DELIVERED)
			respond_outcome_fail(outcome_in(group, i), error);
		record_one_by_one(&one, subjects);
	}
}

void
respond_courier_record(Outcome **outcomes, int count, bool one_by_one)
{
	OutcomeGroup plain = {outcomes, palloc(sizeof(int) * count), 0};
	OutcomeGroup alone = {outcomes, palloc(sizeof(int) * count), 0};
	OutcomeGroup notifications = {outcomes, palloc(sizeof(int) * count), 0};
	List	   *subjects = NIL;

	Assert(!IsTransactionState());
	for (int i = 0; i < count; i++)
	{
		OutcomeGroup *group = outcomes[i]->outgoing->notify_channel != NULL ? &notifications :
			one_by_one || outcomes[i]->failures > 0 ? &alone : &plain;

		group->places[group->count++] = i;
	}
	if (plain.count > 0)
		record_group(&plain, &subjects);
	record_one_by_one(&alone, &subjects);
	if (notifications.count > 0)
		record_notifications(&notifications, &subjects);
	queue_next_subjects(subjects);
}
