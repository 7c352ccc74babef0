/*-------------------------------------------------------------------------
 * calendar_cache.c
 *	  Calendars by their names, read once and kept with their open periods.
 *
 * A function that is asked about a calendar must answer for the snapshot of its
 * query: not for what another transaction changed since, not for what its own
 * transaction took back.  Messages of invalidation do not tell that.  So a
 * calendar is kept with the place of its row, who wrote it, and its revision,
 * which counts with each change of the row or its exceptions; and it is looked
 * for in the table whenever the snapshot is another one.  Within one query the
 * snapshot is the same, and nothing is looked for.
 *
 * Two snapshots are the same if they take the same transactions for finished, in
 * the same subtransaction and after the same command of our own.
 *
 * src/calendar/calendar_cache.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "calendar/calendar_cache.h"
#include "calendar/calendar_row.h"
#include "calendar/zone_server.h"
#include "common/arena_server.h"
#include "common/errors.h"
#include "common/kept_plan.h"
#include "common/partition_read.h"
#include "common/partition_write.h"
#include "common/pg_compat.h"
#include "common/row_values.h"
#include "common/zone_read.h"

/* More are not kept. */
#define MOST_CALENDARS	64

#define NAME_SIZE		(CALENDAR_LONGEST_NAME + 1)

/* A row, and which version of it. */
typedef struct RowVersion
{
	TransactionId xmin;
	ItemPointerData place;
	int64		revision;
} RowVersion;

typedef struct CachedCalendar
{
	char		name[NAME_SIZE];	/* hash key */
	uint64		snapshot;		/* the last one that it was found right for */
	RowVersion	version;
	MemoryContext context;		/* of all that follows */
	CalendarRules *rules;
	Calendar   *calendar;
} CachedCalendar;

/* A snapshot, as far as it decides what is seen. */
typedef struct SnapshotMark
{
	LocalTransactionId lxid;
	SubTransactionId subtransaction;
	CommandId	command;
	TransactionId xmin;
	TransactionId xmax;
	uint32		count;
	int32		sub_count;
	bool		overflowed;
} SnapshotMark;

static KeptPlan find_calendar = {
	"SELECT c.timezone, c.hours FROM respond.calendar AS c WHERE c.name OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}
};

static KeptPlan find_exceptions = {
	"SELECT e.id, e.from_date, e.to_date, e.yearly, e.hours FROM respond.calendar_exception AS e"
	" WHERE e.calendar OPERATOR(pg_catalog.=) $1",
	1, {TEXTOID}
};

static HTAB *cache = NULL;
static uint64 snapshots = 1;	/* number of the current one */
static SnapshotMark mark;
static TransactionId *marked = NULL;	/* transactions that it takes for running */
static Size marked_room = 0;

/* An array without members may have no address, which memcmp() and memcpy() do not like. */
static bool
has_same(const TransactionId *left, const TransactionId *right, Size count)
{
	return count == 0 || memcmp(left, right, sizeof(TransactionId) * count) == 0;
}

static void
copy(TransactionId *to, const TransactionId *from, Size count)
{
	if (count > 0)
		memcpy(to, from, sizeof(TransactionId) * count);
}

static bool
runs_the_same(Snapshot snapshot)
{
	return has_same(marked, snapshot->xip, snapshot->xcnt) &&
		has_same(marked + snapshot->xcnt, snapshot->subxip, Max(snapshot->subxcnt, 0));
}

static void
keep_running(Snapshot snapshot)
{
	Size		count = snapshot->xcnt + Max(snapshot->subxcnt, 0);

	if (count > marked_room || marked == NULL)
	{
		TransactionId *room = MemoryContextAlloc(TopMemoryContext, sizeof(TransactionId) * (count + 64));

		if (marked != NULL)
			pfree(marked);
		marked = room;
		marked_room = count + 64;
	}
	copy(marked, snapshot->xip, snapshot->xcnt);
	copy(marked + snapshot->xcnt, snapshot->subxip, Max(snapshot->subxcnt, 0));
}

