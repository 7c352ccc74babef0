/*-------------------------------------------------------------------------
 * courier_fetch.c
 *	  From a pending delivery to a request that can be sent.
 *
 * The rows of many deliveries are fetched with one query.  Before any of them is
 * sent, the WAL is flushed up to where it stands after the query: everything
 * that the query saw was committed before, so the row of a request that leaves
 * survives a crash.  Whether a synchronous standby has it, too, is asked by
 * respond_courier_is_durable(), without waiting for it here.
 *
 * src/delivery/courier_fetch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "catalog/pg_type.h"
#include "replication/syncrep.h"
#include "replication/walsender_private.h"
#include "storage/lwlock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/error_class.h"
#include "common/kept_plan.h"
#include "delivery/courier.h"
#include "launcher/worker.h"

enum
{
	ROW_ID = 1, ROW_KEY, ROW_RULE, ROW_RUN_ID, ROW_EVENT_ID, ROW_TICKET_ID, ROW_SUBJECT, ROW_ATTEMPTS,
	ROW_ATTEMPTS_BEFORE, ROW_SINCE, ROW_DEPTH, ROW_URL, ROW_HEADERS, ROW_RECIPIENTS, ROW_BODY, ROW_HTML,
	ROW_SECRET_MARK, ROW_CREATED_AT
};

static KeptPlan fetch_rows = {
	"SELECT d.id, d.key, d.rule, d.run_id, d.event_id, d.ticket_id, d.subject, d.attempts, d.attempts_before,"
	" COALESCE(d.due_since, d.created_at), d.depth, d.url, d.headers, d.recipients, d.body, d.html, d.secret_mark,"
	" d.created_at"
	" FROM respond.delivery AS d"
	" WHERE d.id = ANY ($1) AND d.created_at >= $2 AND d.created_at <= $3 AND d.status = 'pending'",
	3, {INT8ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

/* The first pending delivery of the same subject in an ordered channel. */
static KeptPlan find_head = {
	"SELECT d.id FROM respond.delivery AS d"
	" WHERE d.channel = $1 AND d.status = 'pending' AND COALESCE(d.subject, '') = $2"
	" ORDER BY COALESCE(d.subject, ''), d.id LIMIT 1",
	2, {TEXTOID, TEXTOID}
};

static bool
is_null(HeapTuple row, TupleDesc desc, int column)
{
	bool		null;

	SPI_getbinval(row, desc, column, &null);
	return null;
}

static Datum
value_of(HeapTuple row, TupleDesc desc, int column)
{
	bool		null;

	return SPI_getbinval(row, desc, column, &null);
}

static char *
text_of(HeapTuple row, TupleDesc desc, int column)
{
	return is_null(row, desc, column) ? NULL : TextDatumGetCString(value_of(row, desc, column));
}

static int64
int64_of(HeapTuple row, TupleDesc desc, int column)
{
	return is_null(row, desc, column) ? 0 : DatumGetInt64(value_of(row, desc, column));
}

static const char **
texts_of(HeapTuple row, TupleDesc desc, int column, int *count)
{
	Datum	   *items;
	bool	   *nulls;
	const char **texts;

	*count = 0;
	if (is_null(row, desc, column))
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value_of(row, desc, column)), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, count);
	texts = palloc(sizeof(char *) * Max(*count, 1));
	for (int i = 0; i < *count; i++)
		texts[i] = nulls[i] ? "" : TextDatumGetCString(items[i]);
	return texts;
}

/* In the context of the request. */
static void
read_row(Outgoing *outgoing, HeapTuple row, TupleDesc desc)
{
	int			recipient_count;
	const char **recipients;
	char	   *url;
	char	   *body;
	char	   *html;
	char	   *mark;
	Jsonb	   *headers = NULL;

	strlcpy(outgoing->key, DatumGetCString(DirectFunctionCall1(uuid_out, value_of(row, desc, ROW_KEY))),
			sizeof(outgoing->key));
	outgoing->rule = text_of(row, desc, ROW_RULE);
	outgoing->run_id = int64_of(row, desc, ROW_RUN_ID);
	outgoing->event_id = int64_of(row, desc, ROW_EVENT_ID);
	outgoing->ticket_id = int64_of(row, desc, ROW_TICKET_ID);
	outgoing->subject = text_of(row, desc, ROW_SUBJECT);
	outgoing->attempts = DatumGetInt32(value_of(row, desc, ROW_ATTEMPTS));
	outgoing->attempts_before = DatumGetInt32(value_of(row, desc, ROW_ATTEMPTS_BEFORE));
	outgoing->since = DatumGetTimestampTz(value_of(row, desc, ROW_SINCE));
	outgoing->depth = DatumGetInt32(value_of(row, desc, ROW_DEPTH));
	url = text_of(row, desc, ROW_URL);
	if (!is_null(row, desc, ROW_HEADERS))
		headers = DatumGetJsonbPCopy(value_of(row, desc, ROW_HEADERS));
	recipients = texts_of(row, desc, ROW_RECIPIENTS, &recipient_count);
	body = text_of(row, desc, ROW_BODY);
	html = text_of(row, desc, ROW_HTML);
	mark = text_of(row, desc, ROW_SECRET_MARK);
	respond_request_fill(outgoing, url, headers, recipients, recipient_count, body, html, mark,
						 DatumGetTimestampTz(value_of(row, desc, ROW_CREATED_AT)));
}

