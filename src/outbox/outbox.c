/*-------------------------------------------------------------------------
 * outbox.c
 *	  Recording deliveries, and telling the courier of them after the commit.
 *
 * The row is the truth.  What a transaction recorded is kept in a list of the
 * backend and goes, at the very end of its commit, into a queue in shared
 * memory; so the courier need not look for it.  When the queue is full, only
 * the earliest time at which something lost is due is kept, and the courier
 * looks into the table from there.
 *
 * Notices of a subtransaction that was rolled back are dropped with it.  One
 * that stands for nothing does no harm: the courier looks the row up.  A
 * transaction that is prepared forgets its notices; whoever commits it makes
 * the courier look at everything.
 *
 * src/outbox/outbox.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/grow.h"
#include "common/kept_plan.h"
#include "common/latch.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "common/shmem.h"
#include "common/trigger_call.h"
#include "event/wake.h"
#include "outbox/delivery_columns.h"
#include "outbox/delivery_update.h"
#include "outbox/outbox.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(respond_deliveries_changed);

/*
 * A row that a superuser has put in by hand may name its channel only: it is
 * for the one that has the name then.  Nothing of ours writes such rows.
 */
static KeptPlan adopt_nameless = {
	"UPDATE respond.delivery AS d SET channel_id = c.id FROM respond.channel AS c"
	" WHERE d.channel_id IS NULL AND d.status OPERATOR(pg_catalog.=) 'pending'"
	" AND c.name OPERATOR(pg_catalog.=) d.channel",
	0, {0}
};

typedef struct PendingNotice
{
	DeliveryNotice notice;
	SubTransactionId subtransaction;
} PendingNotice;

static PendingNotice *pending = NULL;
static int	pending_count = 0;
static int	pending_room = 0;
static TimestampTz pending_lost_due = DT_NOEND; /* of those that the list has no room for */
static bool all_wanted = false;

uint64
respond_outbox_channel_hash(const pg_uuid_t *channel)
{
	return hash_bytes_extended(channel->data, UUID_LEN, 0);
}

uint64
respond_outbox_subject_hash(const char *subject)
{
	if (subject == NULL)
		subject = "";
	return hash_bytes_extended((const unsigned char *) subject, strlen(subject), 0);
}

int64
respond_outbox_next_id(void)
{
	return nextval_internal(respond_relation_oid("respond", "delivery_id_seq"), false);
}

