/*-------------------------------------------------------------------------
 * dispatcher.c
 *	  The worker that turns events into effects.
 *
 * It handles batches as long as there is something to do, then sleeps until a
 * commit sets its latch.  An error rolls the batch back; what follows depends
 * on whether the error may be gone at the next try.
 *
 * src/dispatcher/dispatcher.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/error_class.h"
#include "common/guc.h"
#include "common/life.h"
#include "dispatcher/batch.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/flow_lane.h"
#include "dispatcher/lane.h"
#include "dispatcher/reader.h"
#include "dispatcher/requeue.h"
#include "dispatcher/set_aside.h"
#include "dispatcher/storm.h"
#include "effect/effects.h"
#include "event/wake.h"
#include "worker/back_off.h"
#include "worker/worker_errors.h"

/* How long a dispatcher trusts wake-ups before it looks by itself, in ms. */
#define POLL_ACTIVE			1000
#define POLL_IDLE			60000
#define ACTIVE_FOR			10000

/*
 * A commit that comes so soon after the dispatcher fell asleep is one of many.
 * While they come like that, each batch is followed by a pause, awake, in which
 * more of them gather, so that they share a batch and nobody has to wake us.
 * The pause is so long for each transaction of the last batch, within a bound.
 * In us.
 */
#define SHORT_SLEEP			500
#define SEVERAL_COMMITS		3
#define PAUSE_PER_COMMIT	150
#define PAUSE_LONGEST		1000

/*
 * Errors in a row that each make the next try more careful; what still fails
 * then is nothing that an event did.
 */
#define ERRORS_WITHOUT_WAIT	4

/* Errors in a row that may pass before it is found out which event raises them. */
#define TRANSIENT_TRIES		5

/* The same error that may pass is reported so often, in ms. */
#define REPORT_EVERY		60000

/* Waits after an error that may pass, or that trying in other ways does not help against, in ms. */
#define RETRY_FIRST			100
#define RETRY_LONGEST		10000

static void
load_progress(Dispatcher *dispatcher)
{
	Arena	   *arena;
	Arena	   *cursor_arena;

	/* of a try before this one */
	if (dispatcher->progress_context != NULL)
		MemoryContextDelete(dispatcher->progress_context);
	dispatcher->progress_context = NULL;
	if (dispatcher->cursor_context != NULL)
		MemoryContextDelete(dispatcher->cursor_context);
	dispatcher->cursor_context = NULL;
	dispatcher->progress_context = AllocSetContextCreate(TopMemoryContext, "pg_respond progress", ALLOCSET_SMALL_SIZES);
	dispatcher->cursor_context = AllocSetContextCreate(TopMemoryContext, "pg_respond cursor", ALLOCSET_SMALL_SIZES);
	arena = respond_arena_create_in(dispatcher->progress_context);
	cursor_arena = respond_arena_create_in(dispatcher->cursor_context);

	dispatcher->progress = respond_progress_load(arena, respond_life_incarnation());
	dispatcher->seq = dispatcher->progress->last_seq;
	dispatcher->cursor = respond_progress_start(cursor_arena, dispatcher->progress,
												dispatcher->lanes, dispatcher->lane);
	for (int i = 0; i < dispatcher->progress->count; i++)
	{
		if (dispatcher->progress->entries[i].lanes != dispatcher->lanes)
			return;
	}
	dispatcher->progress = NULL;
}

/* Whether this lane completed a batch, if an empty one, since shared memory was made anew. */
static bool
has_looked_since_restart(int lane)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL && pg_atomic_read_u64(&database->lanes[lane].cursor_at) != 0;
}