/* What cannot be made a request is dead, with the reason; it must not hold up the others. */
static Outgoing *
make_outgoing(Entry *entry, HeapTuple row, TupleDesc desc)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "pg_respond request", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Outgoing   *outgoing = palloc0(sizeof(Outgoing));

	outgoing->context = context;
	outgoing->entry = entry;
	outgoing->channel = entry->channel;
	PG_TRY();
	{
		read_row(outgoing, row, desc);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		outgoing->failure = respond_error_clip(error->message);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return outgoing;
}

/* Whether the delivery has to wait for one before it; that one is queued in its place. */
static bool
waits_for_another(Entry *entry, const char *subject)
{
	CourierChannel *channel = entry->channel;
	Datum		values[2] = {CStringGetTextDatum(channel->name), CStringGetTextDatum(subject != NULL ? subject : "")};
	bool		null;
	int64		first = entry->id;

	if (respond_kept_plan_run(&find_head, values, NULL) > 0)
		first = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	if (first == entry->id)
		return false;
	/* the table has it, should the next query fail */
	respond_queue_lower(channel, DT_NOBEGIN, 0);
	respond_queue_forget(entry);
	respond_courier_queue_next(channel, subject);
	return true;
}

static Entry **
find_entry(Entry **entries, int count, int64 id)
{
	for (int i = 0; i < count; i++)
		if (entries[i] != NULL && entries[i]->id == id)
			return &entries[i];
	return NULL;
}

/* What is behind an error is still in entries, what is before it in the list. */
static void
fetch(Entry **entries, int count, Outgoing **list)
{
	Datum	   *ids = palloc(sizeof(Datum) * count);
	TimestampTz lowest = DT_NOEND;
	TimestampTz highest = DT_NOBEGIN;
	Datum		values[3];
	Outgoing  **end = list;
	SPITupleTable *rows;
	uint64		found;

	for (int i = 0; i < count; i++)
	{
		ids[i] = Int64GetDatum(entries[i]->id);
		lowest = Min(lowest, entries[i]->created_at);
		highest = Max(highest, entries[i]->created_at);
	}
	values[0] = PointerGetDatum(construct_array(ids, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[1] = TimestampTzGetDatum(lowest);
	values[2] = TimestampTzGetDatum(highest);
	found = respond_kept_plan_run(&fetch_rows, values, NULL);
	rows = SPI_tuptable;
	for (uint64 i = 0; i < found; i++)
	{
		HeapTuple	row = rows->vals[i];
		Entry	  **place = find_entry(entries, count, int64_of(row, rows->tupdesc, ROW_ID));

		if (place == NULL)
			continue;
		if (!(*place)->channel->ordered || !waits_for_another(*place, text_of(row, rows->tupdesc, ROW_SUBJECT)))
		{
			*end = make_outgoing(*place, row, rows->tupdesc);
			end = &(*end)->next;
		}
		*place = NULL;
	}
}

/* Up to where WAL was written when everything that a snapshot sees was: the end of the last record. */
static XLogRecPtr
end_of_wal(void)
{
	XLogRecPtr	position = GetXLogInsertRecPtr();

	/* at the start of a page the position is that of the next record, behind the page's header */
	if (XLogSegmentOffset(position, wal_segment_size) == SizeOfXLogLongPHD)
		position -= SizeOfXLogLongPHD;
	else if (position % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		position -= SizeOfXLogShortPHD;
	return position;
}

void
respond_courier_fetch(Entry **entries, int count, Outgoing **list, XLogRecPtr *written)
{
	respond_worker_begin();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	fetch(entries, count, list);
	SPI_finish();
	/* not before the query, which has a snapshot of its own */
	*written = end_of_wal();
	PopActiveSnapshot();
	CommitTransactionCommand();
	/* cancelled, or gone */
	for (int i = 0; i < count; i++)
	{
		if (entries[i] != NULL)
			respond_queue_forget(entries[i]);
		entries[i] = NULL;
	}
	if (*list != NULL)
		XLogFlush(*written);
}

/* As SyncRepWaitForLSN() asks; minor releases differ in how they keep it. */
static bool
standbys_are_defined(void)
{
#ifdef SYNC_STANDBY_DEFINED
	bits8		status = ((volatile WalSndCtlData *) WalSndCtl)->sync_standbys_status;

	if (status & SYNC_STANDBY_INIT)
		return (status & SYNC_STANDBY_DEFINED) != 0;
	return SyncRepStandbyNames != NULL && SyncRepStandbyNames[0] != '\0';
#else
	return ((volatile WalSndCtlData *) WalSndCtl)->sync_standbys_defined;
#endif
}

bool
respond_courier_is_durable(XLogRecPtr written)
{
	bool		confirmed;

	if (!standbys_are_defined())
		return true;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	confirmed = WalSndCtl->lsn[SYNC_REP_WAIT_FLUSH] >= written;
	LWLockRelease(SyncRepLock);
	return confirmed;
}
