/*-------------------------------------------------------------------------
 * window.c
 *	  What committed between the cursor and now, in commit order.
 *
 * Looked at are the transactions above the cursor, as one range of the index,
 * and those that ran when the cursor was made and have finished since, one by
 * one: a transaction that stays open for hours is remembered by its number and
 * makes nobody scan from its start.
 *
 * src/dispatcher/window.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/commit_ts.h"
#include "access/genam.h"
#include "access/itup.h"
#include "access/relation.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/life.h"
#include "common/partition_read.h"
#include "common/pg_compat.h"
#include "dispatcher/progress.h"
#include "dispatcher/window.h"
#include "event/commit_order.h"
#include "event/log_access.h"
#include "worker/worker.h"

/* Set in the rank of a transaction whose WAL position is known. */
#define RANK_IN_WAL		(UINT64CONST(1) << 63)

/* Keys on xid and id, or two on xid; a scan keeps the number of keys that it began with. */
#define SCAN_KEYS		2

/*
 * A scan of a partition's index on (incarnation, xid, id), which finds the events
 * of one database alone; or of one on (xid, id), which finds those from elsewhere too.
 */
typedef struct LogScan
{
	IndexScanDesc scan;
	Oid			partition;
	int			lead;			/* columns before xid: 1 or 0 */
} LogScan;

typedef struct Collection
{
	Arena	   *arena;
	int64		incarnation;
	const Cursor *snapshot;
	WindowEntry *entries;
	size_t		count;
	size_t		room;
	bool		bounded;		/* events behind the bound were left out */
	uint64		bound_xid;
	int64		bound_id;
} Collection;

/* Tables whose missing index was reported by this process. */
static List *reported = NIL;

static int
compare_by_id(const void *a, const void *b)
{
	const WindowEntry *left = a;
	const WindowEntry *right = b;

	if (left->xid != right->xid)
		return left->xid < right->xid ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

static int
compare_by_commit(const void *a, const void *b)
{
	const WindowEntry *left = a;
	const WindowEntry *right = b;

	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return compare_by_id(a, b);
}

/* Keeps the first entries by (xid, id) and draws the bound behind them. */
static void
cut(Collection *collection)
{
	WindowEntry *last;

	qsort(collection->entries, collection->count, sizeof(WindowEntry), compare_by_id);
	collection->count = RESPOND_WINDOW_SIZE;
	last = &collection->entries[collection->count - 1];
	collection->bounded = true;
	collection->bound_xid = last->xid;
	collection->bound_id = last->id;
}

static bool
beyond_bound(const Collection *collection, uint64 xid, int64 id)
{
	return collection->bounded &&
		(xid > collection->bound_xid || (xid == collection->bound_xid && id > collection->bound_id));
}

static void
add_entry(Collection *collection, uint64 xid, int64 id, Oid partition, const ItemPointerData *place)
{
	WindowEntry *entry;

	if (collection->count == collection->room)
	{
		size_t		room = collection->room * 2;
		WindowEntry *larger = respond_arena_alloc(collection->arena, room * sizeof(WindowEntry));

		memcpy(larger, collection->entries, collection->count * sizeof(WindowEntry));
		collection->entries = larger;
		collection->room = room;
	}
	entry = &collection->entries[collection->count++];
	entry->position = 0;
	entry->xid = xid;
	entry->id = id;
	entry->partition = partition;
	entry->place = *place;
	if (collection->count >= 2 * RESPOND_WINDOW_SIZE)
		cut(collection);
}

/*
 * Adds what an index scan finds, in ascending order, up to the bound, but for
 * transactions that still run.  Those that were rolled back are found too; they
 * show when the event is fetched.
 */
static void
add_matches(Collection *collection, const LogScan *log, const ScanKeyData *wanted)
{
	IndexScanDesc scan = log->scan;
	TupleDesc	descriptor = RelationGetDescr(scan->indexRelation);
	ScanKeyData keys[1 + SCAN_KEYS];
	uint64		last_xid = 0;
	bool		ended = false;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(collection->incarnation));
	for (int i = 0; i < SCAN_KEYS; i++)
	{
		keys[log->lead + i] = wanted[i];
		keys[log->lead + i].sk_attno += log->lead;
	}
	/* the index makes room for tuples in rescan, if they are wanted */
	scan->xs_want_itup = true;
	index_rescan(scan, keys, log->lead + SCAN_KEYS, NULL, 0);
	for (;;)
	{
		ItemPointer place = index_getnext_tid(scan, ForwardScanDirection);
		bool		is_null;
		uint64		xid;
		int64		id;

		CHECK_FOR_INTERRUPTS();
		if (place == NULL)
			break;
		xid = DatumGetUInt64(index_getattr(scan->xs_itup, log->lead + 1, descriptor, &is_null));
		id = DatumGetInt64(index_getattr(scan->xs_itup, log->lead + 2, descriptor, &is_null));
		if (xid != last_xid)
		{
			last_xid = xid;
			ended = respond_cursor_covers(collection->snapshot, xid);
		}
		if (!ended)
			continue;
		if (beyond_bound(collection, xid, id))
			break;
		add_entry(collection, xid, id, log->partition, place);
	}
}

