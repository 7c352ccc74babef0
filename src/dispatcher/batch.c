/*-------------------------------------------------------------------------
 * batch.c
 *	  One batch: events, their effects and the cursor in one transaction.
 *
 * src/dispatcher/batch.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/shape.h"
#include "common/error_class.h"
#include "common/guc.h"
#include "dispatcher/apply.h"
#include "dispatcher/batch.h"
#include "dispatcher/batch_window.h"
#include "dispatcher/contain_effects.h"
#include "dispatcher/dead_event.h"
#include "dispatcher/event_lane.h"
#include "dispatcher/flow_lane.h"
#include "dispatcher/lane.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/requeue.h"
#include "dispatcher/run_wake.h"
#include "dispatcher/set_aside.h"
#include "dispatcher/storm.h"
#include "effect/effects.h"
#include "effect/run_write.h"
#include "event/log_access.h"
#include "event/wake.h"
#include "wait/wait_rows.h"

/* How often a cursor that moved past other lanes' events is written, in ms. */
#define STORE_INTERVAL		10000

/*
 * Tries of an event that was announced; after them it is given up.  Those that
 * somebody else put an end to do not count, as far as that can be known: of a
 * SIGKILL it cannot.
 */
#define CAREFUL_TRIES		2

/* Events that had been set aside: so many in one batch, or for so long, in ms. */
#define RETRIED_AT_ONCE		64
#define RETRY_LONGEST_MS	100

typedef struct Batch
{
	Dispatcher *dispatcher;
	BatchMode	mode;
	int			limit;
	RuleSet    *rules;			/* NULL until the first event */
	int			handled;		/* events of this lane */
	int			next;			/* entry of the window behind the last one that was looked at */
	bool		requeued;		/* this batch takes from the requeue or what was set aside, not
								 * from the log */
	uint64		wakes;			/* as counted before the snapshot */
	uint64		armed;			/* waits before this batch */
	bool		cut_short;		/* the next event shall be tried again later */
} Batch;

static void
give_up(Batch *batch, const Event *event, const char *reason, const char *error, int sqlerrcode)
{
	error = respond_error_clip(error);
	ereport(LOG,
			(errmsg("pg_respond gave up event " INT64_FORMAT " of type \"%s\": %s",
					event->id, event->type, error)));
	respond_dead_event(event, NULL, reason, error, sqlerrcode);
	batch->handled++;
}

/*
 * Whether the event shall be tried again after an error.  If others were
 * handled before it in this transaction, they are committed first, so that they
 * need not wait and the event has its tries for itself.
 */
static bool
wants_retry(Batch *batch, const ErrorData *error)
{
	if (!respond_error_is_transient(error->sqlerrcode))
		return false;
	batch->cut_short = batch->handled > 0;
	return true;
}

/* An event whose rules are not applied here may be what a run waits for. */
typedef struct Hearing
{
	Event	   *event;
	bool		contained;
	bool		heard;			/* out: something was written */
} Hearing;

static void
hear(void *argument)
{
	Hearing    *hearing = argument;

	hearing->heard = respond_flow_lane_hear(hearing->event, hearing->contained);
}

static void
hear_event(Batch *batch, Event *event)
{
	Hearing		hearing = {event, batch->mode != BATCH_TOGETHER};
	ErrorData  *error = NULL;

	if (hearing.contained)
		error = respond_contain_effects(hear, &hearing);
	else
		hear(&hearing);
	if (error != NULL)
	{
		/* what was done before it is committed first */
		batch->cut_short = batch->handled > 0;
		if (!batch->cut_short)
			ReThrowError(error);
	}
	/* what it did must be in one transaction with the cursor */
	else if (hearing.heard)
		batch->handled++;
}

/*
 * Applies the rules to an event in a subtransaction.  An error of the event
 * makes it a dead letter; one that may pass and that no rule raised cuts the batch
 * short in front of it, or is raised again if it is the first.
 */
