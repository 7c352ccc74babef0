/*-------------------------------------------------------------------------
 * courier.c
 *	  The courier worker: sends what waits in the outbox.
 *
 * One loop does everything: it takes note of what was committed, fetches rows of
 * what is due, starts requests, moves their bytes, and records what became of
 * them.  It waits in one place only, for its latch, the sockets of all requests
 * and the postmaster's death at once, so it hears everything at any time.  No
 * transaction is open while it waits.
 *
 * Outcomes are recorded together: at once when nothing else is under way or the
 * last recording was long ago, else when they have waited for a few milliseconds
 * or are many.  If recording fails, it is tried again; what is recorded nowhere
 * when the process dies is sent once more, with the same key.
 *
 * src/courier/courier.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "common/grow.h"
#include "common/guc.h"
#include "common/pg_compat.h"
#include "common/shmem.h"
#include "courier/breaker_status.h"
#include "courier/courier_channel.h"
#include "courier/courier_quarantine.h"
#include "courier/courier_queue.h"
#include "courier/courier_read.h"
#include "courier/courier_record.h"
#include "courier/courier_send.h"
#include "courier/outcome.h"
#include "transport/transport.h"
#include "worker/back_off.h"
#include "worker/part_lock.h"
#include "worker/wait_event.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/*
 * Outcomes wait this long for others at most, while requests are under way; less
 * when not much is recorded: until so many times of the last recording have gone by.
 */
#define RECORD_DELAY_US		(3 * 1000)
#define RECORD_PAUSES		8
#define RECORD_AT_ONCE		256

/* How long it waits for the lock of a table, and after it waited in vain. */
#define LOCK_TIMEOUT		"100ms"
#define LOCK_PAUSE_MS		50

/* How long it waits after an error, at first and at most. */
#define RETRY_FIRST_MS		100
#define RETRY_LONGEST_MS	10000

#define LONGEST_REST_MS		60000

/* What waits for somebody's lock is tried again after this time. */
#define LOCKED_PAUSE_US		(250 * 1000)

typedef struct OutcomeList
{
	Outcome   **items;
	int			count;
	int			room;
} OutcomeList;

typedef struct Courier
{
	WorkerSlot *slot;
	DatabaseSlot *database;
	WaitEventSet *events;
	MemoryContext cycle_context;
	DeliveryNotice *notices;	/* taken from shared memory */
	uint32		notice_count;
	bool		look_at_all;
	TimestampTz lost_due;
	XLogRecPtr	written;		/* where the WAL of what the notices tell of ends */

	OutcomeList outcomes;		/* not recorded yet */
	TimestampTz record_after;	/* of the oldest of them */
	TimestampTz record_pause;	/* after the last recording, until then */
	OutcomeList left;			/* somebody holds their rows, or they fail; they do not hold up the others */
	int			failures;		/* errors in a row */
	bool		said_locked;	/* the last one was a lock */
	TimestampTz pause_until;	/* after an error */
	char	   *networks;		/* settings that the transport was configured with */
	char	   *ca_file;
} Courier;

/* Two couriers would send everything twice. */
static void
take_lock(Oid extension)
{
	if (!respond_part_lock_take(extension, PART_LOCK_COURIER, ExclusiveLock))
		ereport(FATAL,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("another pg_respond courier still runs in this database")));
}

/* Plans of queries by number and due time must stay that, however stale the statistics are. */
static void
pin_settings(void)
{
	static const char *const off[] = {
		"enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_sort",
		"enable_incremental_sort"
	};

	for (int i = 0; i < lengthof(off); i++)
		SetConfigOption(off[i], "off", PGC_SUSET, PGC_S_SESSION);
	SetConfigOption("plan_cache_mode", "force_generic_plan", PGC_SUSET, PGC_S_SESSION);
	/* somebody locks a table: bytes of requests must go on moving meanwhile */
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_SUSET, PGC_S_SESSION);
}