static Datum
text_array(const char **items, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(items[i]);
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
int4_array(const int32 *items, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * count);

	for (int i = 0; i < count; i++)
		values[i] = Int32GetDatum(items[i]);
	return PointerGetDatum(construct_array(values, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static Datum
interval_of(int64 milliseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = milliseconds * 1000;
	return IntervalPGetDatum(interval);
}

static void
fill_terms(Datum *values, bool *nulls, const RequestTerms *terms)
{
	respond_row_set_text(values, nulls, DELIVERY_METHOD, terms->method);
	values[DELIVERY_DEADLINE] = TimestampTzGetDatum(terms->deadline);
	values[DELIVERY_ATTEMPT_TIMEOUT] = interval_of(terms->attempt_timeout_ms);
	values[DELIVERY_MAX_ATTEMPTS] = Int32GetDatum(terms->max_attempts);
	values[DELIVERY_MAX_BODY] = Int32GetDatum(terms->max_body);
	nulls[DELIVERY_DEADLINE] = nulls[DELIVERY_ATTEMPT_TIMEOUT] = nulls[DELIVERY_MAX_ATTEMPTS] =
		nulls[DELIVERY_MAX_BODY] = false;
	if (terms->expected_count > 0)
		values[DELIVERY_EXPECT] = int4_array(terms->expected, terms->expected_count);
	nulls[DELIVERY_EXPECT] = terms->expected_count == 0;
	respond_row_set_int64(values, nulls, DELIVERY_RUN_STARTED_AT, terms->run_started_at);
	respond_row_set_text(values, nulls, DELIVERY_STEP, terms->step);
	if (terms->retry_after_ms > 0)
		values[DELIVERY_RETRY_AFTER] = interval_of(terms->retry_after_ms);
	nulls[DELIVERY_RETRY_AFTER] = terms->retry_after_ms <= 0;
}

static void
fill_row(Datum *values, bool *nulls, const NewDelivery *delivery, TimestampTz now)
{
	memset(nulls, true, sizeof(bool) * DELIVERY_COLUMNS);
	memset(values, 0, sizeof(Datum) * DELIVERY_COLUMNS);
	respond_row_set_int64(values, nulls, DELIVERY_ID, delivery->id);
	values[DELIVERY_KEY] = UUIDPGetDatum(&delivery->key);
	respond_row_set_text(values, nulls, DELIVERY_CHANNEL, delivery->channel);
	respond_row_set_text(values, nulls, DELIVERY_RULE, delivery->rule);
	respond_row_set_int64(values, nulls, DELIVERY_RUN_ID, delivery->run_id);
	respond_row_set_int64(values, nulls, DELIVERY_EVENT_ID, delivery->event_id);
	respond_row_set_int64(values, nulls, DELIVERY_TICKET_ID, delivery->ticket_id);
	respond_row_set_text(values, nulls, DELIVERY_SUBJECT, delivery->subject);
	respond_row_set_text(values, nulls, DELIVERY_STATUS, "pending");
	values[DELIVERY_ATTEMPTS] = Int32GetDatum(0);
	values[DELIVERY_NEXT_ATTEMPT_AT] = TimestampTzGetDatum(now);
	values[DELIVERY_CREATED_AT] = TimestampTzGetDatum(now);
	values[DELIVERY_ATTEMPTS_BEFORE] = Int32GetDatum(0);
	values[DELIVERY_DEPTH] = Int32GetDatum(delivery->depth);
	nulls[DELIVERY_KEY] = nulls[DELIVERY_ATTEMPTS] = nulls[DELIVERY_NEXT_ATTEMPT_AT] =
		nulls[DELIVERY_CREATED_AT] = nulls[DELIVERY_ATTEMPTS_BEFORE] =
		nulls[DELIVERY_DEPTH] = false;
	respond_row_set_text(values, nulls, DELIVERY_URL, delivery->url);
	nulls[DELIVERY_HEADERS] = delivery->headers == NULL;
	values[DELIVERY_HEADERS] = JsonbPGetDatum(delivery->headers);
	nulls[DELIVERY_RECIPIENTS] = delivery->recipient_count == 0;
	if (delivery->recipient_count > 0)
		values[DELIVERY_RECIPIENTS] = text_array(delivery->recipients, delivery->recipient_count);
	respond_row_set_text(values, nulls, DELIVERY_BODY, delivery->body);
	respond_row_set_text(values, nulls, DELIVERY_HTML, delivery->html);
	respond_row_set_text(values, nulls, DELIVERY_SECRET_MARK, delivery->secret_mark);
	respond_row_set_int64(values, nulls, DELIVERY_INCARNATION, respond_life_incarnation());
	values[DELIVERY_CHANNEL_ID] = UUIDPGetDatum(&delivery->channel_id);
	nulls[DELIVERY_CHANNEL_ID] = false;
	respond_row_set_text(values, nulls, DELIVERY_DEFINITION, delivery->definition);
	respond_row_set_text(values, nulls, DELIVERY_CALLBACK_MARK, delivery->callback_mark);
	if (delivery->terms != NULL)
		fill_terms(values, nulls, delivery->terms);
}

void
respond_outbox_announce(const pg_uuid_t *channel, const char *subject, int64 id, TimestampTz created_at,
						TimestampTz due)
{
	PendingNotice *entry;

	Assert(IsTransactionState());
	if (pending_count >= RESPOND_MAX_NOTICES)
	{
		pending_lost_due = Min(pending_lost_due, due);
		return;
	}
	pending = respond_grow(TopMemoryContext, pending, pending_count, &pending_room, sizeof(PendingNotice));
	entry = &pending[pending_count++];
	entry->notice.id = id;
	entry->notice.created_at = created_at;
	entry->notice.due = due;
	entry->notice.subject = respond_outbox_subject_hash(subject);
	entry->notice.channel = respond_outbox_channel_hash(channel);
	entry->subtransaction = GetCurrentSubTransactionId();
}

/*
 * Rows carry the time of their writing and not that of their transaction, so
 * that what a long transaction records is not due before what the courier has
 * passed already.
 */
void
respond_outbox_write(const NewDelivery *deliveries, int count)
{
	MemoryContext context;
	MemoryContext before;
	PartitionWriter *writer;
	TimestampTz now = GetCurrentTimestamp();

	if (count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond", "delivery"), &respond_shape_delivery);
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond outbox row", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(context);
	for (int i = 0; i < count; i++)
	{
		const NewDelivery *delivery = &deliveries[i];
		Datum		values[DELIVERY_COLUMNS];
		bool		nulls[DELIVERY_COLUMNS];

		fill_row(values, nulls, delivery, now);
		respond_partition_writer_add(writer, now, values, nulls);
		respond_outbox_announce(&delivery->channel_id, delivery->subject, delivery->id, now, now);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(before);
	respond_partition_writer_close(writer);
	MemoryContextDelete(context);
}

void
respond_outbox_announce_all(void)
{
	all_wanted = true;
}

static void
forget_notices(void)
{
	pending_count = 0;
	pending_lost_due = DT_NOEND;
	all_wanted = false;
}

static void
put_notices(DeliveryQueue *queue)
{
	Assert(LWLockHeldByMeInMode(queue->lock, LW_EXCLUSIVE));
	queue->lost_due = Min(queue->lost_due, pending_lost_due);
	for (int i = 0; i < pending_count; i++)
	{
		const DeliveryNotice *notice = &pending[i].notice;

		if (queue->count < RESPOND_MAX_NOTICES)
			queue->notices[queue->count++] = *notice;
		else
			queue->lost_due = Min(queue->lost_due, notice->due);
	}
}

/* What was committed is handed over. */
static void
hand_over(Oid database, bool look_at_all)
{
	DatabaseSlot *entry = respond_shmem_find_database(database);

	if (entry != NULL)
	{
		LWLockAcquire(entry->deliveries.lock, LW_EXCLUSIVE);
		put_notices(&entry->deliveries);
		entry->deliveries.written = Max(entry->deliveries.written, XactLastCommitEnd);
		if (look_at_all)
			entry->deliveries.look_at_all = true;
		LWLockRelease(entry->deliveries.lock);
		pg_memory_barrier();
		respond_latch_wake_slot(pg_atomic_read_u32(&entry->courier));
	}
	forget_notices();
}

/* It may have been about deliveries. */
static void
look_after_commit_prepared(void)
{
	hand_over(MyDatabaseId, true);
}

static void
forget_unless_committed(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		forget_notices();
}

/* Numbers of subtransactions grow, so those within the one that aborts are at the end. */
static void
forget_subtransaction(SubXactEvent event, SubTransactionId subtransaction,
						SubTransactionId parent, void *argument)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (pending_count > 0 && pending[pending_count - 1].subtransaction >= subtransaction)
		pending_count--;
}

/*
 * As late as the waking of dispatchers, and for the same reason: the courier
 * shall have been told of channels that the transaction changed.
 */
static void
tell_of_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if ((pending_count == 0 && !all_wanted) || !is_commit || !is_top_level || phase != RESOURCE_RELEASE_AFTER_LOCKS)
		return;
	hand_over(MyDatabaseId, all_wanted);
}

void
respond_outbox_initialize(void)
{
	RegisterXactCallback(forget_unless_committed, NULL);
	RegisterSubXactCallback(forget_subtransaction, NULL);
	RegisterResourceReleaseCallback(tell_of_commit, NULL);
	respond_wake_after_commit_prepared(look_after_commit_prepared);
}

uint64
respond_outbox_adopt(void)
{
	uint64		adopted;

	SPI_connect();
	adopted = respond_delivery_update(&adopt_nameless, respond_kept_plan_run_as_owner, NULL, NULL);
	SPI_finish();
	return adopted;
}

/*
 * deliveries_changed(): AFTER any change FOR EACH STATEMENT on respond.delivery.
 * What the courier itself changes it knows.
 */
Datum
respond_deliveries_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "deliveries_changed", "AFTER", "STATEMENT", "delivery");

	if (respond_worker_slot != NULL && respond_worker_slot->kind == WORKER_COURIER)
		PG_RETURN_POINTER(NULL);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		respond_outbox_adopt();
	respond_outbox_announce_all();
	PG_RETURN_POINTER(NULL);
}