static void
apply_contained(Batch *batch, Event *event)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool gave_up = false;

	respond_error_set_lasting(event->aside != NULL && respond_aside_is_over(event->aside));
	/* what was put off before it is not taken back with it */
	respond_effects_flush();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		respond_apply_rules(batch->rules, event, true);
		respond_effects_flush();
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		batch->handled++;
	}
	PG_CATCH();
	{
		ErrorData  *error;
		bool		retry;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		retry = wants_retry(batch, error);
		if (retry && !batch->cut_short)
			PG_RE_THROW();
		FlushErrorState();
		respond_effects_discard();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		if (!retry)
			give_up(batch, event, "error", error->message, error->sqlerrcode);
		gave_up = !retry;
	}
	PG_END_TRY();
	respond_error_set_lasting(false);
	/* what runs had heard was rolled back with what its rules did */
	if (gave_up && event->only_rule == NULL && !event->is_heard)
		hear_event(batch, event);
}

static void
apply_event(Batch *batch, Event *event)
{
	if (batch->rules == NULL)
		batch->rules = respond_rule_set_current();
	if (batch->mode != BATCH_TOGETHER)
	{
		apply_contained(batch, event);
		return;
	}
	respond_apply_rules(batch->rules, event, false);
	batch->handled++;
}

static void
apply_requeued(Batch *batch, List *events)
{
	ListCell   *cell;

	foreach(cell, events)
		apply_event(batch, lfirst(cell));
}

static void
wake_runs(Batch *batch, List *awakenings)
{
	respond_place_set(batch->dispatcher->window, batch->next);
	respond_flow_lane_wake(awakenings, batch->mode != BATCH_TOGETHER);
	batch->handled += list_length(awakenings);
}

/* Each is contained, and what takes long leaves the rest to the next time. */
static void
apply_set_aside(Batch *batch, List *events)
{
	TimestampTz start = GetCurrentTimestamp();
	ListCell   *cell;

	batch->mode = BATCH_ONE_BY_ONE;
	foreach(cell, events)
	{
		Event	   *event = lfirst(cell);

		apply_event(batch, event);
		if (batch->cut_short)
			break;
		respond_aside_finish(event);
		if (TimestampDifferenceExceeds(start, GetCurrentTimestamp(), RETRY_LONGEST_MS))
			break;
	}
}

/* Rules are applied in the event's lane, runs hear of it in the first. */
static void
handle(Batch *batch, Event *event)
{
	const Dispatcher *dispatcher = batch->dispatcher;

	event->is_heard = respond_event_is_heard(dispatcher, event);
	if (respond_event_is_ours(dispatcher, event))
		apply_event(batch, event);
	else if (!event->is_heard)
		hear_event(batch, event);
}

static void
apply_window(Batch *batch)
{
	Window	   *window = batch->dispatcher->window;

	int64		bytes = 0;

	/* other lanes' events cost a fetch, so they count a little */
	for (int looked_at = 0;
		 batch->next < window->count && batch->handled + looked_at / 16 < batch->limit && bytes < RESPOND_BATCH_BYTES;
		 looked_at++)
	{
		Event	   *event = respond_reader_fetch(window, &window->entries[batch->next]);

		CHECK_FOR_INTERRUPTS();
		respond_place_set(window, batch->next + 1);
		if (event != NULL && event->data != NULL)
			bytes += event->data_size;
		if (event != NULL)
		{
			batch->dispatcher->last_recorded_at = event->recorded_at;
			handle(batch, event);
		}
		if (batch->cut_short)
			break;
		batch->next++;
	}
}

/*
 * The next event with which there is something to do, without handling it; moves
 * over the others.
 */
static Event *
peek(Batch *batch, List *requeued)
{
	Window	   *window = batch->dispatcher->window;

	if (batch->requeued)
		return linitial(requeued);
	while (batch->next < window->count)
	{
		Event	   *event = respond_reader_fetch(window, &window->entries[batch->next]);

		CHECK_FOR_INTERRUPTS();
		if (event != NULL)
			batch->dispatcher->last_recorded_at = event->recorded_at;
		if (event != NULL && respond_event_concerns(batch->dispatcher, event))
			return event;
		batch->next++;
	}
	return NULL;
}

static void
begin_transaction(Dispatcher *dispatcher)
{
	respond_worker_begin();
	respond_shape_require_all();
	if (dispatcher->lane_lost)
		respond_lane_take(dispatcher->lanes, dispatcher->lane);
	dispatcher->lane_lost = false;
	respond_log_lock();
	/* before the snapshot: a transaction that ends in between is in it */
	dispatcher->sees_until = respond_flow_lane_sees_until();
	PushActiveSnapshot(GetTransactionSnapshot());
	respond_effects_begin();
	MemoryContextSwitchTo(dispatcher->batch_context);
	respond_aside_look();
	respond_storm_look(respond_wake_count());
}