static bool
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
note_settings(Courier *courier)
{
	if (same_text(courier->networks, respond_allowed_networks) && same_text(courier->ca_file, respond_ca_file))
		return;
	if (courier->networks != NULL)
	{
		pfree(courier->networks);
		pfree(courier->ca_file);
	}
	courier->networks = MemoryContextStrdup(TopMemoryContext, respond_allowed_networks);
	courier->ca_file = MemoryContextStrdup(TopMemoryContext, respond_ca_file);
	respond_transport_configure();
}

static void
judge_predecessor(void *argument)
{
	respond_courier_quarantine_begin();
}

static void
prepare(Courier *courier, WorkerSlot *slot)
{
	int			sockets;

	courier->slot = slot;
	courier->database = respond_shmem_find_database(MyDatabaseId);
	courier->cycle_context = AllocSetContextCreate(TopMemoryContext, "pg_respond courier", ALLOCSET_DEFAULT_SIZES);
	courier->notices = MemoryContextAlloc(TopMemoryContext, sizeof(DeliveryNotice) * RESPOND_MAX_NOTICES);
	courier->lost_due = DT_NOEND;
	/* what was pending before is in the table */
	courier->look_at_all = true;

	respond_worker_begin();
	take_lock(get_extension_oid("pg_respond", false));
	respond_worker_commit();
	pin_settings();
	respond_worker_insist(judge_predecessor, NULL, "read how the courier before it ended");
	respond_courier_channel_open();
	respond_courier_queue_open();
	respond_breaker_status_clear();
	/* what the courier before this one had in mind */
	for (int level = METRIC_DELIVERIES_QUEUED; level <= METRIC_CHANNEL_BREAKERS_OPEN; level++)
		respond_metric_set(level, 0);
	sockets = respond_transport_open();
	note_settings(courier);
	courier->events = respond_lasting_wait_event_set(3);
	AddWaitEventToSet(courier->events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(courier->events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(courier->events, WL_SOCKET_READABLE, sockets, NULL, NULL);
}

/* What was committed since the last look, from shared memory into our own. */
static void
take_notices(Courier *courier)
{
	DeliveryQueue *queue = &courier->database->deliveries;

	if (courier->notice_count > 0)
		return;
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	memcpy(courier->notices, queue->notices, sizeof(DeliveryNotice) * queue->count);
	courier->notice_count = queue->count;
	courier->look_at_all |= queue->look_at_all;
	courier->lost_due = Min(courier->lost_due, queue->lost_due);
	courier->written = queue->written;
	queue->count = 0;
	queue->look_at_all = false;
	queue->lost_due = DT_NOEND;
	LWLockRelease(queue->lock);
}

/* Whether a time has come that was at most so far away: the system's clock may have been put back. */
static bool
is_over(TimestampTz until, TimestampTz now, int64 longest)
{
	return until <= now || until > now + longest;
}

static bool
has_notices(const Courier *courier)
{
	volatile DeliveryQueue *queue = &courier->database->deliveries;

	return queue->count > 0 || queue->look_at_all || queue->lost_due != DT_NOEND;
}

static void
queue_notices(Courier *courier)
{
	CourierChannel *channel;
	int			left;

	if (courier->look_at_all)
	{
		respond_courier_read_channels();
		courier->look_at_all = false;
	}
	for (uint32 i = 0; i < courier->notice_count; i++)
	{
		const DeliveryNotice *notice = &courier->notices[i];

		channel = respond_courier_channel_find(notice->channel);
		if (channel != NULL && channel->config != NULL)
			respond_courier_queue_add(channel, notice, courier->written, false);
		else
			/* its channel was deleted while it was being recorded */
			courier->look_at_all = true;
	}
	courier->notice_count = 0;
	if (courier->lost_due == DT_NOEND)
		return;
	left = respond_courier_channel_count();
	while ((channel = respond_courier_channel_next(&left)) != NULL)
		respond_courier_queue_lower(channel, courier->lost_due, 0);
	courier->lost_due = DT_NOEND;
}

static void
list_add(OutcomeList *list, Outcome *outcome)
{
	list->items = respond_grow(TopMemoryContext, list->items, list->count, &list->room, sizeof(Outcome *));
	list->items[list->count++] = outcome;
}

static void
add_outcome(Courier *courier, Outgoing *outgoing)
{
	if (courier->outcomes.count == 0)
		courier->record_after = Min(GetCurrentTimestamp() + RECORD_DELAY_US, courier->record_pause);
	list_add(&courier->outcomes, respond_outcome_judge(outgoing));
}

static void
collect_outcomes(Courier *courier)
{
	Outgoing   *outgoing;

	while ((outgoing = respond_courier_send_take_done()) != NULL)
		add_outcome(courier, outgoing);
}

/* Those whose time has come take part again. */
static void
take_up_left(Courier *courier)
{
	TimestampTz now = GetCurrentTimestamp();
	int			left = 0;

	for (int i = 0; i < courier->left.count; i++)
	{
		Outcome    *outcome = courier->left.items[i];

		if (is_over(outcome->again_at, now, COURIER_LONGEST_PAUSE_US))
			list_add(&courier->outcomes, outcome);
		else
			courier->left.items[left++] = outcome;
	}
	courier->left.count = left;
}

static bool
wants_to_record(Courier *courier)
{
	if (courier->left.count > 0)
		take_up_left(courier);
	return courier->outcomes.count > 0 &&
		(courier->outcomes.count >= RECORD_AT_ONCE || respond_transport_running() == 0 ||
		 is_over(courier->record_after, GetCurrentTimestamp(), RECORD_DELAY_US));
}

static void
drop_recorded(Courier *courier)
{
	OutcomeList *list = &courier->outcomes;
	int			left = 0;

	for (int i = 0; i < list->count; i++)
		if (list->items[i] != NULL)
			list->items[left++] = list->items[i];
	list->count = left;
}

/* What cannot be recorded yet waits by itself. */
static void
set_aside(Courier *courier)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < courier->outcomes.count; i++)
	{
		Outcome    *outcome = courier->outcomes.items[i];

		outcome->again_at = Max(outcome->again_at, now + LOCKED_PAUSE_US);
		list_add(&courier->left, outcome);
	}
	courier->outcomes.count = 0;
}

