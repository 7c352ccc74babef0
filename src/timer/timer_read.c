/*-------------------------------------------------------------------------
 * timer_read.c
 *	  Timers that are due.
 *
 * Each look reads on from the mark (timer_mark.h), over a limited number of
 * entries of the index.  It stops at the first one that is not due yet, having
 * tried a few to see which of them waits.
 *
 * src/timer/timer_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/multixact.h"
#include "access/transam.h"
#include "access/xact.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/row_values.h"
#include "timer/time_guard.h"
#include "timer/timer.h"
#include "timer/timer_columns.h"
#include "timer/timer_mark.h"
#include "timer/timer_scan.h"

/* Entries that a look reads at most; of those that are not due; and for a pass. */
#define LOOK_ENTRIES	10000
#define AHEAD_ENTRIES	64
#define PASS_ENTRIES	2000

/* How long a timer is left alone that somebody is deleting, in us: this, and so many times what the look took. */
#define AVOID_AT_LEAST	100000
#define AVOID_SHARE		20

typedef struct Look
{
	TimerReader reader;
	TimerMark  *mark;
	TimestampTz until;			/* those that are due then */
	int			limit;
	TimerScan	scan;
	List	   *due;
	TimestampTz next;
} Look;

static Timer *
timer_in(TimerReader reader, TupleTableSlot *slot)
{
	Datum		values[TIMER_COLUMNS];
	bool		nulls[TIMER_COLUMNS];
	Timer	   *timer = palloc0(sizeof(Timer));

	respond_shape_read(&respond_shape_timer, slot, values, nulls);
	timer->id = DatumGetInt64(values[TIMER_ID]);
	timer->due_at = DatumGetTimestampTz(values[TIMER_DUE_AT]);
	timer->reader = reader;
	timer->kind = respond_row_text(values, nulls, TIMER_KIND);
	timer->run_id = nulls[TIMER_RUN_ID] ? 0 : DatumGetInt64(values[TIMER_RUN_ID]);
	timer->run_started_at = nulls[TIMER_RUN_STARTED_AT] ? 0 : DatumGetTimestampTz(values[TIMER_RUN_STARTED_AT]);
	timer->name = respond_row_text(values, nulls, TIMER_NAME);
	timer->data = respond_row_jsonb(values, nulls, TIMER_DATA);
	return timer;
}

/* Whether a transaction that goes on has deleted or locked the row. */
static bool
is_taken(TupleTableSlot *slot)
{
	bool		should_free;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, &should_free);
	uint16		infomask = tuple->t_data->t_infomask;
	TransactionId taker = HeapTupleHeaderGetRawXmax(tuple->t_data);
	bool		taken;

	if (infomask & HEAP_XMAX_INVALID)
		taken = false;
	else if (infomask & HEAP_XMAX_IS_MULTI)
		taken = MultiXactIdIsRunning(taker, HEAP_XMAX_IS_LOCKED_ONLY(infomask));
	else
		taken = !TransactionIdIsCurrentTransactionId(taker) && TransactionIdIsInProgress(taker);
	if (should_free)
		heap_freetuple(tuple);
	return taken;
}

static void
avoid(TimerMark *mark, TimerKey key)
{
	if (mark->avoided_until == DT_NOEND)
		mark->avoided = key;
	mark->avoided = respond_timer_key_earlier(mark->avoided, key);
	mark->avoided_until = 0;
}

/* When what was avoided in this look is tried again. */
static void
set_pause(Look *look, TimestampTz began)
{
	TimestampTz took = GetCurrentTimestamp() - began;

	if (look->mark->avoided_until == 0)
		look->mark->avoided_until = respond_clock_now() + AVOID_AT_LEAST + AVOID_SHARE * took;
}

static void
retry_avoided(Look *look)
{
	TimerMark  *mark = look->mark;

	if (mark->avoided_until > respond_clock_now())
		return;
	mark->at = respond_timer_key_earlier(mark->at, mark->avoided);
	mark->avoided_until = DT_NOEND;
}

/* Looks at what should hold nothing that waits; what is there nevertheless becomes the mark. */
static void
pass_on(Look *look)
{
	TimerMark  *mark = look->mark;
	TimerScan  *scan = &look->scan;

	respond_timer_scan_seek(scan, look->reader, mark->pass);
	for (int i = 0; i < PASS_ENTRIES; i++)
	{
		if (!respond_timer_scan_entry(scan) || respond_timer_key_compare(scan->key, mark->at) >= 0)
		{
			mark->passing = false;
			return;
		}
		if (respond_timer_scan_row(scan))
		{
			mark->at = scan->key;
			mark->passing = false;
			return;
		}
		mark->pass = respond_timer_key_after(scan->key);
	}
}

/* An entry that is due; false: the list is full. */
static bool
take_due(Look *look)
{
	TimerScan  *scan = &look->scan;
	bool		waits = respond_timer_scan_row(scan);

	if (waits && is_taken(scan->slot))
	{
		avoid(look->mark, scan->key);
		waits = false;
	}
	if (waits)
		look->due = lappend(look->due, timer_in(look->reader, scan->slot));
	else if (look->due == NIL)
		look->mark->at = respond_timer_key_after(scan->key);
	return list_length(look->due) < look->limit;
}

static void
read_due(Look *look)
{
	TimerScan  *scan = &look->scan;
	int			ahead = 0;

	respond_timer_scan_seek(scan, look->reader, look->mark->at);
	look->next = DT_NOBEGIN;
	for (int i = 0; i < LOOK_ENTRIES; i++)
	{
		if (!respond_timer_scan_entry(scan))
		{
			look->next = DT_NOEND;
			return;
		}
		if (scan->key.due_at > look->until)
		{
			look->next = scan->key.due_at;
			if (++ahead == AHEAD_ENTRIES || respond_timer_scan_row(scan))
				return;
			look->next = DT_NOBEGIN;
		}
		else if (!take_due(look))
			return;
	}
}

static void
look_for_due(Look *look)
{
	TimestampTz began = GetCurrentTimestamp();

	respond_timer_scan_prepare();
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	look->next = DT_NOEND;
	retry_avoided(look);
	if (respond_timer_scan_open(&look->scan, GetActiveSnapshot()))
	{
		if (look->mark->passing)
			pass_on(look);
		read_due(look);
		respond_timer_scan_close(&look->scan);
	}
	else
		look->mark->passing = false;
	set_pause(look, began);
	PopActiveSnapshot();
}

List *
respond_timers_due(TimerReader reader, TimestampTz until, int limit)
{
	Look		look = {.reader = reader, .until = until, .limit = limit};

	Assert(ActiveSnapshotSet());
	if (respond_time_guard_rests(respond_clock_now()))
		return NIL;
	look.mark = respond_timer_mark_open(reader);
	look_for_due(&look);
	if (look.due != NIL)
		look.next = ((Timer *) linitial(look.due))->due_at;
	respond_timer_mark_set_next(reader, look.next);
	return look.due;
}

TimestampTz
respond_timer_next(TimerReader reader)
{
	const TimerMark *mark = respond_timer_mark_peek(reader);

	if (respond_time_guard_rests(respond_clock_now()))
		return respond_time_guard_thaw();
	if (respond_timer_mark_is_stale(reader))
		return DT_NOBEGIN;
	return Min(mark->next, mark->avoided_until);
}