/* The number of the active snapshot; two that see the same may have one number. */
static uint64
number_of_snapshot(void)
{
	Snapshot	snapshot = GetActiveSnapshot();
	SnapshotMark current;

	memset(&current, 0, sizeof(current));
	current.lxid = respond_my_lxid();
	current.subtransaction = GetCurrentSubTransactionId();
	current.command = snapshot->curcid;
	current.xmin = snapshot->xmin;
	current.xmax = snapshot->xmax;
	current.count = snapshot->xcnt;
	current.sub_count = snapshot->subxcnt;
	current.overflowed = snapshot->suboverflowed;
	if (snapshot->snapshot_type == SNAPSHOT_MVCC && memcmp(&mark, &current, sizeof(mark)) == 0 &&
		runs_the_same(snapshot))
		return snapshots;
	/* should there be no memory, the next one is another one as well */
	memset(&mark, 0, sizeof(mark));
	snapshots++;
	keep_running(snapshot);
	if (snapshot->snapshot_type == SNAPSHOT_MVCC)
		mark = current;
	return snapshots;
}

static void
read_version(RowVersion *version, TupleTableSlot *slot, TupleDesc desc)
{
	bool		is_null;
	int			column = respond_shape_place(&respond_shape_calendar, desc, CALENDAR_REVISION) + 1;

	version->xmin = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null));
	version->place = slot->tts_tid;
	version->revision = DatumGetInt64(slot_getattr(slot, column, &is_null));
}

/* Looks into the table without a plan, which costs less; false if the active snapshot sees no such row. */
static bool
find_version(const char *name, RowVersion *version)
{
	Relation	table = respond_shape_open_heap(respond_relation_oid("respond", "calendar"), AccessShareLock);
	Oid			oid = respond_partition_index(table, "name", NULL, NULL);
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	ScanKeyData key;
	bool		found;

	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_SHAPE),
				 errmsg("table \"respond.calendar\" has no index on (name)"),
				 errhint("Create it with CREATE INDEX.")));
	index = index_open(oid, AccessShareLock);
	slot = table_slot_create(table, NULL);
	ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid, index->rd_indcollation[0], F_TEXTEQ,
						   CStringGetTextDatum(name));
	scan = respond_index_beginscan(table, index, GetActiveSnapshot(), 1);
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	if (found)
		read_version(version, slot, RelationGetDescr(table));
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return found;
}

static bool
is_same_version(const RowVersion *a, const RowVersion *b)
{
	return a->xmin == b->xmin && a->revision == b->revision &&
		memcmp(&a->place, &b->place, sizeof(a->place)) == 0;
}

static void
check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The values of a row that SPI found, in its context. */
static void
take_values(HeapTuple row, Datum *values, bool *nulls, int count)
{
	for (int i = 0; i < count; i++)
		values[i] = SPI_getbinval(row, SPI_tuptable->tupdesc, i + 1, &nulls[i]);
}

static void
read_calendar(CalendarRules *rules, Arena *arena, Datum name)
{
	Datum		values[2];
	bool		nulls[2];

	if (respond_kept_plan_run_stable(&find_calendar, &name, NULL) == 0)
		elog(ERROR, "a calendar is not there any more");
	take_values(SPI_tuptable->vals[0], values, nulls, lengthof(values));
	rules->zone = respond_zone_of(respond_zone_read("timezone", respond_row_text(values, nulls, 0)));
	rules->always = nulls[1];
	rules->check_interrupts = check_interrupts;
	if (!rules->always)
		respond_calendar_read_week(arena, respond_row_jsonb(values, nulls, 1), &rules->week);
}

static void
read_exception(CalendarException *exception, Arena *arena, HeapTuple row)
{
	Datum		values[5];
	bool		nulls[5];

	take_values(row, values, nulls, lengthof(values));
	exception->id = DatumGetInt64(values[0]);
	exception->from = respond_day_of_date(DatumGetDateADT(values[1]));
	exception->to = respond_day_of_date(DatumGetDateADT(values[2]));
	exception->yearly = DatumGetBool(values[3]);
	if (!nulls[4])
		respond_calendar_read_day(arena, respond_row_jsonb(values, nulls, 4), &exception->hours);
}

