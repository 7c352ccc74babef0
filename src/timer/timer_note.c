/*-------------------------------------------------------------------------
 * timer_note.c
 *	  Telling the reader of timers, after the commit, of those that others armed.
 *
 * The reader never looks again at what it has passed, so it has to be told of a
 * timer that was committed behind its back.  It is enough to say how early the
 * earliest one is due: shared memory has one number for each reader, which
 * committing transactions lower and the reader takes.
 *
 * A note that stands for nothing costs the reader a look.  So what was armed in
 * a savepoint and rolled back is noted nevertheless.  A transaction that is
 * prepared forgets its notes; whoever commits it makes the readers look at all.
 *
 * src/timer/timer_note.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#include "common/latch.h"
#include "common/partition_write.h"
#include "common/shmem.h"
#include "common/trigger_call.h"
#include "event/wake.h"
#include "timer/timer_note.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(respond_timers_changed);

static TimestampTz pending[RESPOND_TIMER_READERS] = {TIMER_NOTE_NONE, TIMER_NOTE_NONE};

bool
respond_timer_is_reader(TimerReader reader)
{
	const WorkerSlot *slot = respond_worker_slot;

	if (slot == NULL)
		return false;
	return reader == TIMER_CLOCK ? slot->kind == WORKER_CLOCK : slot->kind == WORKER_DISPATCHER && slot->lane == 0;
}

void
respond_timer_note(TimerReader reader, TimestampTz due_at)
{
	Assert(IsTransactionState());
	pending[reader] = Min(pending[reader], due_at);
}

static void
lower(pg_atomic_uint64 *noted, TimestampTz due_at)
{
	uint64		seen = pg_atomic_read_u64(noted);

	while (due_at < (TimestampTz) seen && !pg_atomic_compare_exchange_u64(noted, &seen, (uint64) due_at))
		;
}

static void
tell(DatabaseSlot *database, TimerReader reader, TimestampTz due_at)
{
	lower(&database->timers[reader].noted, due_at);
	/* the reader says that it sleeps before it looks at the note */
	pg_memory_barrier();
	respond_latch_wake_slot(pg_atomic_read_u32(reader == TIMER_CLOCK ? &database->clock : &database->dispatchers[0]));
}

static void
forget(void)
{
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
		pending[reader] = TIMER_NOTE_NONE;
}

static void
hand_over(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	for (int reader = 0; database != NULL && reader < RESPOND_TIMER_READERS; reader++)
		if (pending[reader] != TIMER_NOTE_NONE)
			tell(database, reader, pending[reader]);
	forget();
}

static void
forget_unless_committed(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		forget();
}

/* Here the rows are visible to others. */
static void
tell_of_commit(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	if (is_commit && is_top_level && phase == RESOURCE_RELEASE_AFTER_LOCKS)
		hand_over();
}

static void
note_all(void)
{
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
		pending[reader] = TIMER_NOTE_ALL;
}

/* It may have armed some. */
static void
look_after_commit_prepared(void)
{
	note_all();
	hand_over();
}

void
respond_timer_note_initialize(void)
{
	RegisterXactCallback(forget_unless_committed, NULL);
	RegisterResourceReleaseCallback(tell_of_commit, NULL);
	respond_wake_after_commit_prepared(look_after_commit_prepared);
}

bool
respond_timer_note_waits(TimerReader reader)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL &&
		(TimestampTz) pg_atomic_read_u64(&database->timers[reader].noted) != TIMER_NOTE_NONE;
}

TimestampTz
respond_timer_note_take(TimerReader reader)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	if (database == NULL)
		return TIMER_NOTE_NONE;
	return (TimestampTz) pg_atomic_exchange_u64(&database->timers[reader].noted, (uint64) TIMER_NOTE_NONE);
}

/*
 * timers_changed(): AFTER INSERT OR UPDATE FOR EACH STATEMENT on
 * respond_internal.timer, which SQL changes when a dump is restored, and at
 * release().
 */
Datum
respond_timers_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = respond_trigger_call(fcinfo, "timers_changed", "AFTER", "STATEMENT", NULL);

	if (RelationGetRelid(trigger->tg_relation) != respond_relation_oid("respond_internal", "timer"))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used by a trigger on table \"%s\"", "timers_changed",
						RelationGetRelationName(trigger->tg_relation))));
	note_all();
	PG_RETURN_POINTER(NULL);
}
