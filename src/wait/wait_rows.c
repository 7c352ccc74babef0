/*-------------------------------------------------------------------------
 * wait_rows.c
 *	  Arming, finding and taking waits.
 *
 * src/wait/wait_rows.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"

#include "common/life.h"
#include "wait/wait_buffer.h"
#include "wait/wait_key.h"
#include "wait/wait_passed.h"
#include "wait/wait_pattern.h"
#include "wait/wait_rows.h"
#include "wait/wait_table.h"

static const char *const by_key[3] = {"pattern_id", "key_hash", "run_id"};
static const char *const by_run[3] = {"run_id", "step", "alternative"};
static const char *const by_run_and_id[3] = {"run_id", "id"};

static uint64 armed = 0;		/* by this process, committed or not */
static WaitFilter *filter = NULL;	/* lets through what is armed */

static void
buffer_heard(const Wait *wait, int64 event_id, TimestampTz recorded_at)
{
	HeardEvent	heard = {
		.run_id = wait->run_id,
		.step = wait->step,
		.alternative = wait->alternative,
		.event_id = event_id,
		.recorded_at = recorded_at
	};

	respond_wait_buffer_hear(&heard);
}

uint64
respond_waits_armed(void)
{
	return armed;
}

void
respond_waits_let_through(WaitFilter *through)
{
	filter = through;
}

void
respond_wait_arm(const Wait *wait)
{
	armed++;
	if (!respond_wait_pattern_is_known(wait->pattern, wait->rule, wait->rule_version, wait->step, wait->alternative))
		elog(ERROR, "step \"%s\" of rule \"%s\" is armed without a pattern", wait->step, wait->rule);
	respond_wait_buffer_add(wait);
	if (filter != NULL)
		respond_wait_filter_add(filter, wait);
	for (int i = 0; i < wait->heard_count; i++)
		buffer_heard(wait, wait->heard[i], wait->heard_at[i]);
}

void
respond_wait_hear(const Wait *wait, const Event *event)
{
	buffer_heard(wait, event->id, event->recorded_at);
}

/* What this transaction has done counts as well. */
static void
push_snapshot(void)
{
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
}

static bool
is_of(const HeardEvent *heard, const Wait *wait)
{
	return heard->alternative == wait->alternative && strcmp(heard->step, wait->step) == 0;
}

/* Events that it has heard: all, or those of this number (0: all). */
static int
count_heard(const Wait *wait, int64 event_id)
{
	List	   *heard = respond_wait_buffer_heard(NIL, wait->run_id);
	ListCell   *cell;
	WaitScan	scan;
	int			count = 0;

	push_snapshot();
	respond_wait_scan_begin(&scan, "heard", AccessShareLock, GetActiveSnapshot(), by_run_and_id, &wait->run_id, 1);
	while (respond_wait_scan_next(&scan))
		heard = lappend(heard, respond_heard_read(scan.slot));
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
	foreach(cell, heard)
	{
		const HeardEvent *event = lfirst(cell);

		count += is_of(event, wait) && (event_id == 0 || event->event_id == event_id);
	}
	return count;
}

int
respond_wait_heard_count(const Wait *wait)
{
	return count_heard(wait, 0);
}

bool
respond_wait_has_heard(const Wait *wait, int64 event_id)
{
	return count_heard(wait, event_id) > 0;
}

List *
respond_waits_of_run(int64 run_id)
{
	List	   *waits = NIL;
	WaitScan	scan;
	int64		incarnation;

	push_snapshot();
	respond_wait_scan_begin(&scan, "wait", AccessShareLock, GetActiveSnapshot(), by_run, &run_id, 1);
	while (respond_wait_scan_next(&scan))
		waits = lappend(waits, respond_wait_read(scan.slot, &incarnation));
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
	return respond_wait_buffer_of_run(waits, run_id);
}

static List *
take_rows(int64 run_id, Snapshot snapshot)
{
	List	   *waits = NIL;
	WaitScan	scan;
	int64		incarnation;

	respond_wait_scan_begin(&scan, "wait", RowExclusiveLock, snapshot, by_run, &run_id, 1);
	while (respond_wait_scan_next(&scan))
		if (respond_wait_scan_delete(&scan, snapshot))
			waits = lappend(waits, respond_wait_read(scan.slot, &incarnation));
	respond_wait_scan_end(&scan);
	return waits;
}