/* Ends a transaction that only looked; what it took from the requeue goes back. */
static void
end_look(Dispatcher *dispatcher)
{
	respond_reader_forget();
	respond_effects_discard();
	respond_requeue_forget();
	respond_flow_lane_forget();
	respond_aside_forget();
	respond_storm_forget();
	AbortCurrentTransaction();
	dispatcher->lane_lost = true;
}

static void
commit_transaction(bool flushed)
{
	respond_reader_release();
	PopActiveSnapshot();
	if (flushed)
		ForceSyncCommit();
	CommitTransactionCommand();
}

/*
 * Whether the cursor has to be written.  What was armed beside the log hears from
 * this dispatcher's place on, also if a restart takes it back to the written one.
 */
static bool
must_store(const Batch *batch, bool moved)
{
	const Dispatcher *dispatcher = batch->dispatcher;

	if (batch->handled > 0)
		return !batch->requeued || moved || !dispatcher->stored;
	return !batch->requeued && batch->next > 0 &&
		TimestampDifferenceExceeds(dispatcher->stored_at, GetCurrentTimestamp(), STORE_INTERVAL);
}

/*
 * Whether a crash may not undo the batch.  What the log leads to is done again in
 * the same order.  What is beside it might come behind events then that answer it:
 * somebody may have seen that a run waits for them.
 */
static bool
must_last(const Batch *batch)
{
	return batch->requeued && respond_waits_armed() != batch->armed;
}

/*
 * Writes the cursor if that is due and makes it the dispatcher's own after the
 * commit.  The new one is built first, so that nothing can fail behind it.
 */
static void
finish(Batch *batch)
{
	Dispatcher *dispatcher = batch->dispatcher;
	MemoryContext context = NULL;
	Arena	   *arena = respond_batch_arena(&context, "cursor");
	Cursor	   *cursor = respond_window_cursor(arena, dispatcher->window, batch->next);
	bool		moved = batch->next > dispatcher->window->next;
	bool		store = must_store(batch, moved);

	respond_flow_lane_settle(batch->mode != BATCH_TOGETHER);
	if (batch->handled > 0)
		respond_effects_flush();
	if (batch->handled > 0 && !dispatcher->proven)
		respond_suspect_clear(respond_suspect_lane(dispatcher->lanes, dispatcher->lane));
	if (store)
		respond_progress_append(dispatcher->seq + 1, dispatcher->lanes, dispatcher->lane, cursor);
	commit_transaction((batch->mode == BATCH_CAREFUL && batch->handled > 0) || must_last(batch));
	respond_aside_commit();

	if (store)
	{
		dispatcher->seq++;
		dispatcher->stored_at = GetCurrentTimestamp();
	}
	dispatcher->stored = store || (dispatcher->stored && !moved);
	if (batch->handled > 0)
		dispatcher->proven = true;
	dispatcher->window->next = batch->next;
	respond_batch_note_heard(dispatcher);
	if (dispatcher->cursor_context != NULL)
		MemoryContextDelete(dispatcher->cursor_context);
	MemoryContextSetParent(context, TopMemoryContext);
	dispatcher->cursor_context = context;
	dispatcher->cursor = cursor;
}

/* The first lane handles what is outside of the log's order. */
static List *
take_requeued(Batch *batch, int limit)
{
	return batch->dispatcher->lane == 0 ? respond_requeue_take(limit, batch->wakes) : NIL;
}

/* One event that is not taken from the log, NIL if there is none. */
static List *
take_other(Batch *batch)
{
	List	   *events = take_requeued(batch, 1);

	return events != NIL ? events : respond_aside_take(1);
}

/*
 * Before its first batch a process commits a marker that the batch deletes.  If
 * it is there already, the process before died in its first batch, and one of
 * the events may be why.
 */
static void
announce_first_batch(Batch *batch)
{
	Dispatcher *dispatcher = batch->dispatcher;
	List	   *requeued = take_other(batch);

	batch->requeued = requeued != NIL;
	if (peek(batch, requeued) == NULL)
		return;
	end_look(batch->dispatcher);
	if (respond_suspect_raise(respond_suspect_lane(dispatcher->lanes, dispatcher->lane)) > 1)
	{
		dispatcher->mode = batch->mode = BATCH_CAREFUL;
		dispatcher->mode_left = respond_batch_size;
	}
	dispatcher->announced = true;
	begin_transaction(dispatcher);
}

