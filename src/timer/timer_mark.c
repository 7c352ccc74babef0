/*-------------------------------------------------------------------------
 * timer_mark.c
 *	  How far the reader of timers has come, in its memory.
 *
 * No timer before the mark waits, so entries of the index that lie before it
 * are never read again, whoever holds an old snapshot.  The mark stands for what
 * the current transaction sees.  A rollback brings timers back that it had
 * finished, so there is a second mark, of before the transaction deleted any.
 *
 * A note of another transaction (timer_note.c) lowers the mark.  It may be taken
 * under a snapshot that does not see that transaction yet; the mark would
 * pass it again.  So a note counts once more in the next transaction, whose
 * snapshot is younger than the note.
 *
 * Another process begins where the one before it was, which shared memory
 * says.  As a note may have been lost with that, it also makes a pass
 * over everything before the mark, a bit at a time.
 *
 * src/timer/timer_mark.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"

#include "common/life.h"
#include "common/pg_compat.h"
#include "common/shmem.h"
#include "timer/timer_mark.h"
#include "timer/timer_note.h"

typedef struct MarkState
{
	TimerMark	mark;
	bool		deleted;		/* this transaction has finished timers */
	TimerKey	safe;			/* then: the mark before it did */
	TimestampTz noted;			/* counts in the next transaction too */
	LocalTransactionId noted_in;
} MarkState;

static MarkState states[RESPOND_TIMER_READERS] = {
	{.mark.avoided_until = DT_NOEND, .noted = TIMER_NOTE_NONE},
	{.mark.avoided_until = DT_NOEND, .noted = TIMER_NOTE_NONE},
};

static TimerPlace *
shared_place(TimerReader reader)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? &database->timers[reader] : NULL;
}

void
respond_timer_mark_set_next(TimerReader reader, TimestampTz next)
{
	TimerPlace *place = shared_place(reader);

	states[reader].mark.next = next;
	if (place != NULL)
		pg_atomic_write_u64(&place->next, (uint64) next);
}

static void
begin_pass(TimerMark *mark)
{
	mark->passing = true;
	mark->pass = TIMER_KEY_FIRST;
}

/* The first look of a process, or the first since the database took over what came from elsewhere. */
static void
begin(TimerReader reader)
{
	MarkState  *state = &states[reader];
	TimerPlace *place = shared_place(reader);

	memset(&state->mark, 0, sizeof(TimerMark));
	state->mark.incarnation = respond_life_incarnation();
	state->mark.at = TIMER_KEY_FIRST;
	if (place != NULL)
		state->mark.at.due_at = (TimestampTz) pg_atomic_read_u64(&place->passed);
	state->mark.avoided_until = DT_NOEND;
	state->mark.next = DT_NOBEGIN;
	state->noted = TIMER_NOTE_NONE;
	if (state->mark.at.due_at > DT_NOBEGIN)
		begin_pass(&state->mark);
}

static void
lower(MarkState *state, TimerKey key)
{
	state->mark.at = respond_timer_key_earlier(state->mark.at, key);
	state->safe = respond_timer_key_earlier(state->safe, key);
}

static void
heed(MarkState *state, TimestampTz noted)
{
	if (noted == TIMER_NOTE_ALL)
		begin_pass(&state->mark);
	else if (noted != TIMER_NOTE_NONE)
		lower(state, (TimerKey) {noted, PG_INT64_MIN});
}

TimerMark *
respond_timer_mark_open(TimerReader reader)
{
	MarkState  *state = &states[reader];
	TimestampTz noted;

	Assert(respond_timer_is_reader(reader));
	if (state->mark.incarnation != respond_life_incarnation())
		begin(reader);
	if (state->noted != TIMER_NOTE_NONE && state->noted_in != respond_my_lxid())
	{
		heed(state, state->noted);
		state->noted = TIMER_NOTE_NONE;
	}
	noted = respond_timer_note_take(reader);
	if (noted != TIMER_NOTE_NONE)
	{
		heed(state, noted);
		state->noted = Min(state->noted, noted);
		state->noted_in = respond_my_lxid();
	}
	return &state->mark;
}

const TimerMark *
respond_timer_mark_peek(TimerReader reader)
{
	return &states[reader].mark;
}

bool
respond_timer_mark_is_stale(TimerReader reader)
{
	const MarkState *state = &states[reader];

	return state->mark.incarnation == RESPOND_LIFE_UNKNOWN || state->mark.passing ||
		state->noted != TIMER_NOTE_NONE || respond_timer_note_waits(reader);
}

void
respond_timer_mark_armed(TimerReader reader, TimerKey key)
{
	MarkState  *state = &states[reader];

	/* what is not known yet will be found */
	if (state->mark.incarnation == RESPOND_LIFE_UNKNOWN)
		return;
	lower(state, key);
	if (key.due_at < state->mark.next)
		respond_timer_mark_set_next(reader, key.due_at);
}

void
respond_timer_mark_deleted(TimerReader reader)
{
	MarkState  *state = &states[reader];

	if (!state->deleted)
		state->safe = state->mark.at;
	state->deleted = true;
}

static void
settle(TimerReader reader)
{
	MarkState  *state = &states[reader];
	TimerPlace *place = shared_place(reader);

	state->deleted = false;
	if (state->mark.incarnation != RESPOND_LIFE_UNKNOWN && place != NULL)
		pg_atomic_write_u64(&place->passed, (uint64) state->mark.at.due_at);
}

/* What was finished waits again. */
static void
go_back(TimerReader reader)
{
	MarkState  *state = &states[reader];

	if (!state->deleted)
		return;
	state->mark.at = state->safe;
	respond_timer_mark_set_next(reader, DT_NOBEGIN);
}

static void
follow_transaction(XactEvent event, void *argument)
{
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
	{
		if (!respond_timer_is_reader(reader))
			continue;
		if (event == XACT_EVENT_COMMIT)
			settle(reader);
		else if (event == XACT_EVENT_ABORT)
		{
			go_back(reader);
			states[reader].deleted = false;
		}
	}
}

static void
follow_subtransaction(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *argument)
{
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
		if (event == SUBXACT_EVENT_ABORT_SUB && respond_timer_is_reader(reader))
			go_back(reader);
}

TimestampTz
respond_timer_mark_passed(TimerReader reader)
{
	TimerPlace *place = shared_place(reader);

	return place != NULL ? (TimestampTz) pg_atomic_read_u64(&place->passed) : DT_NOBEGIN;
}

bool
respond_timer_mark_waits(TimerReader reader)
{
	TimerPlace *place = shared_place(reader);
	TimestampTz next = place != NULL ? (TimestampTz) pg_atomic_read_u64(&place->next) : DT_NOEND;

	return !TIMESTAMP_NOT_FINITE(next);
}

void
respond_timer_mark_restore(TimerReader reader, TimestampTz passed)
{
	TimerPlace *place = shared_place(reader);
	uint64		unknown = (uint64) DT_NOBEGIN;

	if (place != NULL)
		(void) pg_atomic_compare_exchange_u64(&place->passed, &unknown, (uint64) passed);
}

void
respond_timer_mark_initialize(void)
{
	RegisterXactCallback(follow_transaction, NULL);
	RegisterSubXactCallback(follow_subtransaction, NULL);
}