static void
add_split(Collection *collection, const LogScan *log, const Cursor *base)
{
	ScanKeyData keys[SCAN_KEYS];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_XID8EQ, UInt64GetDatum(base->split_xid));
	ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(base->split_id));
	add_matches(collection, log, keys);
}

static void
add_finished_and_new(Collection *collection, const LogScan *log, const Cursor *base, const Cursor *snapshot)
{
	ScanKeyData keys[SCAN_KEYS];

	for (size_t i = 0; i < base->count; i++)
	{
		if (!respond_cursor_covers(snapshot, base->running[i]))
			continue;
		ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_XID8EQ, UInt64GetDatum(base->running[i]));
		ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(PG_INT64_MIN));
		add_matches(collection, log, keys);
	}
	if (base->xmax < snapshot->xmax)
	{
		ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_XID8GE, UInt64GetDatum(base->xmax));
		ScanKeyInit(&keys[1], 1, BTLessStrategyNumber, F_XID8LT, UInt64GetDatum(snapshot->xmax));
		add_matches(collection, log, keys);
	}
}

/* Whether base has not handled what the snapshot can see of the transaction. */
static bool
is_wanted(const Cursor *base, const Cursor *snapshot, uint64 xid, int64 id)
{
	if (base->split_xid != 0)
		return xid == base->split_xid && id > base->split_id;
	return respond_cursor_covers(snapshot, xid) && !respond_cursor_covers(base, xid);
}

static void
report_missing_index(Relation partition)
{
	Oid			oid = RelationGetRelid(partition);
	MemoryContext caller;

	/* the log is the place for it, not the session of somebody who asks for the lag */
	if (respond_worker_slot == NULL || list_member_oid(reported, oid))
		return;
	ereport(WARNING,
			(errmsg("partition \"%s\" of the event log has no index on (xid, id)",
					RelationGetRelationName(partition)),
			 errdetail("A dispatcher reads all of it each time it looks for events."),
			 errhint("Run CREATE INDEX ON %s (xid, id).",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(partition)),
												RelationGetRelationName(partition)))));
	caller = MemoryContextSwitchTo(TopMemoryContext);
	reported = lappend_oid(reported, oid);
	MemoryContextSwitchTo(caller);
}

