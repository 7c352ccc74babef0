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

/* A timer that is to be inserted. */
typedef struct Armed
{
	Timer		timer;
	SubTransactionId subtransaction;	/* that armed it */
	bool		is_disarmed;
} Armed;

/* A timer that is to be deleted. */
typedef struct Disarmed
{
	TimerReader reader;
	TimerKey	key;
	SubTransactionId subtransaction;	/* that disarmed it */
	int			armed;			/* its place among those that are to be inserted; -1: it has a row */
} Disarmed;

static MemoryContext memory;	/* of the buffers, NULL until the first use in a process */
static Armed *armed;
static int	armed_count;
static int	armed_room;
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
	armed = respond_grow(buffer_memory(), armed, armed_count, &armed_room, sizeof(Armed));
	copy = &armed[armed_count].timer;
	*copy = *timer;
	copy->id = id;
	copy->kind = copy_text(timer->kind);
	copy->name = copy_text(timer->name);
	copy->data = copy_jsonb(timer->data);
	armed[armed_count].subtransaction = GetCurrentSubTransactionId();
	armed[armed_count].is_disarmed = false;
	armed_count++;
	return id;
}

void
respond_timers_discard(void)
{
	armed = NULL;
	armed_count = 0;
	armed_room = 0;
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

/* Its place; -1: it is not among them.  The last ones are the ones that are disarmed, if any. */
static int
find_armed(TimerReader reader, TimestampTz due_at, int64 id)
{
	for (int i = armed_count - 1; i >= 0; i--)
	{
		const Timer *timer = &armed[i].timer;

		if (timer->id == id && timer->reader == reader && timer->due_at == due_at && !armed[i].is_disarmed)
			return i;
	}
	return -1;
}

void
respond_timer_disarm(TimerReader reader, TimestampTz due_at, int64 id)
{
	int			place = find_armed(reader, due_at, id);

	if (place >= 0)
		armed[place].is_disarmed = true;
	disarmed = respond_grow(buffer_memory(), disarmed, disarmed_count, &disarmed_room, sizeof(Disarmed));
	disarmed[disarmed_count++] = (Disarmed) {reader, {due_at, id}, GetCurrentSubTransactionId(), place};
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
		if (disarmed[i].armed < 0)
			(void) delete_row(&scan, disarmed[i].reader, disarmed[i].key);
	close_for_delete(&scan);
}

static void
insert_armed(void)
{
	PartitionWriter *writer;

	if (armed_count == 0)
		return;
	writer = respond_partition_writer_open(respond_relation_oid("respond_internal", "timer"), &respond_shape_timer);
	for (int i = 0; i < armed_count; i++)
	{
		const Timer *timer = &armed[i].timer;
		Datum		values[TIMER_COLUMNS];
		bool		nulls[TIMER_COLUMNS];

		if (armed[i].is_disarmed)
			continue;
		fill_row(values, nulls, timer);
		respond_partition_writer_add(writer, timer->due_at, values, nulls);
		tell_reader(timer);
	}
	respond_partition_writer_close(writer);
}

/* One may be disarmed and armed anew. */
void
respond_timers_flush(void)
{
	MemoryContext context;
	MemoryContext before;

	if (armed_count == 0 && disarmed_count == 0)
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
		Assert(armed_count == 0 && disarmed_count == 0);
}

/* What the subtransaction, and those in it, did. */
static void
take_back(SubTransactionId subtransaction)
{
	for (; disarmed_count > 0 && disarmed[disarmed_count - 1].subtransaction >= subtransaction; disarmed_count--)
		if (disarmed[disarmed_count - 1].armed >= 0)
			armed[disarmed[disarmed_count - 1].armed].is_disarmed = false;
	while (armed_count > 0 && armed[armed_count - 1].subtransaction >= subtransaction)
		armed_count--;
}

static void
hand_over(SubTransactionId subtransaction, SubTransactionId parent)
{
	for (int i = disarmed_count - 1; i >= 0 && disarmed[i].subtransaction >= subtransaction; i--)
		disarmed[i].subtransaction = parent;
	for (int i = armed_count - 1; i >= 0 && armed[i].subtransaction >= subtransaction; i--)
		armed[i].subtransaction = parent;
}

/* Sessions arm and disarm, too, and catch errors. */
static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		take_back(mine);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		hand_over(mine, parent);
}

void
respond_timer_initialize(void)
{
	RegisterXactCallback(follow_transaction, NULL);
	RegisterSubXactCallback(follow_subtransaction, NULL);
	respond_timer_note_initialize();
	respond_timer_mark_initialize();
}
