/*-------------------------------------------------------------------------
 * courier_fetch.c
 *	  From a pending delivery to a request that can be sent.
 *
 * The rows of many deliveries are fetched in one transaction.  Before any of them
 * is sent, the WAL is flushed up to where it stood when they became known: so the
 * row of a request that leaves survives a crash.  (Up to where it stands now would
 * be a flush of the outcomes that the courier recorded since, each time.)  Where
 * there is a synchronous standby, nothing is fetched before that has it, too.
 *
 * src/courier/courier_fetch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/error_class.h"
#include "common/kept_plan.h"
#include "common/life.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/shape.h"
#include "courier/courier_fetch.h"
#include "courier/courier_quarantine.h"
#include "courier/courier_queue.h"
#include "courier/courier_read.h"
#include "courier/courier_request.h"
#include "outbox/delivery_columns.h"
#include "worker/worker.h"

/* The first pending delivery of the same subject in an ordered channel. */
static KeptPlan find_head = {
	"SELECT d.id FROM respond.delivery AS d"
	" WHERE d.channel_id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'"
	" AND COALESCE(d.subject, '') OPERATOR(pg_catalog.=) $2"
	" ORDER BY COALESCE(d.subject, ''), d.id LIMIT 1",
	2, {UUIDOID, TEXTOID}
};

static char *
text_of(TupleTableSlot *row, int column)
{
	return row->tts_isnull[column] ? NULL : TextDatumGetCString(row->tts_values[column]);
}

static int64
int64_of(TupleTableSlot *row, int column)
{
	return row->tts_isnull[column] ? 0 : DatumGetInt64(row->tts_values[column]);
}

static const char **
texts_of(TupleTableSlot *row, int column, int *count)
{
	Datum	   *items;
	bool	   *nulls;
	const char **texts;

	*count = 0;
	if (row->tts_isnull[column])
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(row->tts_values[column]), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, count);
	texts = palloc(sizeof(char *) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
		texts[i] = nulls[i] ? "" : TextDatumGetCString(items[i]);
	return texts;
}

static const int32 *
numbers_of(TupleTableSlot *row, int column, int *count)
{
	ArrayType  *array;

	*count = 0;
	if (row->tts_isnull[column])
		return NULL;
	array = DatumGetArrayTypePCopy(row->tts_values[column]);
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array))
		return NULL;
	*count = ARR_DIMS(array)[0];
	return (const int32 *) ARR_DATA_PTR(array);
}

/* How much it may ask for: what is not said, or cannot be, is as usual. */
static int32
number_of(TupleTableSlot *row, int column, int32 usual, int32 largest)
{
	int32		number = row->tts_isnull[column] ? usual : DatumGetInt32(row->tts_values[column]);

	return Max(1, Min(number, largest));
}

/* NULL: nobody waits for the answer. */
static const RequestTerms *
terms_of(TupleTableSlot *row, const Channel *config)
{
	RequestTerms *terms = palloc0(sizeof(RequestTerms));
	Interval   *timeout;

	if (row->tts_isnull[DELIVERY_DEADLINE])
		return NULL;
	timeout = row->tts_isnull[DELIVERY_ATTEMPT_TIMEOUT] ? NULL :
		DatumGetIntervalP(row->tts_values[DELIVERY_ATTEMPT_TIMEOUT]);
	terms->method = text_of(row, DELIVERY_METHOD);
	terms->deadline = DatumGetTimestampTz(row->tts_values[DELIVERY_DEADLINE]);
	terms->attempt_timeout_ms = timeout == NULL ? config->timeout_ms :
		(int32) Max(1, Min(timeout->time / 1000, CHANNEL_MAX_TIMEOUT_MS));
	terms->max_attempts = number_of(row, DELIVERY_MAX_ATTEMPTS, config->max_attempts, CHANNEL_MAX_ATTEMPTS);
	terms->max_body = number_of(row, DELIVERY_MAX_BODY, ANSWER_LARGEST, ANSWER_LARGEST);
	terms->expected = numbers_of(row, DELIVERY_EXPECT, &terms->expected_count);
	terms->run_started_at = row->tts_isnull[DELIVERY_RUN_STARTED_AT] ? 0 :
		DatumGetTimestampTz(row->tts_values[DELIVERY_RUN_STARTED_AT]);
	terms->step = text_of(row, DELIVERY_STEP);
	if (!row->tts_isnull[DELIVERY_RETRY_AFTER])
		terms->retry_after_ms = DatumGetIntervalP(row->tts_values[DELIVERY_RETRY_AFTER])->time / 1000;
	return terms;
}

