/*-------------------------------------------------------------------------
 * timer_write.c
 *	  Arming and disarming timers.
 *
 * src/timer/timer_write.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/grow.h"
#include "common/life.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "timer/timer.h"
#include "timer/timer_columns.h"
#include "timer/timer_mark.h"
#include "timer/timer_note.h"
#include "timer/timer_scan.h"

/* A timer whose row is to be deleted. */
typedef struct Disarmed
{
	TimerReader reader;
	TimerKey	key;
} Disarmed;

static MemoryContext memory;	/* of the buffers, NULL until the first use in a process */
static Timer *buffer;			/* id 0: disarmed again */
static int	buffered;
static int	room;
static Disarmed *disarmed;
static int	disarmed_count;
static int	disarmed_room;

static MemoryContext
buffer_memory(void)
{
	if (memory == NULL)
		memory = AllocSetContextCreate(TopMemoryContext, "pg_respond timers", ALLOCSET_DEFAULT_SIZES);
	return memory;
}

static const char *
copy_text(const char *text)
{
	return text != NULL ? MemoryContextStrdup(memory, text) : NULL;
}

static Jsonb *
copy_jsonb(const Jsonb *document)
{
	Jsonb	   *copy;

	if (document == NULL)
		return NULL;
	copy = MemoryContextAlloc(memory, VARSIZE(document));
	memcpy(copy, document, VARSIZE(document));
	return copy;
}

int64
respond_timer_arm(const Timer *timer)
{
	Timer	   *copy;
	int64		id = timer->id;

	Assert(!TIMESTAMP_NOT_FINITE(timer->due_at));
	if (id == 0)
		id = nextval_internal(respond_relation_oid("respond_internal", "timer_id_seq"), false);
	buffer = respond_grow(buffer_memory(), buffer, buffered, &room, sizeof(Timer));
	copy = &buffer[buffered];
	*copy = *timer;
	copy->id = id;
	copy->kind = copy_text(timer->kind);
	copy->name = copy_text(timer->name);
	copy->data = copy_jsonb(timer->data);
	buffered++;
	return id;
}

void
respond_timers_discard(void)
{
	buffer = NULL;
	buffered = 0;
	room = 0;
	disarmed = NULL;
	disarmed_count = 0;
	disarmed_room = 0;
	if (memory != NULL)
		MemoryContextReset(memory);
}

static void
fill_row(Datum *values, bool *nulls, const Timer *timer)
{
	memset(values, 0, sizeof(Datum) * TIMER_COLUMNS);
	memset(nulls, false, sizeof(bool) * TIMER_COLUMNS);
	values[TIMER_ID] = Int64GetDatum(timer->id);
	values[TIMER_DUE_AT] = TimestampTzGetDatum(timer->due_at);
	values[TIMER_READER] = Int16GetDatum((int16) timer->reader);
	respond_row_set_text(values, nulls, TIMER_KIND, timer->kind);
	respond_row_set_int64(values, nulls, TIMER_RUN_ID, timer->run_id);
	values[TIMER_RUN_STARTED_AT] = TimestampTzGetDatum(timer->run_started_at);
	nulls[TIMER_RUN_STARTED_AT] = timer->run_id == 0;
	respond_row_set_text(values, nulls, TIMER_NAME, timer->name);
	respond_row_set_jsonb(values, nulls, TIMER_DATA, timer->data);
	values[TIMER_INCARNATION] = Int64GetDatum(respond_life_incarnation());
}

static void
tell_reader(const Timer *timer)
{
	if (respond_timer_is_reader(timer->reader))
		respond_timer_mark_armed(timer->reader, (TimerKey) {timer->due_at, timer->id});
	else
		respond_timer_note(timer->reader, timer->due_at);
}

