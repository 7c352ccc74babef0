/*-------------------------------------------------------------------------
 * courier_read.c
 *	  What the courier reads to know what is to be done: channels, pages of
 *	  pending deliveries, secrets.
 *
 * Each function opens a transaction, reads, and closes it; none is open while
 * the courier waits.
 *
 * src/courier/courier_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "catalog/pg_type.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "channel/host_channel.h"
#include "common/kept_plan.h"
#include "common/shape.h"
#include "courier/breaker_status.h"
#include "courier/courier_channel.h"
#include "courier/courier_queue.h"
#include "courier/courier_read.h"
#include "outbox/delivery_update.h"
#include "outbox/outbox.h"
#include "secret/channel_secret.h"
#include "wire/signature.h"
#include "worker/worker.h"

#define PAGE_SIZE			"256"
#define PAGE_ROWS			256

/* Hosts that are kept in mind though nothing is to be sent to them. */
#define MOST_IDLE_HOSTS		1000

/* Channels that one transaction reads a page for. */
#define PAGES_AT_ONCE		64

/*
 * Deliveries whose channel was deleted while they were being recorded.  The ids
 * of channels in the index are stepped through, one probe each.  What somebody
 * has locked is left for the next time: the courier waits for nobody.
 */
static KeptPlan cancel_orphans = {
	"WITH RECURSIVE ids AS ("
	" (SELECT d.channel_id FROM respond.delivery AS d WHERE d.status OPERATOR(pg_catalog.=) 'pending'"
	"   ORDER BY d.channel_id LIMIT 1)"
	" UNION ALL"
	" SELECT n.channel_id FROM ids AS o CROSS JOIN LATERAL ("
	"  SELECT d.channel_id FROM respond.delivery AS d"
	"   WHERE d.status OPERATOR(pg_catalog.=) 'pending' AND d.channel_id OPERATOR(pg_catalog.>) o.channel_id"
	"   ORDER BY d.channel_id LIMIT 1) AS n),"
	" orphans AS MATERIALIZED ("
	" SELECT d.id, d.created_at FROM ids"
	"  JOIN respond.delivery AS d ON d.channel_id OPERATOR(pg_catalog.=) ids.channel_id"
	"  WHERE d.status OPERATOR(pg_catalog.=) 'pending'"
	"  AND NOT EXISTS (SELECT FROM respond.channel AS c WHERE c.id OPERATOR(pg_catalog.=) ids.channel_id)"
	"  AND ids.channel_id OPERATOR(pg_catalog.<) '" HOST_CHANNEL_FIRST_ID "'::pg_catalog.uuid"
	"  FOR NO KEY UPDATE OF d SKIP LOCKED)"
	" UPDATE respond.delivery AS d SET status = 'cancelled', next_attempt_at = NULL,"
	" finished_at = pg_catalog.clock_timestamp(), last_error = 'the channel was deleted'"
	" FROM orphans AS o WHERE d.id OPERATOR(pg_catalog.=) o.id AND d.created_at OPERATOR(pg_catalog.=) o.created_at",
	0, {0}
};

/* Hosts that pending requests without a channel go to. */
static KeptPlan read_hosts = {
	"WITH RECURSIVE hosts AS ("
	" (SELECT d.channel_id, d.channel FROM respond.delivery AS d WHERE d.status OPERATOR(pg_catalog.=) 'pending'"
	"   AND d.channel_id OPERATOR(pg_catalog.>=) '" HOST_CHANNEL_FIRST_ID "'::pg_catalog.uuid"
	"   ORDER BY d.channel_id LIMIT 1)"
	" UNION ALL"
	" SELECT n.channel_id, n.channel FROM hosts AS o CROSS JOIN LATERAL ("
	"  SELECT d.channel_id, d.channel FROM respond.delivery AS d"
	"   WHERE d.status OPERATOR(pg_catalog.=) 'pending' AND d.channel_id OPERATOR(pg_catalog.>) o.channel_id"
	"   ORDER BY d.channel_id LIMIT 1) AS n)"
	" SELECT h.channel_id, h.channel FROM hosts AS h",
	0, {0}
};

static KeptPlan read_page = {
	"SELECT d.id, d.created_at, d.next_attempt_at FROM respond.delivery AS d"
	" WHERE d.channel_id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'"
	" AND (d.next_attempt_at, d.id) OPERATOR(pg_catalog.>) ($2, $3)"
	" ORDER BY d.next_attempt_at, d.id LIMIT " PAGE_SIZE,
	3, {UUIDOID, TIMESTAMPTZOID, INT8OID}
};

#define HEAD_COLUMNS "d.id, d.created_at, d.next_attempt_at, COALESCE(d.subject, '') AS subject"
#define HEAD_ORDER	" ORDER BY COALESCE(d.subject, ''), d.id LIMIT 1"