static void
record(Courier *courier)
{
	int			before = courier->outcomes.count;
	TimestampTz began = GetCurrentTimestamp();
	TimestampTz ended;

	pg_atomic_write_u32(&courier->slot->busy, 1);
	respond_courier_record(courier->outcomes.items, courier->outcomes.count, courier->failures > 0);
	drop_recorded(courier);
	ended = GetCurrentTimestamp();
	courier->record_pause = ended + RECORD_PAUSES * (ended - began);
	pg_atomic_fetch_add_u64(&courier->slot->events, before - courier->outcomes.count);
	pg_atomic_fetch_add_u64(&courier->slot->batches, 1);
	pg_atomic_write_u64(&courier->slot->active_at, (uint64) ended);
	pg_atomic_write_u32(&courier->slot->busy, 0);
	set_aside(courier);
}

/* One round; true when there may be more to do at once. */
static bool
work(Courier *courier)
{
	TimestampTz now;
	bool		more = false;

	take_notices(courier);
	queue_notices(courier);
	now = GetCurrentTimestamp();
	if (!respond_worker_on_hold())
	{
		more = respond_courier_read_pages(now);
		more |= respond_courier_send_due(now);
	}
	more |= courier->look_at_all;
	respond_transport_run();
	collect_outcomes(courier);
	if (wants_to_record(courier))
	{
		record(courier);
		more = true;
	}
	return more;
}

/* Rolls back, says so, and rests for a while; requests that are under way go on. */
static void
recover(Courier *courier)
{
	bool		is_locked = geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE;

	respond_worker_failed(geterrcode());
	HOLD_INTERRUPTS();
	if (!is_locked || !courier->said_locked)
		EmitErrorReport();
	courier->said_locked = is_locked;
	FlushErrorState();
	AbortOutOfAnyTransaction();
	drop_recorded(courier);
	RESUME_INTERRUPTS();
	pg_atomic_write_u32(&courier->slot->busy, 0);
	pg_atomic_fetch_add_u64(&courier->slot->errors, 1);
	/* whatever was interrupted, the table knows */
	courier->look_at_all = true;
	if (is_locked)
	{
		courier->pause_until = GetCurrentTimestamp() + LOCK_PAUSE_MS * INT64CONST(1000);
		return;
	}
	courier->pause_until = GetCurrentTimestamp() +
		respond_back_off(RETRY_FIRST_MS, RETRY_LONGEST_MS, courier->failures) * 1000;
	courier->failures++;
}