/* In the context of the request. */
static void
read_row(Outgoing *outgoing, TupleTableSlot *row)
{
	RequestRow	request = {.created_at = DatumGetTimestampTz(row->tts_values[DELIVERY_CREATED_AT])};

	strlcpy(outgoing->key, DatumGetCString(DirectFunctionCall1(uuid_out, row->tts_values[DELIVERY_KEY])),
			sizeof(outgoing->key));
	outgoing->tid = row->tts_tid;
	outgoing->rule = text_of(row, DELIVERY_RULE);
	outgoing->run_id = int64_of(row, DELIVERY_RUN_ID);
	outgoing->event_id = int64_of(row, DELIVERY_EVENT_ID);
	outgoing->ticket_id = int64_of(row, DELIVERY_TICKET_ID);
	outgoing->subject = text_of(row, DELIVERY_SUBJECT);
	outgoing->attempts = DatumGetInt32(row->tts_values[DELIVERY_ATTEMPTS]);
	outgoing->attempts_before = DatumGetInt32(row->tts_values[DELIVERY_ATTEMPTS_BEFORE]);
	outgoing->entry->since = row->tts_isnull[DELIVERY_DUE_SINCE] ? request.created_at :
		DatumGetTimestampTz(row->tts_values[DELIVERY_DUE_SINCE]);
	outgoing->depth = DatumGetInt32(row->tts_values[DELIVERY_DEPTH]);
	outgoing->terms = terms_of(row, outgoing->channel->config);
	if (outgoing->entry->given_up)
	{
		outgoing->failure = respond_courier_quarantine_reason();
		return;
	}
	if (outgoing->terms != NULL && outgoing->terms->deadline <= GetCurrentTimestamp())
	{
		outgoing->failure = "timed out";
		return;
	}
	if (!row->tts_isnull[DELIVERY_HEADERS])
		request.headers = DatumGetJsonbPCopy(row->tts_values[DELIVERY_HEADERS]);
	request.recipients = texts_of(row, DELIVERY_RECIPIENTS, &request.recipient_count);
	request.url = text_of(row, DELIVERY_URL);
	request.body = text_of(row, DELIVERY_BODY);
	request.html = text_of(row, DELIVERY_HTML);
	request.mark = text_of(row, DELIVERY_SECRET_MARK);
	request.definition = text_of(row, DELIVERY_DEFINITION);
	request.callback_mark = text_of(row, DELIVERY_CALLBACK_MARK);
	respond_courier_request_fill(outgoing, &request);
}