static void
open_lane(void *argument)
{
	Dispatcher *dispatcher = argument;

	respond_worker_begin();
	respond_lane_take(dispatcher->lanes, dispatcher->lane);
	dispatcher->lane_lost = false;
	respond_progress_lock();
	PushActiveSnapshot(GetTransactionSnapshot());
	load_progress(dispatcher);
	respond_flow_lane_load();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

static void
prepare(Dispatcher *dispatcher, WorkerSlot *slot)
{
	dispatcher->slot = slot;
	dispatcher->lane = slot->lane;
	dispatcher->lanes = slot->lanes;
	dispatcher->batch_context = AllocSetContextCreate(TopMemoryContext, "pg_respond batch", ALLOCSET_DEFAULT_SIZES);
	dispatcher->stored_at = GetCurrentTimestamp();
	dispatcher->stored = true;
	if (pg_atomic_read_u32(&slot->busy) != 0 ||
		(respond_shared->restarts > 0 && !has_looked_since_restart(dispatcher->lane)))
	{
		dispatcher->mode = BATCH_CAREFUL;
		dispatcher->mode_left = respond_batch_size;
	}
	pg_atomic_write_u32(&slot->busy, 0);

	respond_aside_open(dispatcher->lanes, dispatcher->lane);
	respond_flow_lane_open(dispatcher->lane);
	respond_worker_insist(open_lane, dispatcher, "read how far it came");
}

static void
keep_apart(Dispatcher *dispatcher, BatchMode mode)
{
	dispatcher->mode = mode;
	dispatcher->mode_left = respond_batch_size;
}

/* What to do next time, after an error that is already reported. */
static void
choose_mode(Dispatcher *dispatcher, const ErrorData *error)
{
	if (respond_error_is_transient(error->sqlerrcode))
		dispatcher->transient_errors++;
	switch (dispatcher->mode)
	{
		case BATCH_TOGETHER:
			keep_apart(dispatcher, BATCH_ONE_BY_ONE);
			break;
		case BATCH_ONE_BY_ONE:
			/* not even that contained it: it came with the commit, or from outside of rules */
			if (dispatcher->transient_errors == 0 || dispatcher->transient_errors > TRANSIENT_TRIES)
				keep_apart(dispatcher, BATCH_CAREFUL);
			break;
		case BATCH_CAREFUL:
			/* if the event that was announced cannot be given up either, it is not the culprit */
			if (dispatcher->give_up != NULL)
			{
				FreeErrorData(dispatcher->give_up);
				dispatcher->give_up = NULL;
			}
			else if (dispatcher->marked != 0)
			{
				MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

				dispatcher->give_up = respond_error_copy(error);
				MemoryContextSwitchTo(caller);
			}
			break;
	}
}

/*
 * Reports the error, unless it came in the same way a moment ago, or the batch is
 * repeated so that the rule can be named.
 */
static void
report(Dispatcher *dispatcher, const ErrorData *error)
{
	static int	reported = 0;
	static TimestampTz reported_at = 0;
	TimestampTz now = GetCurrentTimestamp();
	bool		transient = respond_error_is_transient(error->sqlerrcode);

	if (transient && dispatcher->mode == BATCH_TOGETHER)
		return;
	if (transient && error->sqlerrcode == reported &&
		!TimestampDifferenceExceeds(reported_at, now, REPORT_EVERY))
		return;
	reported = transient ? error->sqlerrcode : 0;
	reported_at = now;
	EmitErrorReport();
}

/*
 * Rolls back after an error, says so, and decides how to go on.  Returns how
 * long to wait first, in ms.
 */
static long
recover(Dispatcher *dispatcher)
{
	ErrorData  *error;
	int			failures;
	long		wait = 0;

	MemoryContextSwitchTo(dispatcher->batch_context);
	error = CopyErrorData();
	HOLD_INTERRUPTS();
	report(dispatcher, error);
	FlushErrorState();
	respond_reader_forget();
	AbortOutOfAnyTransaction();
	dispatcher->lane_lost = true;
	respond_effects_discard();
	respond_requeue_forget();
	respond_flow_lane_forget();
	respond_aside_forget();
	respond_storm_forget();
	respond_error_set_lasting(false);
	RESUME_INTERRUPTS();
	pg_atomic_write_u32(&dispatcher->slot->busy, 0);
	pg_atomic_fetch_add_u64(&dispatcher->slot->errors, 1);
	dispatcher->window = NULL;

	dispatcher->errors++;
	respond_worker_failed(error->sqlerrcode);
	choose_mode(dispatcher, error);
	/* the first error that may pass has a rule, most likely, for which the event is set aside now */
	failures = Max(dispatcher->transient_errors - 1, dispatcher->errors - ERRORS_WITHOUT_WAIT);
	/* giving up is tried at once: what is mended during a wait is noticed by a whole try */
	if (failures > 0 && dispatcher->give_up == NULL)
		wait = (long) respond_back_off(RETRY_FIRST, RETRY_LONGEST, failures - 1);
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(dispatcher->batch_context);
	return wait;
}

/* One batch; true when there may be more.  Errors end here. */
static bool
run_guarded(Dispatcher *dispatcher)
{
	volatile bool more = false;
	volatile long wait = 0;

	PG_TRY();
	{
		more = respond_batch_run(dispatcher);
		dispatcher->errors = 0;
		respond_worker_succeeded();
		dispatcher->transient_errors = 0;
	}
	PG_CATCH();
	{
		wait = recover(dispatcher);
		more = true;
	}
	PG_END_TRY();
	if (wait > 0)
		respond_worker_pause(wait);
	return more;
}

static long
poll_interval(const Dispatcher *dispatcher)
{
	TimestampTz active_at = (TimestampTz) pg_atomic_read_u64(&dispatcher->slot->active_at);
	long		requeue = respond_requeue_due(respond_wake_count());
	long		aside = respond_aside_due();
	long		flow = respond_flow_lane_due(respond_wake_count());
	bool		is_idle = TimestampDifferenceExceeds(active_at, GetCurrentTimestamp(), ACTIVE_FOR);
	long		poll = is_idle ? POLL_IDLE : POLL_ACTIVE;

	if (requeue >= 0)
		poll = Min(requeue, poll);
	if (flow >= 0)
		poll = Min(flow, poll);
	return aside >= 0 ? Min(aside, poll) : poll;
}

/* Sleeps until there may be something to do; true when that was soon. */
static bool
sleep_until_woken(const Dispatcher *dispatcher)
{
	instr_time	start;
	instr_time	slept;

	INSTR_TIME_SET_CURRENT(start);
	respond_worker_wait(poll_interval(dispatcher));
	INSTR_TIME_SET_CURRENT(slept);
	INSTR_TIME_SUBTRACT(slept, start);
	return INSTR_TIME_GET_MICROSEC(slept) < SHORT_SLEEP;
}

/*
 * Lets commits gather after a batch of several.  A large one needs no pause, and
 * where rules fire somebody waits for what they do.
 */
static void
pause_for_more(const Dispatcher *dispatcher)
{
	const Window *window = dispatcher->window;
	int			commits = 0;

	if (dispatcher->last_runs > 0 ||
		window == NULL || window->next < window->count || window->count >= respond_batch_size)
		return;
	for (int i = 0; i < window->count; i++)
	{
		if (i == 0 || window->entries[i].xid != window->entries[i - 1].xid)
			commits++;
	}
	if (commits >= SEVERAL_COMMITS)
		pg_usleep(Min(commits * PAUSE_PER_COMMIT, PAUSE_LONGEST));
}

void
respond_dispatcher_main(Datum main_arg)
{
	Dispatcher	dispatcher = {0};
	bool		dense = false;	/* commits come one upon the other */

	prepare(&dispatcher, respond_worker_start(main_arg, WORKER_DISPATCHER));
	for (;;)
	{
		respond_worker_check_stop();
		CHECK_FOR_INTERRUPTS();
		if (respond_worker_on_hold())
		{
			respond_worker_wait(POLL_IDLE);
			continue;
		}
		if (run_guarded(&dispatcher))
		{
			if (dense)
				pause_for_more(&dispatcher);
			continue;
		}

		/* a commit from here on sets the latch; one before is seen by this look */
		pg_atomic_write_u32(&dispatcher.slot->sleeping, 1);
		pg_memory_barrier();
		if (run_guarded(&dispatcher))
		{
			pg_atomic_write_u32(&dispatcher.slot->sleeping, 0);
			continue;
		}
		dense = sleep_until_woken(&dispatcher);
	}
}