/* The last ones are the ones that are disarmed, if any. */
static bool
take_from_buffer(TimerReader reader, TimestampTz due_at, int64 id)
{
	for (int i = buffered - 1; i >= 0; i--)
	{
		if (buffer[i].id != id || buffer[i].reader != reader || buffer[i].due_at != due_at)
			continue;
		buffer[i].id = 0;
		return true;
	}
	return false;
}

void
respond_timer_disarm(TimerReader reader, TimestampTz due_at, int64 id)
{
	if (take_from_buffer(reader, due_at, id))
		return;
	disarmed = respond_grow(buffer_memory(), disarmed, disarmed_count, &disarmed_room, sizeof(Disarmed));
	disarmed[disarmed_count++] = (Disarmed) {reader, {due_at, id}};
}

/* Whatever the transaction's snapshot: what was committed since counts.  False: there is no row. */
static bool
open_for_delete(TimerScan *scan)
{
	Snapshot	snapshot;

	PreventCommandIfReadOnly("DELETE");
	PreventCommandIfParallelMode("DELETE");
	respond_timer_scan_prepare();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	if (respond_timer_scan_open(scan, snapshot))
		return true;
	UnregisterSnapshot(snapshot);
	return false;
}

static void
close_for_delete(TimerScan *scan)
{
	Snapshot	snapshot = scan->snapshot;

	respond_timer_scan_close(scan);
	UnregisterSnapshot(snapshot);
}

/* False when it is gone. */
static bool
delete_row(TimerScan *scan, TimerReader reader, TimerKey key)
{
	bool		deleted = false;

	respond_timer_scan_seek_only(scan, reader, key);
	/* rows of the same key that are gone may stand before it */
	while (!deleted && respond_timer_scan_entry(scan))
		deleted = respond_timer_scan_row(scan) && respond_timer_scan_delete(scan);
	if (deleted && respond_timer_is_reader(reader))
		respond_timer_mark_deleted(reader);
	return deleted;
}

static void
delete_disarmed(void)
{
	TimerScan	scan;

	if (disarmed_count == 0 || !open_for_delete(&scan))
		return;
	for (int i = 0; i < disarmed_count; i++)
		(void) delete_row(&scan, disarmed[i].reader, disarmed[i].key);
	close_for_delete(&scan);
}

static void
insert_armed(void)
{
	PartitionWriter *writer;

	if (buffered == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "timer"), &respond_shape_timer);
	for (int i = 0; i < buffered; i++)
	{
		Datum		values[TIMER_COLUMNS];
		bool		nulls[TIMER_COLUMNS];

		if (buffer[i].id == 0)
			continue;
		fill_row(values, nulls, &buffer[i]);
		respond_partition_writer_add(writer, buffer[i].due_at, values, nulls);
		tell_reader(&buffer[i]);
	}
	respond_partition_writer_close(writer);
}

/* One may be disarmed and armed anew. */
void
respond_timers_flush(void)
{
	MemoryContext context;
	MemoryContext before;

	if (buffered == 0 && disarmed_count == 0)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond timer rows", ALLOCSET_DEFAULT_SIZES);
	before = MemoryContextSwitchTo(context);
	delete_disarmed();
	insert_armed();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	respond_timers_discard();
}

List *
respond_timers_finish(const List *timers)
{
	TimerScan	scan;
	List	   *finished = NIL;
	ListCell   *cell;

	if (timers == NIL || !open_for_delete(&scan))
		return NIL;
	foreach(cell, timers)
	{
		Timer	   *timer = lfirst(cell);

		if (delete_row(&scan, timer->reader, (TimerKey) {timer->due_at, timer->id}))
			finished = lappend(finished, timer);
	}
	close_for_delete(&scan);
	return finished;
}

static void
follow_transaction(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT)
		respond_timers_discard();
	else if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		Assert(buffered == 0 && disarmed_count == 0);
}

void
respond_timer_initialize(void)
{
	RegisterXactCallback(follow_transaction, NULL);
	respond_timer_note_initialize();
	respond_timer_mark_initialize();
}