/* The first of each subject, subject by subject; operator: how the first relates to $2. */
#define HEADS(operator) \
	"WITH RECURSIVE heads AS (" \
	" (SELECT " HEAD_COLUMNS " FROM respond.delivery AS d" \
	"   WHERE d.channel_id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'" \
	"   AND COALESCE(d.subject, '') OPERATOR(pg_catalog." operator ") $2" HEAD_ORDER ")" \
	" UNION ALL" \
	" SELECT n.id, n.created_at, n.next_attempt_at, n.subject FROM heads AS h CROSS JOIN LATERAL (" \
	"  SELECT " HEAD_COLUMNS " FROM respond.delivery AS d" \
	"   WHERE d.channel_id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'" \
	"   AND COALESCE(d.subject, '') OPERATOR(pg_catalog.>) h.subject" HEAD_ORDER ") AS n)" \
	" SELECT h.id, h.created_at, h.next_attempt_at, h.subject FROM heads AS h LIMIT " PAGE_SIZE

static KeptPlan read_first_heads = {HEADS(">="), 2, {UUIDOID, TEXTOID}};
static KeptPlan read_next_heads = {HEADS(">"), 2, {UUIDOID, TEXTOID}};

static KeptPlan read_head = {
	"SELECT " HEAD_COLUMNS " FROM respond.delivery AS d"
	" WHERE d.channel_id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'"
	" AND COALESCE(d.subject, '') OPERATOR(pg_catalog.=) $2 AND d.id OPERATOR(pg_catalog.>) $3" HEAD_ORDER,
	3, {UUIDOID, TEXTOID, INT8OID}
};

static void
begin(void)
{
	respond_worker_begin();
	respond_shape_require_all();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(void)
{
	PopActiveSnapshot();
	respond_worker_commit();
}

static Datum
value_of(uint64 row, int column)
{
	bool		is_null;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);
}

static void
configure_channel(CourierChannel *channel, const Channel *config)
{
	channel->present = true;
	/* who changes it may have put right what was wrong */
	if (channel->config != config)
		respond_breaker_reset(&channel->answers, channel->name);
	channel->config = config;
	channel->blocked_until = 0;
	if (config->broken != NULL)
		respond_courier_channel_block(channel, config->broken);
	respond_courier_queue_adopt_order(channel);
}

/*
 * Whether to keep a channel of which there is no row.  Those of hosts with nothing
 * to send are kept up to a number, for the next request makes them known again only
 * by reading all channels; what is known of a host's troubles is kept in any case.
 */
static bool
is_of_use(const CourierChannel *channel, TimestampTz now, int *hosts)
{
	if (!respond_host_channel_is(&channel->id) || channel->config == NULL)
		return false;
	return (*hosts)++ < MOST_IDLE_HOSTS || channel->in_flight > 0 || channel->paused_until > now ||
		channel->answers.state != BREAKER_CLOSED;
}

static void
read_host_channels(void)
{
	SPI_connect();
	respond_kept_plan_run(&read_hosts, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		CourierChannel *channel =
			respond_courier_channel_add_host(DatumGetUUIDP(value_of(i, 1)), TextDatumGetCString(value_of(i, 2)));

		configure_channel(channel, channel->config);
	}
	SPI_finish();
}

static void
read_all_channels(void)
{
	TimestampTz now = GetCurrentTimestamp();
	int			hosts = 0;
	List	   *configs = respond_channel_find_all();
	ListCell   *cell;
	CourierChannel *channel;
	int			left;

	left = respond_courier_channel_count();
	while ((channel = respond_courier_channel_next(&left)) != NULL)
	{
		channel->present = is_of_use(channel, now, &hosts);
		respond_courier_channel_forget_secret(channel);
		channel->host = NULL;
		respond_courier_queue_look_from_start(channel);
	}
	foreach(cell, configs)
		configure_channel(respond_courier_channel_add(lfirst(cell)), lfirst(cell));
	read_host_channels();
	left = respond_courier_channel_count();
	for (int count = left; count > 0; count--)
	{
		left = 1;
		channel = respond_courier_channel_next(&left);
		if (channel != NULL && !channel->present)
			respond_courier_channel_remove(channel);
	}
}

void
respond_courier_read_channels(void)
{
	uint64		current;

	begin();
	do
	{
		/* the configurations must all be of one generation */
		current = respond_channel_generation();
		read_all_channels();
	} while (respond_channel_generation() != current);
	/* those that no trigger saw */
	(void) respond_outbox_adopt();
	SPI_connect();
	respond_delivery_update(&cancel_orphans, respond_kept_plan_run, NULL, NULL);
	SPI_finish();
	commit();
	/* nothing points to what was in force before */
	respond_channel_release();
	respond_breaker_status_take_up(GetCurrentTimestamp());
}