/* What cannot be made a request is dead, with the reason; it must not hold up the others. */
static Outgoing *
make_outgoing(Entry *entry, TupleTableSlot *row, Oid partition)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "pg_respond request", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Outgoing   *outgoing = palloc0(sizeof(Outgoing));

	outgoing->context = context;
	outgoing->entry = entry;
	outgoing->channel = entry->channel;
	outgoing->partition = partition;
	outgoing->transfer.retry_after_ms = -1;
	/* the channel's secret may be another one when the answer comes */
	outgoing->forms = entry->channel->forms;
	respond_secret_forms_hold(outgoing->forms, context);
	PG_TRY();
	{
		read_row(outgoing, row);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
		{
			MemoryContextSwitchTo(caller);
			MemoryContextDelete(context);
			PG_RE_THROW();
		}
		FlushErrorState();
		outgoing->failure = respond_error_clip(error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return outgoing;
}

/* Whether the delivery has to wait for one before it; that one is queued in its place. */
static bool
waits_for_another(Entry **place, const char *subject)
{
	Entry	   *entry = *place;
	CourierChannel *channel = entry->channel;
	Datum		values[2] = {UUIDPGetDatum(&channel->id), CStringGetTextDatum(subject != NULL ? subject : "")};
	bool		null;
	int64		first = entry->id;

	if (!respond_courier_queue_may_be_behind(entry))
		return false;
	SPI_connect();
	if (respond_kept_plan_run(&find_head, values, NULL) > 0)
		first = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	SPI_finish();
	if (first == entry->id)
		return false;
	/* the table has it, should the next query fail */
	respond_courier_queue_lower(channel, DT_NOBEGIN, 0);
	*place = NULL;
	respond_courier_quarantine_let_go(entry);
	respond_courier_queue_forget(entry);
	respond_courier_read_next(channel, subject, 0);
	return true;
}

static bool
is_pending(TupleTableSlot *row)
{
	text	   *status = DatumGetTextPP(row->tts_values[DELIVERY_STATUS]);

	return VARSIZE_ANY_EXHDR(status) == strlen("pending") &&
		memcmp(VARDATA_ANY(status), "pending", strlen("pending")) == 0;
}

/* One that another database recorded is sent after release() alone, for that one may send it too. */
static bool
is_own(TupleTableSlot *row)
{
	if (int64_of(row, DELIVERY_INCARNATION) == respond_life_incarnation())
		return true;
	respond_life_note_foreign();
	return false;
}

static bool
is_of_channel(TupleTableSlot *row, const CourierChannel *channel)
{
	return !row->tts_isnull[DELIVERY_CHANNEL_ID] &&
		memcmp(DatumGetUUIDP(row->tts_values[DELIVERY_CHANNEL_ID]), &channel->id, sizeof(pg_uuid_t)) == 0;
}

/* What is behind an error is still in entries, what is before it in the list. */
static void
fetch(Entry **entries, int count, Outgoing **list)
{
	RowLookup  *lookup = respond_row_lookup_open(respond_relation_oid("respond", "delivery"), &respond_shape_delivery);
	Outgoing  **end = list;

	for (int i = 0; i < count; i++)
	{
		Entry	   *entry = entries[i];
		TupleTableSlot *row = respond_row_lookup(lookup, entry->created_at, entry->id);

		Assert(entry->state == ENTRY_SENDING);
		/* cancelled, gone, not ours, or somebody gave it to another channel */
		if (row == NULL || !is_pending(row) || !is_own(row) || !is_of_channel(row, entry->channel))
		{
			entries[i] = NULL;
			/* one of its subject may have come to be known, and have been held to be behind it */
			if (entry->channel->ordered)
				respond_courier_queue_lower(entry->channel, DT_NOBEGIN, 0);
			respond_courier_quarantine_let_go(entry);
			respond_courier_queue_forget(entry);
			continue;
		}
		if (!entry->channel->ordered || !waits_for_another(&entries[i], text_of(row, DELIVERY_SUBJECT)))
		{
			*end = make_outgoing(entry, row, respond_row_lookup_partition(lookup));
			end = &(*end)->next;
		}
		entries[i] = NULL;
	}
	respond_row_lookup_close(lookup);
}

void
respond_courier_fetch(Entry **entries, int count, Outgoing **list)
{
	XLogRecPtr	written = InvalidXLogRecPtr;

	respond_worker_begin();
	respond_shape_require_all();
	PushActiveSnapshot(GetTransactionSnapshot());
	fetch(entries, count, list);
	PopActiveSnapshot();
	respond_worker_commit();
	for (Outgoing *outgoing = *list; outgoing != NULL; outgoing = outgoing->next)
		written = Max(written, outgoing->entry->written);
	if (*list != NULL)
		XLogFlush(written);
}
