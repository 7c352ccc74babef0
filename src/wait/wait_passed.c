/*-------------------------------------------------------------------------
 * wait_passed.c
 *	  Events that pass while runs do not know yet under which key they will wait.
 *
 * A row of no event says that too many have passed for a run: it has the hash 0.
 *
 * src/wait/wait_passed.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/partition_write.h"
#include "common/trigger_call.h"
#include "wait/wait_buffer.h"
#include "wait/wait_key.h"
#include "wait/wait_passed.h"
#include "wait/wait_table.h"

PG_FUNCTION_INFO_V1(respond_leave_out);

enum
{
	PASSED_ID,
	PASSED_PATTERN_ID,
	PASSED_KEY_HASH,
	PASSED_RUN_ID,
	PASSED_EVENT_ID,
	PASSED_RECORDED_AT,
	PASSED_COLUMNS
};

static const ShapeColumn passed_columns[] = {
	{"id", INT8OID},
	{"pattern_id", INT8OID},
	{"key_hash", INT8OID},
	{"run_id", INT8OID},
	{"event_id", INT8OID},
	{"recorded_at", TIMESTAMPTZOID},
};

StaticAssertDecl(lengthof(passed_columns) == PASSED_COLUMNS, "each column of what passed has its type");

const Shape respond_shape_passed = SHAPE("respond_internal.passed", passed_columns);

/* In place of an event. */
#define TOO_MANY		INT64CONST(0)

#define BUFFER_ROWS		256

/* Rows that are dead but still in the index, after which an event is written, needed or not. */
#define DEAD_ROWS		100

typedef struct PassedRow
{
	PassedEvent event;
	int64		pattern;
	int64		key_hash;
	int64		run_id;			/* 0: it is for all */
} PassedRow;

static const char *const by_key[3] = {"pattern_id", "key_hash", "id"};
static const char *const waits_by_key[3] = {"pattern_id", "key_hash", "run_id"};

static PassedRow rows[BUFFER_ROWS];
static int	row_count = 0;

/* A pattern that runs wait for without a key, as this transaction has seen. */
static int64 awaited_pattern;
static bool awaited_is_known = false;

int64
respond_passed_now(void)
{
	return nextval_internal(respond_relation_oid("respond_internal", "passed_id_seq"), false);
}

void
respond_passed_forget(void)
{
	row_count = 0;
	awaited_is_known = false;
}

void
respond_passed_flush(void)
{
	PartitionWriter *writer;

	awaited_is_known = false;
	if (row_count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "passed"), &respond_shape_passed);
	for (int i = 0; i < row_count; i++)
	{
		const PassedRow *row = &rows[i];
		Datum		values[PASSED_COLUMNS];
		bool		nulls[PASSED_COLUMNS] = {0};

		values[PASSED_ID] = Int64GetDatum(row->event.id);
		values[PASSED_PATTERN_ID] = Int64GetDatum(row->pattern);
		values[PASSED_KEY_HASH] = Int64GetDatum(row->key_hash);
		values[PASSED_RUN_ID] = Int64GetDatum(row->run_id);
		values[PASSED_EVENT_ID] = Int64GetDatum(row->event.event_id);
		values[PASSED_RECORDED_AT] = TimestampTzGetDatum(row->event.recorded_at);
		respond_partition_writer_add(writer, 0, values, nulls);
	}
	respond_partition_writer_close(writer);
	row_count = 0;
	CommandCounterIncrement();
}

static void
add(int64 pattern, int64 key_hash, int64 run_id, int64 event_id, TimestampTz recorded_at)
{
	PassedRow  *row;

	if (row_count == BUFFER_ROWS)
		respond_passed_flush();
	row = &rows[row_count];
	row->event.id = respond_passed_now();
	row->event.event_id = event_id;
	row->event.recorded_at = recorded_at;
	row->pattern = pattern;
	row->key_hash = key_hash;
	row->run_id = run_id;
	row_count++;
}

/* What this transaction has written counts as well. */
static void
push_snapshot(void)
{
	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
}

/* The youngest runs are asked first: the oldest have gone on, and their rows may still be in the index. */
static bool
has_row_without_key(int64 pattern)
{
	int64		values[2] = {pattern, respond_wait_key_hash("")};
	WaitScan	scan;
	bool		found = false;
	int			dead = 0;

	push_snapshot();
	respond_wait_scan_begin(&scan, "wait", AccessShareLock, GetActiveSnapshot(), waits_by_key, values, 2);
	while (scan.index != NULL && !found && index_getnext_tid(scan.scan, BackwardScanDirection) != NULL)
		found = index_fetch_heap(scan.scan, scan.slot) || ++dead == DEAD_ROWS;
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
	return found;
}

