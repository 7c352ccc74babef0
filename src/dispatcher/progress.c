/*-------------------------------------------------------------------------
 * progress.c
 *	  Keeping cursors in the database, and lanes apart from each other.
 *
 * Rows are inserted without a plan; the tables have no index, because they are
 * read only when a dispatcher starts, when the clock empties one side, and by
 * people.
 *
 * src/dispatcher/progress.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "common/shape.h"
#include "common/partition_write.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/life.h"
#include "common/shmem.h"
#include "dispatcher/progress.h"

enum
{
	PROGRESS_SEQ,
	PROGRESS_LANES,
	PROGRESS_LANE,
	PROGRESS_CURSOR,
	PROGRESS_SPLIT_XID,
	PROGRESS_SPLIT_ID,
	PROGRESS_AT,
	PROGRESS_INCARNATION,
	PROGRESS_COLUMNS
};

static const ShapeColumn progress_columns[] = {
	{"seq", INT8OID},
	{"lanes", INT2OID},
	{"lane", INT2OID},
	{"cursor", PG_SNAPSHOTOID},
	{"split_xid", XID8OID},
	{"split_id", INT8OID},
	{"at", TIMESTAMPTZOID},
	{"incarnation", INT8OID},
};

StaticAssertDecl(lengthof(progress_columns) == PROGRESS_COLUMNS, "each column of the progress tables has its type");

const Shape respond_shape_progress_0 = SHAPE("respond_internal.progress_0", progress_columns);
const Shape respond_shape_progress_1 = SHAPE("respond_internal.progress_1", progress_columns);

/*
 * What a pg_snapshot is on disk; the type does not show it to extensions
 * (src/backend/utils/adt/xid8funcs.c).
 */
typedef struct StoredSnapshot
{
	int32		header;			/* varlena */
	uint32		count;
	FullTransactionId xmin;
	FullTransactionId xmax;
	FullTransactionId running[FLEXIBLE_ARRAY_MEMBER];
} StoredSnapshot;

Cursor *
respond_progress_cursor(Arena *arena, Datum datum)
{
	StoredSnapshot *stored = (StoredSnapshot *) PG_DETOAST_DATUM(datum);
	Cursor	   *cursor = respond_cursor_create(arena);

	cursor->xmax = U64FromFullTransactionId(stored->xmax);
	cursor->count = stored->count;
	cursor->running = respond_arena_alloc(arena, sizeof(uint64_t) * (stored->count + 1));
	for (uint32 i = 0; i < stored->count; i++)
		cursor->running[i] = U64FromFullTransactionId(stored->running[i]);
	respond_cursor_normalize(cursor);
	return cursor;
}

Datum
respond_progress_datum(const Cursor *cursor)
{
	Size		size = offsetof(StoredSnapshot, running) + sizeof(FullTransactionId) * cursor->count;
	StoredSnapshot *stored = palloc0(size);

	SET_VARSIZE(stored, size);
	stored->count = (uint32) cursor->count;
	stored->xmax = FullTransactionIdFromU64(cursor->xmax);
	stored->xmin = FullTransactionIdFromU64(cursor->count > 0 ? cursor->running[0] : cursor->xmax);
	for (size_t i = 0; i < cursor->count; i++)
		stored->running[i] = FullTransactionIdFromU64(cursor->running[i]);
	return PointerGetDatum(stored);
}

Cursor *
respond_progress_snapshot(Arena *arena)
{
	Datum		current = DirectFunctionCall1(pg_current_snapshot, (Datum) 0);

	return respond_progress_cursor(arena, current);
}

static Oid
progress_table(int side)
{
	const char *name = side == 0 ? "progress_0" : "progress_1";
	Oid			table = get_relname_relid(name, get_namespace_oid("respond_internal", false));

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table respond_internal.%s is missing", name),
				 errhint("The extension is damaged; DROP EXTENSION pg_respond and create it again.")));
	return table;
}

static const Shape *
shape_of(int side)
{
	return side == 0 ? &respond_shape_progress_0 : &respond_shape_progress_1;
}

static void
add_row(Arena *arena, Progress *progress, int *room, const Datum *values, const bool *nulls, int64 incarnation)
{
	int64		seq;
	int			lanes;
	int			lane;
	LaneProgress *entry = NULL;

	if (DatumGetInt64(values[PROGRESS_INCARNATION]) != incarnation)
		return;
	seq = DatumGetInt64(values[PROGRESS_SEQ]);
	lanes = DatumGetInt16(values[PROGRESS_LANES]);
	lane = DatumGetInt16(values[PROGRESS_LANE]);
	if (seq > progress->last_seq)
	{
		progress->last_seq = seq;
		progress->last_lanes = lanes;
	}
	for (int i = 0; i < progress->count; i++)
	{
		if (progress->entries[i].lanes == lanes && progress->entries[i].lane == lane)
			entry = &progress->entries[i];
	}
	if (entry == NULL)
	{
		if (progress->count == *room)
		{
			LaneProgress *larger = respond_arena_alloc(arena, sizeof(LaneProgress) * *room * 2);

			memcpy(larger, progress->entries, sizeof(LaneProgress) * progress->count);
			progress->entries = larger;
			*room *= 2;
		}
		entry = &progress->entries[progress->count++];
		entry->lanes = lanes;
		entry->lane = lane;
		entry->seq = -1;
	}
	if (seq <= entry->seq)
		return;
	entry->seq = seq;
	entry->cursor = respond_progress_cursor(arena, values[PROGRESS_CURSOR]);
	if (!nulls[PROGRESS_SPLIT_XID])
	{
		entry->cursor->split_xid = DatumGetUInt64(values[PROGRESS_SPLIT_XID]);
		entry->cursor->split_id = DatumGetInt64(values[PROGRESS_SPLIT_ID]);
	}
}