static void
read_exceptions(CalendarRules *rules, Arena *arena, Datum name)
{
	uint64		count = respond_kept_plan_run_stable(&find_exceptions, &name, NULL);
	CalendarException *exceptions = respond_arena_alloc_zero(arena, sizeof(CalendarException) * (count + 1));

	for (uint64 i = 0; i < count; i++)
		read_exception(&exceptions[i], arena, SPI_tuptable->vals[i]);
	rules->exceptions = exceptions;
	rules->exception_count = (int) count;
}

/* Into the context of *loaded. */
static void
load(CachedCalendar *loaded, const char *name)
{
	Arena	   *arena = respond_arena_create_in(loaded->context);
	ArenaSource source = respond_arena_source_in(loaded->context);
	Datum		value;

	loaded->rules = respond_arena_alloc_zero(arena, sizeof(CalendarRules));
	SPI_connect();
	value = CStringGetTextDatum(name);
	read_calendar(loaded->rules, arena, value);
	read_exceptions(loaded->rules, arena, value);
	SPI_finish();
	loaded->calendar = respond_calendar_create(loaded->rules, &source);
}

static void
forget(CachedCalendar *entry)
{
	MemoryContextDelete(entry->context);
	hash_search(cache, entry->name, HASH_REMOVE, NULL);
}

static void
forget_all(void)
{
	HASH_SEQ_STATUS walk;
	CachedCalendar *entry;

	hash_seq_init(&walk, cache);
	while ((entry = hash_seq_search(&walk)) != NULL)
		forget(entry);
}

static CachedCalendar *
load_version(const char *key, const RowVersion *version, uint64 snapshot)
{
	CachedCalendar loaded = {.snapshot = snapshot,.version = *version};
	CachedCalendar *entry = hash_search(cache, key, HASH_FIND, NULL);

	if (entry != NULL)
		forget(entry);
	if (hash_get_num_entries(cache) >= MOST_CALENDARS)
		forget_all();
	/* below the caller's context until it is complete, so that an error leaves nothing behind */
	loaded.context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond calendar", ALLOCSET_SMALL_SIZES);
	memcpy(loaded.name, key, NAME_SIZE);
	load(&loaded, key);
	entry = hash_search(cache, key, HASH_ENTER, NULL);
	*entry = loaded;
	MemoryContextSetParent(loaded.context, TopMemoryContext);
	return entry;
}

static Calendar *
find(const char *name)
{
	uint64		snapshot = number_of_snapshot();
	char		key[NAME_SIZE] = {0};
	CachedCalendar *entry;
	RowVersion	version;

	strlcpy(key, name, sizeof(key));
	entry = hash_search(cache, key, HASH_FIND, NULL);
	if (entry != NULL && entry->snapshot == snapshot)
		return entry->calendar;
	if (!find_version(name, &version))
	{
		if (entry != NULL)
			forget(entry);
		return NULL;
	}
	if (entry == NULL || !is_same_version(&entry->version, &version))
		entry = load_version(key, &version, snapshot);
	entry->snapshot = snapshot;
	return entry->calendar;
}

Calendar *
respond_calendar_find(const char *name)
{
	bool		push = !ActiveSnapshotSet();
	Calendar   *calendar;

	if (strlen(name) > CALENDAR_LONGEST_NAME)
		return NULL;
	if (cache == NULL)
	{
		HASHCTL		control = {.keysize = NAME_SIZE,.entrysize = sizeof(CachedCalendar),.hcxt = TopMemoryContext};

		cache = hash_create("pg_respond calendars", MOST_CALENDARS, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	if (push)
		PushActiveSnapshot(GetTransactionSnapshot());
	calendar = find(name);
	if (push)
		PopActiveSnapshot();
	return calendar;
}

void
respond_calendar_forget(const char *name)
{
	char		key[NAME_SIZE] = {0};
	CachedCalendar *entry;

	if (cache == NULL)
		return;
	strlcpy(key, name, sizeof(key));
	entry = hash_search(cache, key, HASH_FIND, NULL);
	if (entry != NULL)
		forget(entry);
}

Calendar *
respond_calendar_get(const char *name)
{
	Calendar   *calendar = respond_calendar_find(name);

	if (calendar == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no calendar \"%s\"", name),
				 errhint("respond.calendar lists the calendars.")));
	return calendar;
}