/* A process that survived an error and tries again needs no second marker. */
static int
mark(Dispatcher *dispatcher, int64 id)
{
	if (dispatcher->marked != id)
	{
		dispatcher->marked = 0;
		dispatcher->marked_tries = respond_suspect_raise(id);
		dispatcher->marked = id;
	}
	return dispatcher->marked_tries;
}

static void
forget_failure(Dispatcher *dispatcher)
{
	dispatcher->marked = 0;
	if (dispatcher->give_up != NULL)
		FreeErrorData(dispatcher->give_up);
	dispatcher->give_up = NULL;
}

/* What failed with the commit, although the event alone was in it. */
static void
put_away(Batch *batch, const Event *event, const ErrorData *error)
{
	if (!respond_error_is_transient(error->sqlerrcode))
	{
		give_up(batch, event, "error", error->message, error->sqlerrcode);
		return;
	}
	respond_aside_put(event, event->only_rule != NULL ? event->only_rule : "", error);
	batch->handled++;
}

/*
 * Handles one event that may kill the process.  Its marker is committed before
 * it is touched; an event whose marker says that it was touched often enough
 * is given up instead.
 */
static void
run_careful_event(Batch *batch, Event *event)
{
	if (!batch->requeued)
	{
		event->is_heard = respond_event_is_heard(batch->dispatcher, event);
		respond_place_set(batch->dispatcher->window, batch->next + 1);
	}
	if (batch->requeued || respond_event_is_ours(batch->dispatcher, event))
		apply_event(batch, event);
	else
	{
		handle(batch, event);
		batch->handled = 1;
	}
}

/* The same for a run that continues, of which there is one in the list or none. */
static void
run_careful_awakening(Batch *batch, List *awakenings)
{
	Dispatcher *dispatcher = batch->dispatcher;
	Awakening  *awakening = awakenings != NIL ? linitial(awakenings) : NULL;
	int64		run_id;
	int			tries;

	batch->requeued = awakening != NULL;
	if (awakening == NULL)
	{
		finish(batch);
		return;
	}
	run_id = awakening->run_id;
	end_look(dispatcher);
	tries = mark(dispatcher, respond_suspect_run(run_id));

	begin_transaction(dispatcher);
	awakenings = respond_flow_lane_take(1, batch->wakes, dispatcher->heard_until);
	awakening = awakenings != NIL ? linitial(awakenings) : NULL;
	if (awakening != NULL && awakening->run_id == run_id && tries > CAREFUL_TRIES)
	{
		respond_run_give_up(awakening, psprintf("the worker died %d times while the run continued", CAREFUL_TRIES));
		batch->handled++;
	}
	else
		wake_runs(batch, awakenings);
	respond_suspect_clear(respond_suspect_run(run_id));
	finish(batch);
	forget_failure(dispatcher);
}

static void
run_careful(Batch *batch)
{
	Event	   *event;
	List	   *requeued = take_other(batch);
	int64		id;
	int			tries;
	bool		failed;

	batch->requeued = requeued != NIL;
	event = peek(batch, requeued);
	if (event == NULL)
	{
		run_careful_awakening(batch, respond_flow_lane_take(1, batch->wakes, batch->dispatcher->heard_until));
		return;
	}
	id = event->id;
	failed = batch->dispatcher->marked == id;

	end_look(batch->dispatcher);
	tries = mark(batch->dispatcher, id);

	begin_transaction(batch->dispatcher);
	requeued = batch->requeued ? take_other(batch) : NIL;
	batch->requeued = requeued != NIL;
	event = peek(batch, requeued);
	if (event != NULL && event->id == id)
	{
		if (failed && batch->dispatcher->give_up != NULL)
			put_away(batch, event, batch->dispatcher->give_up);
		else if (tries > CAREFUL_TRIES)
			give_up(batch, event, "crash",
					psprintf("the worker died %d times while it handled this event", CAREFUL_TRIES), 0);
		else
			run_careful_event(batch, event);
		if (event->aside != NULL)
			respond_aside_finish(event);
		if (!batch->requeued)
			batch->next++;
	}
	respond_suspect_clear(id);
	finish(batch);
	forget_failure(batch->dispatcher);
}