/* Whether a run waits for the pattern without a key.  True for a while when none does any more. */
static bool
is_awaited(int64 pattern)
{
	if (awaited_is_known && awaited_pattern == pattern)
		return true;
	awaited_is_known = respond_wait_buffer_find(NIL, pattern, "", respond_wait_key_hash(""), PG_INT64_MIN) != NIL ||
		has_row_without_key(pattern);
	awaited_pattern = pattern;
	return awaited_is_known;
}

static bool
note(const KnownPattern *known, const Event *event, int64 run_id)
{
	char	   *key = respond_wait_key_read(known->key, event);

	if (key == NULL)
		return false;
	add(known->id, respond_wait_key_hash(key), run_id, event->id, event->recorded_at);
	pfree(key);
	return true;
}

bool
respond_passed_note(const KnownPattern *known, const Event *event)
{
	return is_awaited(known->id) && note(known, event, 0);
}

void
respond_passed_note_for(const KnownPattern *known, const Event *event, int64 run_id)
{
	(void) note(known, event, run_id);
}

void
respond_passed_give_up(const Wait *wait)
{
	add(wait->pattern, 0, wait->run_id, TOO_MANY, wait->since);
}

static void
read_row(PassedRow *row, TupleTableSlot *slot)
{
	Datum		values[PASSED_COLUMNS];
	bool		nulls[PASSED_COLUMNS];

	respond_shape_read(&respond_shape_passed, slot, values, nulls);
	row->event.id = DatumGetInt64(values[PASSED_ID]);
	row->event.event_id = DatumGetInt64(values[PASSED_EVENT_ID]);
	row->event.recorded_at = DatumGetTimestampTz(values[PASSED_RECORDED_AT]);
	row->pattern = DatumGetInt64(values[PASSED_PATTERN_ID]);
	row->key_hash = DatumGetInt64(values[PASSED_KEY_HASH]);
	row->run_id = DatumGetInt64(values[PASSED_RUN_ID]);
}

/*
 * Calls take for the rows of a pattern with this hash behind an id, in order, until
 * it has enough.  What is buffered is written first.
 */
static void
each_row(int64 pattern, int64 key_hash, int64 after, bool (*take) (void *state, const PassedRow *row), void *state)
{
	int64		values[2] = {pattern, key_hash};
	WaitScan	scan;
	PassedRow	row;

	respond_passed_flush();
	push_snapshot();
	respond_wait_scan_begin_after(&scan, "passed", AccessShareLock, GetActiveSnapshot(), by_key, values, 2, after);
	while (respond_wait_scan_next(&scan))
	{
		read_row(&row, scan.slot);
		if (!take(state, &row))
			break;
	}
	respond_wait_scan_end(&scan);
	PopActiveSnapshot();
}

/* A row of no event. */
typedef struct Word
{
	int64		run_id;
	bool		too_many;
} Word;

static bool
take_word(void *state, const PassedRow *row)
{
	Word	   *word = state;

	word->too_many = row->run_id == word->run_id && row->event.event_id == TOO_MANY;
	return !word->too_many;
}

bool
respond_passed_is_known(const Wait *wait)
{
	Word		word = {.run_id = wait->run_id};

	each_row(wait->pattern, 0, wait->passed_from, take_word, &word);
	return !word.too_many;
}

typedef struct Found
{
	const Wait *wait;
	List	   *events;
	int			limit;
} Found;

static bool
take_event(void *state, const PassedRow *row)
{
	Found	   *found = state;

	if (row->event.event_id != TOO_MANY && (row->run_id == 0 || row->run_id == found->wait->run_id))
	{
		PassedEvent *event = palloc(sizeof(PassedEvent));

		*event = row->event;
		found->events = lappend(found->events, event);
	}
	return list_length(found->events) < found->limit;
}

List *
respond_passed_find(const Wait *wait, const char *key, int64 after, int limit)
{
	Found		found = {.wait = wait,.limit = limit};

	each_row(wait->pattern, respond_wait_key_hash(key), Max(after, wait->passed_from), take_event, &found);
	return found.events;
}

/*
 * leave_out(): BEFORE INSERT FOR EACH ROW ON respond_internal.wait, WHEN it has no key.
 * Whoever inserts by SQL brings nothing of what has passed.
 */
Datum
respond_leave_out(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "leave_out", "BEFORE", "ROW", NULL);

	if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		RelationGetRelid(trigger->tg_relation) != respond_relation_oid("respond_internal", "wait"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "leave_out",
						RelationGetRelationName(trigger->tg_relation)),
				 errdetail("It is for INSERT into table \"respond_internal.wait\".")));
	PG_RETURN_POINTER(NULL);
}