/* A partition that somebody attached may lack the index; then it is slow, but nothing is lost. */
static void
add_without_index(Collection *collection, Relation partition, const Cursor *base, const Cursor *snapshot)
{
	TupleTableSlot *slot = table_slot_create(partition, NULL);
	TableScanDesc scan = table_beginscan(partition, GetActiveSnapshot(), 0, NULL);
	LogColumns	columns;

	report_missing_index(partition);
	respond_log_columns(partition, &columns);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		is_null;
		uint64		xid = DatumGetUInt64(slot_getattr(slot, columns.numbers[LOG_XID], &is_null));
		int64		id = DatumGetInt64(slot_getattr(slot, columns.numbers[LOG_ID], &is_null));
		int64		incarnation = DatumGetInt64(slot_getattr(slot, columns.numbers[LOG_INCARNATION], &is_null));

		CHECK_FOR_INTERRUPTS();
		if (incarnation == collection->incarnation &&
			is_wanted(base, snapshot, xid, id) && !beyond_bound(collection, xid, id))
			add_entry(collection, xid, id, RelationGetRelid(partition), &slot->tts_tid);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static void
add_with_index(Collection *collection, Relation partition, Relation index, int lead,
			   const Cursor *base, const Cursor *snapshot)
{
	LogScan		log = {.partition = RelationGetRelid(partition),.lead = lead};

	log.scan = respond_index_beginscan(partition, index, GetActiveSnapshot(), lead + SCAN_KEYS);
	if (base->split_xid != 0)
		add_split(collection, &log, base);
	else
		add_finished_and_new(collection, &log, base, snapshot);
	index_endscan(log.scan);
}

static void
add_partition(Collection *collection, Oid oid, const Cursor *base, const Cursor *snapshot)
{
	Relation	partition = respond_log_open(oid);
	Oid			index_oid;
	int			lead = 1;

	if (partition == NULL)
		return;
	index_oid = respond_partition_index(partition, "incarnation", "xid", "id");
	if (!OidIsValid(index_oid))
	{
		lead = 0;
		index_oid = respond_partition_index(partition, "xid", "id", NULL);
	}
	if (OidIsValid(index_oid))
	{
		Relation	index = index_open(index_oid, AccessShareLock);

		add_with_index(collection, partition, index, lead, base, snapshot);
		index_close(index, NoLock);
	}
	else
		add_without_index(collection, partition, base, snapshot);
	relation_close(partition, NoLock);
	if (collection->count > RESPOND_WINDOW_SIZE)
		cut(collection);
}

/*
 * When a transaction committed, as a number to sort by; 0 if that is not known.
 * WAL positions are known for what committed since the server started.  What is
 * older comes before it, by commit time if the server keeps those.
 */
static uint64
commit_rank(uint64 xid)
{
	FullTransactionId full = FullTransactionIdFromU64(xid);
	XLogRecPtr	position = respond_commit_order_find(full);
	TimestampTz time = 0;

	if (position != InvalidXLogRecPtr)
		return position | RANK_IN_WAL;
	if (track_commit_timestamp)
		(void) TransactionIdGetCommitTsData(XidFromFullTransactionId(full), &time, NULL);
	return (uint64) time;
}

XLogRecPtr
respond_window_wal(const WindowEntry *entry)
{
	return (entry->position & RANK_IN_WAL) != 0 ? entry->position & ~RANK_IN_WAL : InvalidXLogRecPtr;
}

/* Looks up when the transactions committed. */
static void
locate_commits(Collection *collection)
{
	uint64		last_xid = 0;
	uint64		position = 0;

	for (size_t i = 0; i < collection->count; i++)
	{
		WindowEntry *entry = &collection->entries[i];

		if (entry->xid != last_xid)
		{
			last_xid = entry->xid;
			position = commit_rank(last_xid);
		}
		entry->position = position;
	}
}

static void
defer(Window *window, uint64 xid)
{
	if (window->deferred_count == 0 || window->deferred[window->deferred_count - 1] != xid)
		window->deferred[window->deferred_count++] = xid;
}

/* Keeps the entries that the test wants; the transactions of the others wait. */
static void
keep(Window *window, bool (*wanted) (const WindowEntry *entry, uint64 argument), uint64 argument)
{
	int			kept = 0;

	for (int i = 0; i < window->count; i++)
	{
		if (wanted(&window->entries[i], argument))
			window->entries[kept++] = window->entries[i];
		else
			defer(window, window->entries[i].xid);
	}
	window->count = kept;
}

static bool
is_of(const WindowEntry *entry, uint64 xid)
{
	return entry->xid == xid;
}

static bool
is_not_of(const WindowEntry *entry, uint64 xid)
{
	return entry->xid != xid;
}

static bool
is_not_later(const WindowEntry *entry, uint64 position)
{
	return entry->position <= position;
}

/*
 * Transactions behind the bound may have committed before some of those that
 * were collected, which then must wait for them.
 */
static void
respect_uncollected(Window *window)
{
	uint64		earliest;

	if (window->looked_at >= window->snapshot->xmax)
		return;
	earliest = respond_commit_order_earliest(FullTransactionIdFromU64(window->looked_at),
											 FullTransactionIdFromU64(window->snapshot->xmax));
	if (earliest != 0)
		earliest |= RANK_IN_WAL;
	for (int i = 0; i < window->count && earliest != 0; i++)
	{
		/* nothing would be left if all had to wait */
		if (window->entries[i].position <= earliest)
		{
			keep(window, is_not_later, earliest);
			return;
		}
	}
}

/*
 * More events than fit: the transaction at the bound may have some behind it.
 * It is left to the next window with all that committed later, unless it is
 * first in turn; then it is handled alone, in pieces.
 */
static void
respect_bound(Window *window, const Collection *collection)
{
	uint64		cut_xid = collection->bound_xid;
	uint64		position = 0;
	bool		first = true;

	for (int i = 0; i < window->count; i++)
	{
		if (window->entries[i].xid == cut_xid)
			position = window->entries[i].position;
	}
	for (int i = 0; i < window->count; i++)
	{
		if (window->entries[i].xid != cut_xid &&
			(position == 0 || window->entries[i].position <= position))
			first = false;
	}
	if (first)
	{
		keep(window, is_of, cut_xid);
		window->split = window->count > 0;
		window->looked_at = Max(window->base->xmax, cut_xid + 1);
		return;
	}
	keep(window, is_not_of, cut_xid);
	if (position != 0)
		keep(window, is_not_later, position);
	window->looked_at = Max(window->base->xmax, cut_xid);
	respect_uncollected(window);
}

/* Finished transactions that were not looked for must be looked for later. */
static void
defer_unseen(Window *window, const Collection *collection)
{
	const Cursor *base = window->base;

	for (size_t i = 0; i < base->count; i++)
	{
		uint64		xid = base->running[i];
		bool		unseen = base->split_xid != 0 ? xid != base->split_xid
			: collection->bounded && xid > collection->bound_xid;

		if (unseen && respond_cursor_covers(window->snapshot, xid))
			defer(window, xid);
	}
}

static void
collect_partitions(Collection *collection, const Cursor *base, const Cursor *snapshot)
{
	List	   *partitions = respond_log_partitions();
	ListCell   *cell;

	collection->room = 64;
	collection->entries = respond_arena_alloc(collection->arena, collection->room * sizeof(WindowEntry));
	foreach(cell, partitions)
		add_partition(collection, lfirst_oid(cell), base, snapshot);
	list_free(partitions);
	qsort(collection->entries, collection->count, sizeof(WindowEntry), compare_by_id);
}

/* What is there of a database elsewhere is over. */
static Cursor *
snapshot_of(Arena *arena, bool is_ours)
{
	Cursor	   *all;

	if (is_ours)
		return respond_progress_snapshot(arena);
	all = respond_cursor_create(arena);
	all->xmax = PG_UINT64_MAX;
	return all;
}

/* A cursor is asked for at any entry, and must not read all others for that. */
static void
note_extremes(Window *window, Arena *arena)
{
	int			count = window->count;

	window->highest = respond_arena_alloc(arena, sizeof(uint64) * (count + 1));
	window->lowest = respond_arena_alloc(arena, sizeof(uint64) * (count + 1));
	for (int i = 0; i < count; i++)
		window->highest[i] = Max(window->entries[i].xid, i > 0 ? window->highest[i - 1] : 0);
	for (int i = count - 1; i >= 0; i--)
		window->lowest[i] = Min(window->entries[i].xid, i < count - 1 ? window->lowest[i + 1] : PG_UINT64_MAX);
}

static Window *
collect(Arena *arena, Cursor *cursor, int64 incarnation, bool by_commit)
{
	Window	   *window = respond_arena_alloc_zero(arena, sizeof(Window));
	Collection	collection = {arena, incarnation};
	bool		is_ours = incarnation == respond_life_incarnation();

	Assert(ActiveSnapshotSet());
	window->incarnation = incarnation;
	window->base = cursor;
	window->changes = respond_log_changes();
	window->snapshot = snapshot_of(arena, is_ours);
	collection.snapshot = window->snapshot;
	window->looked_at = cursor->split_xid != 0 ? cursor->xmax : Max(cursor->xmax, window->snapshot->xmax);
	if (cursor->split_xid == 0 && cursor->count == 0 && cursor->xmax >= window->snapshot->xmax)
		return window;

	collect_partitions(&collection, cursor, window->snapshot);
	if (by_commit && is_ours)
		locate_commits(&collection);
	window->entries = collection.entries;
	window->count = (int) collection.count;
	window->deferred = respond_arena_alloc(arena, sizeof(uint64) * (collection.count * 2 + cursor->count + 2));
	if (collection.bounded)
		respect_bound(window, &collection);
	defer_unseen(window, &collection);
	qsort(window->entries, window->count, sizeof(WindowEntry), compare_by_commit);
	note_extremes(window, arena);
	return window;
}

Window *
respond_window_collect(Arena *arena, Cursor *cursor)
{
	return collect(arena, cursor, respond_life_incarnation(), true);
}

Window *
respond_window_collect_of(Arena *arena, Cursor *cursor, int64 incarnation)
{
	return collect(arena, cursor, incarnation, true);
}

Window *
respond_window_collect_by_xid(Arena *arena, Cursor *cursor)
{
	return collect(arena, cursor, respond_life_incarnation(), false);
}

/*
 * Adds the first transaction that is not handled, and those behind it that began
 * before one that is: the cursor has to name them.  It ends before the others.
 * xids NULL: only counts them.
 */
static size_t
add_left(const Window *window, int next, uint64 last_done, uint64 *xids)
{
	uint64		end = Max(window->base->xmax, last_done + 1);
	size_t		count = 0;

	for (int i = next; i < window->count && (i == next || window->lowest[i] < end); i++)
	{
		uint64		xid = window->entries[i].xid;

		if (i > next && (xid >= end || xid == window->entries[i - 1].xid))
			continue;
		if (xids != NULL)
			xids[count] = xid;
		count++;
	}
	return count;
}

Cursor *
respond_window_cursor(Arena *arena, const Window *window, int next)
{
	uint64		last_done = next > 0 ? window->highest[next - 1] : 0;
	size_t		left = add_left(window, next, last_done, NULL);
	uint64	   *undone = respond_arena_alloc(arena, sizeof(uint64) * (window->deferred_count + left + 1));
	size_t		undone_count = 0;
	const WindowEntry *last = next > 0 ? &window->entries[next - 1] : NULL;
	Cursor	   *cursor;
	bool		split = last != NULL &&
		(next < window->count ? window->entries[next].xid == last->xid : window->split);

	for (uint64 i = 0; i < window->deferred_count; i++)
		undone[undone_count++] = window->deferred[i];
	undone_count += add_left(window, next, last_done, undone + undone_count);
	if (split)
		undone[undone_count++] = last->xid;
	cursor = respond_cursor_advance(arena, window->base, window->snapshot, window->looked_at,
									undone, undone_count, last_done);
	if (split)
	{
		cursor->split_xid = last->xid;
		cursor->split_id = last->id;
	}
	else if (next == 0 && window->count > 0)
	{
		cursor->split_xid = window->base->split_xid;
		cursor->split_id = window->base->split_id;
	}
	return cursor;
}