/* The end of the last record. */
XLogRecPtr
respond_courier_read_end_of_wal(void)
{
	XLogRecPtr	position = GetXLogInsertRecPtr();

	/* at the start of a page the position is that of the next record, behind the page's header */
	if (XLogSegmentOffset(position, wal_segment_size) == SizeOfXLogLongPHD)
		position -= SizeOfXLogLongPHD;
	else if (position % XLOG_BLCKSZ == SizeOfXLogShortPHD)
		position -= SizeOfXLogShortPHD;
	return position;
}

/* Of a result with number, time of recording, time when it is due and, of ordered channels, the subject. */
static void
queue_row(CourierChannel *channel, uint64 row, XLogRecPtr written)
{
	DeliveryNotice notice = {.channel = channel->hash};

	notice.id = DatumGetInt64(value_of(row, 1));
	notice.created_at = DatumGetTimestampTz(value_of(row, 2));
	notice.due = DatumGetTimestampTz(value_of(row, 3));
	if (channel->ordered)
		notice.subject = respond_outbox_subject_hash(TextDatumGetCString(value_of(row, 4)));
	respond_courier_queue_add(channel, &notice, written, true);
}

static void
read_unordered(CourierChannel *channel)
{
	Datum		values[3] = {UUIDPGetDatum(&channel->id), TimestampTzGetDatum(channel->unread.due),
	Int64GetDatum(channel->unread.id)};
	uint64		count = respond_kept_plan_run(&read_page, values, NULL);
	XLogRecPtr	written = respond_courier_read_end_of_wal();

	if (count == PAGE_ROWS)
		respond_courier_unread_page(&channel->unread, DatumGetTimestampTz(value_of(count - 1, 3)),
									DatumGetInt64(value_of(count - 1, 1)));
	else
		respond_courier_unread_last_page(&channel->unread);
	for (uint64 i = 0; i < count; i++)
		queue_row(channel, i, written);
}

static void
read_ordered(CourierChannel *channel, TimestampTz now)
{
	bool		first = channel->unread.subject == NULL;
	Datum		values[2] = {UUIDPGetDatum(&channel->id), CStringGetTextDatum(first ? "" : channel->unread.subject)};
	uint64		count = respond_kept_plan_run(first ? &read_first_heads : &read_next_heads, values, NULL);
	XLogRecPtr	written = respond_courier_read_end_of_wal();

	respond_courier_unread_walk(&channel->unread, count > 0 ? TextDatumGetCString(value_of(count - 1, 4)) : NULL);
	for (uint64 i = 0; i < count; i++)
		queue_row(channel, i, written);
	if (count < PAGE_ROWS)
		respond_courier_unread_end_walk(&channel->unread, now);
}

bool
respond_courier_read_pages(TimestampTz now)
{
	CourierChannel *channel;
	int			left = respond_courier_channel_count();
	int			pages = 0;

	while (pages < PAGES_AT_ONCE && (channel = respond_courier_channel_next(&left)) != NULL)
	{
		if (!respond_courier_queue_wants_page(channel, now))
			continue;
		if (pages++ == 0)
			begin();
		SPI_connect();
		if (channel->ordered)
			read_ordered(channel, now);
		else
			read_unordered(channel);
		SPI_finish();
	}
	if (pages > 0)
		commit();
	return pages > 0;
}

void
respond_courier_read_next(CourierChannel *channel, const char *subject, int64 after)
{
	Datum		values[3] = {UUIDPGetDatum(&channel->id), CStringGetTextDatum(subject != NULL ? subject : ""),
	Int64GetDatum(after)};

	Assert(IsTransactionState());
	SPI_connect();
	if (respond_kept_plan_run(&read_head, values, NULL) > 0)
		queue_row(channel, 0, respond_courier_read_end_of_wal());
	SPI_finish();
}

static void
read_secret(CourierChannel *channel)
{
	SecretPlace place = respond_channel_place(channel->config);
	MemoryContext caller;
	SigningKeys keys;
	const char *fault;

	begin();
	caller = MemoryContextSwitchTo(TopMemoryContext);
	channel->secret = respond_secret_fetch(channel->name, &place);
	MemoryContextSwitchTo(caller);
	/* before the end of the transaction, which encodings may need */
	if (channel->secret != NULL)
		channel->forms = respond_secret_forms(channel->secret,
											  respond_channel_option(channel->config->options, "username"),
											  channel->config->signature);
	commit();
	channel->secret_read = true;
	if (channel->secret == NULL)
		return;
	if (!channel->config->signature)
		return;
	fault = respond_signature_read(channel->secret, &keys);
	respond_signature_wipe(&keys);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("its secret %s", fault)));
}

bool
respond_courier_read_secret(CourierChannel *channel)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	if (channel->secret_read)
		return true;
	PG_TRY();
	{
		read_secret(channel);
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		MemoryContextSwitchTo(caller);
		respond_courier_channel_forget_secret(channel);
		respond_courier_channel_block(channel, error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
	if (done)
		respond_courier_channel_unblock(channel);
	return done;
}