void
respond_progress_lock(void)
{
	for (int side = 0; side < 2; side++)
		LockRelationOid(progress_table(side), AccessShareLock);
}

Progress *
respond_progress_load(Arena *arena, int64 incarnation)
{
	Progress   *progress = respond_arena_alloc_zero(arena, sizeof(Progress));
	int			room = 4;

	Assert(ActiveSnapshotSet());
	progress->entries = respond_arena_alloc(arena, sizeof(LaneProgress) * room);
	for (int side = 0; side < 2; side++)
	{
		Relation	table = respond_shape_open_heap(progress_table(side), AccessShareLock);
		TupleTableSlot *slot = table_slot_create(table, NULL);
		TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);

		while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		{
			Datum		values[PROGRESS_COLUMNS];
			bool		nulls[PROGRESS_COLUMNS];

			CHECK_FOR_INTERRUPTS();
			respond_shape_read(shape_of(side), slot, values, nulls);
			add_row(arena, progress, &room, values, nulls, incarnation);
		}
		table_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
		table_close(table, AccessShareLock);
	}
	return progress;
}

void
respond_progress_append(int64 seq, int lanes, int lane, const Cursor *cursor)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	int			side = database != NULL ? (int) pg_atomic_read_u32(&database->progress_side) : 0;
	PartitionWriter *writer = respond_partition_writer_open(progress_table(side), shape_of(side));
	Datum		values[PROGRESS_COLUMNS];
	bool		nulls[PROGRESS_COLUMNS] = {0};

	values[PROGRESS_SEQ] = Int64GetDatum(seq);
	values[PROGRESS_LANES] = Int16GetDatum((int16) lanes);
	values[PROGRESS_LANE] = Int16GetDatum((int16) lane);
	values[PROGRESS_CURSOR] = respond_progress_datum(cursor);
	values[PROGRESS_SPLIT_XID] = UInt64GetDatum(cursor->split_xid);
	values[PROGRESS_SPLIT_ID] = Int64GetDatum(cursor->split_id);
	nulls[PROGRESS_SPLIT_XID] = nulls[PROGRESS_SPLIT_ID] = cursor->split_xid == 0;
	values[PROGRESS_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[PROGRESS_INCARNATION] = Int64GetDatum(respond_life_incarnation());
	respond_partition_writer_add(writer, 0, values, nulls);
	respond_partition_writer_close(writer);
}

static const LaneProgress *
find_entry(const Progress *progress, int lanes, int lane)
{
	for (int i = 0; i < progress->count; i++)
	{
		if (progress->entries[i].lanes == lanes && progress->entries[i].lane == lane)
			return &progress->entries[i];
	}
	return NULL;
}

Cursor *
respond_progress_handled(Arena *arena, const Progress *progress, int lanes)
{
	Cursor	   *all = NULL;

	for (int lane = 0; lane < lanes; lane++)
	{
		const LaneProgress *entry = find_entry(progress, lanes, lane);

		if (entry == NULL)
			return NULL;
		all = all == NULL ? respond_cursor_copy(arena, entry->cursor)
			: respond_cursor_intersect(arena, all, entry->cursor);
	}
	return all;
}

Cursor *
respond_progress_start(Arena *arena, const Progress *progress, int lanes, int lane)
{
	const LaneProgress *own = find_entry(progress, lanes, lane);
	Cursor	   *start = own != NULL ? respond_cursor_copy(arena, own->cursor) : respond_cursor_create(arena);

	for (int division = 1; division <= RESPOND_MAX_LANES; division++)
	{
		Cursor	   *all;
		Cursor	   *united;

		if (division == lanes)
			continue;
		all = respond_progress_handled(arena, progress, division);
		if (all == NULL)
			continue;
		united = respond_cursor_unite(arena, start, all);

		/* a split transaction stays split unless the others have done all of it */
		if (start->split_xid != 0 && !respond_cursor_covers(united, start->split_xid))
		{
			united->split_xid = start->split_xid;
			united->split_id = start->split_id;
		}
		start = united;
	}
	return start;
}

int
respond_progress_lane(const char *subject, int64 id, int lanes)
{
	uint32		hash;

	if (lanes <= 1)
		return 0;
	if (subject != NULL)
		hash = hash_bytes((const unsigned char *) subject, (int) strlen(subject));
	else
		hash = hash_bytes((const unsigned char *) &id, sizeof(id));
	return (int) (hash % (uint32) lanes);
}

bool
respond_progress_passed(const Progress *progress, int lanes, uint64 xid, int64 id, const char *subject)
{
	for (int i = 0; i < progress->count; i++)
	{
		const LaneProgress *entry = &progress->entries[i];

		if (entry->lanes != lanes &&
			entry->lane == respond_progress_lane(subject, id, entry->lanes) &&
			respond_cursor_passed(entry->cursor, xid, id))
			return true;
	}
	return false;
}

bool
respond_progress_heard(const Progress *progress, int lanes, uint64 xid, int64 id)
{
	for (int i = 0; i < progress->count; i++)
	{
		const LaneProgress *entry = &progress->entries[i];

		if (entry->lanes != lanes && entry->lane == 0 && respond_cursor_passed(entry->cursor, xid, id))
			return true;
	}
	return false;
}