static void
run_plain(Batch *batch)
{
	Dispatcher *dispatcher = batch->dispatcher;
	List	   *requeued = NIL;
	bool		log_waits = dispatcher->window->next < dispatcher->window->count;

	/* what was set aside takes turns with everything else */
	if (!dispatcher->retried || !log_waits)
		requeued = respond_aside_take(batch->mode == BATCH_TOGETHER ? RETRIED_AT_ONCE : 1);
	dispatcher->retried = requeued != NIL;
	if (dispatcher->retried)
	{
		batch->requeued = true;
		apply_set_aside(batch, requeued);
		finish(batch);
		return;
	}

	/* runs that go on, too */
	if (!dispatcher->continued || !log_waits)
		requeued = respond_flow_lane_take(batch->mode == BATCH_TOGETHER ? batch->limit : 1, batch->wakes,
										  dispatcher->heard_until);
	dispatcher->continued = requeued != NIL;
	if (dispatcher->continued)
	{
		batch->requeued = true;
		wake_runs(batch, requeued);
		finish(batch);
		return;
	}

	/* a long replay takes turns with the log; a batch that is cut short could not give back what it took */
	if (!dispatcher->replayed || !log_waits)
		requeued = take_requeued(batch, batch->mode == BATCH_TOGETHER ? batch->limit : 1);
	batch->requeued = requeued != NIL;
	dispatcher->replayed = batch->requeued && ((Event *) linitial(requeued))->replay;
	if (batch->requeued)
		apply_requeued(batch, requeued);
	else
		apply_window(batch);
	finish(batch);
}

bool
respond_batch_run(Dispatcher *dispatcher)
{
	Batch		batch = {.dispatcher = dispatcher,.mode = dispatcher->mode,.wakes = respond_wake_count()};
	MemoryContext caller = MemoryContextSwitchTo(dispatcher->batch_context);
	TimestampTz began_at = GetCurrentTimestamp();
	bool		more;

	/* what a batch that failed had written does not count */
	(void) respond_runs_take_count();
	batch.limit = respond_batch_size;
	batch.armed = respond_waits_armed();
	if (dispatcher->mode != BATCH_TOGETHER)
		batch.limit = Min(batch.limit, dispatcher->mode_left);
	begin_transaction(dispatcher);
	if (dispatcher->window == NULL || dispatcher->window->next >= dispatcher->window->count)
		respond_batch_collect(dispatcher);
	batch.next = dispatcher->window->next;
	respond_batch_note_heard(dispatcher);
	respond_place_set(dispatcher->window, batch.next);

	pg_atomic_write_u32(&dispatcher->slot->busy, 1);
	if (!dispatcher->announced)
		announce_first_batch(&batch);
	if (batch.mode == BATCH_CAREFUL)
		run_careful(&batch);
	else
		run_plain(&batch);
	pg_atomic_write_u32(&dispatcher->slot->busy, 0);
	respond_batch_publish(dispatcher, batch.wakes);

	MemoryContextSwitchTo(caller);
	MemoryContextReset(dispatcher->batch_context);
	more = batch.handled > 0 || batch.next > 0 || respond_flow_lane_has_due(dispatcher->heard_until) ||
		dispatcher->window->looked_at < dispatcher->window->snapshot->xmax;
	if (batch.handled > 0)
	{
		pg_atomic_fetch_add_u64(&dispatcher->slot->events, batch.handled);
		dispatcher->last_runs = respond_runs_take_count();
		pg_atomic_fetch_add_u64(&dispatcher->slot->runs, dispatcher->last_runs);
		pg_atomic_fetch_add_u64(&dispatcher->slot->batches, 1);
		respond_metric_add(METRIC_EVENTS_HANDLED, batch.handled);
		respond_metric_add(METRIC_BATCHES, 1);
		respond_metric_time(METRIC_BATCH_DURATION, GetCurrentTimestamp() - began_at);
		pg_atomic_write_u64(&dispatcher->slot->active_at, (uint64) GetCurrentTimestamp());
	}
	if (dispatcher->mode != BATCH_TOGETHER)
	{
		dispatcher->mode_left -= batch.handled;
		if (dispatcher->mode_left <= 0 || !more)
			dispatcher->mode = BATCH_TOGETHER;
	}
	return more;
}