/* In the order in which they were heard. */
static List *
take_heard(int64 run_id, Snapshot snapshot)
{
	List	   *heard = NIL;
	WaitScan	scan;

	respond_wait_scan_begin(&scan, "heard", RowExclusiveLock, snapshot, by_run_and_id, &run_id, 1);
	while (respond_wait_scan_next(&scan))
		if (respond_wait_scan_delete(&scan, snapshot))
			heard = lappend(heard, respond_heard_read(scan.slot));
	respond_wait_scan_end(&scan);
	return heard;
}

static void
give_heard(Wait *wait, const List *heard)
{
	ListCell   *cell;

	if (heard == NIL)
		return;
	wait->heard = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * list_length(heard));
	wait->heard_at = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TimestampTz) * list_length(heard));
	foreach(cell, heard)
	{
		const HeardEvent *event = lfirst(cell);

		if (!is_of(event, wait))
			continue;
		wait->heard[wait->heard_count] = event->event_id;
		wait->heard_at[wait->heard_count++] = event->recorded_at;
	}
}

/*
 * Under a snapshot of now: a session's own one may be older than the run's last
 * step.
 */
List *
respond_waits_take(int64 run_id)
{
	Snapshot	snapshot;
	List	   *waits;
	List	   *heard;
	ListCell   *cell;

	PreventCommandIfReadOnly("DELETE");
	PreventCommandIfParallelMode("DELETE");
	PreventCommandDuringRecovery("DELETE");
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	waits = take_rows(run_id, snapshot);
	heard = take_heard(run_id, snapshot);
	UnregisterSnapshot(snapshot);
	if (waits != NIL || heard != NIL)
		CommandCounterIncrement();
	waits = respond_wait_buffer_of_run(waits, run_id);
	heard = respond_wait_buffer_heard(heard, run_id);
	respond_wait_buffer_remove(run_id);
	foreach(cell, waits)
		give_heard(lfirst(cell), heard);
	return waits;
}

static List *
find_rows(int64 pattern, const char *key, int64 key_hash, Snapshot snapshot, int64 after, int limit, int64 *last)
{
	int64		values[2] = {pattern, key_hash};
	List	   *waits = NIL;
	WaitScan	scan;

	respond_wait_scan_begin_after(&scan, "wait", AccessShareLock, snapshot, by_key, values, 2, after);
	while (respond_wait_scan_next(&scan))
	{
		int64		incarnation;
		Wait	   *wait = respond_wait_read(scan.slot, &incarnation);
		Wait	   *previous = waits != NIL ? llast(waits) : NULL;

		if (list_length(waits) >= limit && wait->run_id != previous->run_id)
		{
			*last = previous->run_id;
			break;
		}
		/* one from elsewhere waits for release() */
		if (strcmp(wait->key, key) == 0 && incarnation == respond_life_incarnation())
			waits = lappend(waits, wait);
	}
	respond_wait_scan_end(&scan);
	return waits;
}

List *
respond_waits_find(int64 pattern, const char *key, Snapshot snapshot, int64 after, int limit, int64 *last)
{
	int64		key_hash = respond_wait_key_hash(key);
	List	   *waits;

	*last = PG_INT64_MAX;
	if (snapshot != NULL)
		return find_rows(pattern, key, key_hash, snapshot, after, limit, last);
	push_snapshot();
	waits = find_rows(pattern, key, key_hash, GetActiveSnapshot(), after, limit, last);
	PopActiveSnapshot();
	return respond_wait_buffer_find(waits, pattern, key, key_hash, after);
}

void
respond_waits_flush(void)
{
	respond_passed_flush();
	if (respond_wait_buffer_is_empty())
		return;
	respond_wait_buffer_write();
	respond_wait_patterns_clean();
}

void
respond_waits_discard(void)
{
	respond_passed_forget();
	respond_wait_buffer_forget();
}