static bool
work_guarded(Courier *courier)
{
	volatile bool more = false;

	if (!is_over(courier->pause_until, GetCurrentTimestamp(), RETRY_LONGEST_MS * INT64CONST(1000)))
	{
		respond_transport_run();
		return false;
	}
	MemoryContextSwitchTo(courier->cycle_context);
	PG_TRY();
	{
		more = work(courier);
		courier->failures = 0;
		if (courier->outcomes.count + courier->left.count == 0)
			respond_worker_succeeded();
		courier->said_locked = false;
		courier->pause_until = 0;
	}
	PG_CATCH();
	{
		recover(courier);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(courier->cycle_context);
	return more;
}

static long
milliseconds_until(TimestampTz due)
{
	return due == DT_NOEND ? LONGEST_REST_MS :
		Min(LONGEST_REST_MS, TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due));
}

static long
rest_milliseconds(const Courier *courier)
{
	long		rest = LONGEST_REST_MS;
	long		transport = respond_transport_timeout();

	if (transport >= 0)
		rest = Min(rest, transport);
	if (courier->pause_until > GetCurrentTimestamp())
		return Min(rest, milliseconds_until(courier->pause_until));
	if (courier->outcomes.count > 0)
		rest = Min(rest, milliseconds_until(courier->record_after));
	for (int i = 0; i < courier->left.count; i++)
		rest = Min(rest, milliseconds_until(courier->left.items[i]->again_at));
	if (!respond_worker_on_hold())
		rest = Min(rest, milliseconds_until(respond_courier_send_next_due()));
	return rest;
}

static void
rest(Courier *courier)
{
	WaitEvent	event;
	long		timeout = rest_milliseconds(courier);
	Sleep		sleep = respond_transport_running() > 0 ? SLEEP_NETWORK : respond_worker_sleep();

	Assert(!IsTransactionState() && CurrentMemoryContext == TopMemoryContext);
	if (timeout > 0)
	{
		pgstat_report_stat(timeout >= 10000);
		(void) WaitEventSetWait(courier->events, timeout, &event, 1, respond_wait_event(sleep));
	}
	respond_worker_woken();
	note_settings(courier);
}

/* What is in hand already is recorded, so that it is not sent again. */
static void
finish_if_asked(Courier *courier)
{
	if (courier->slot->stop_wanted && courier->outcomes.count + courier->left.count > 0)
	{
		for (int i = 0; i < courier->left.count; i++)
			list_add(&courier->outcomes, courier->left.items[i]);
		courier->left.count = 0;
		courier->record_after = 0;
		courier->pause_until = 0;
		PG_TRY();
		{
			record(courier);
		}
		PG_CATCH();
		{
			recover(courier);
		}
		PG_END_TRY();
	}
	respond_worker_check_stop();
}

void
respond_courier_main(Datum main_arg)
{
	Courier		courier = {0};

	prepare(&courier, respond_worker_start(main_arg, WORKER_COURIER));
	for (;;)
	{
		finish_if_asked(&courier);
		/* a cancel while no statement runs has nothing to cancel, also one that comes between these lines */
		QueryCancelPending = false;
		HOLD_CANCEL_INTERRUPTS();
		CHECK_FOR_INTERRUPTS();
		RESUME_CANCEL_INTERRUPTS();
		if (work_guarded(&courier))
			continue;

		/* a commit from here on sets the latch; one before is seen by this look */
		pg_atomic_write_u32(&courier.slot->sleeping, 1);
		pg_memory_barrier();
		if (has_notices(&courier) && courier.pause_until == 0)
		{
			pg_atomic_write_u32(&courier.slot->sleeping, 0);
			continue;
		}
		rest(&courier);
	}
}
