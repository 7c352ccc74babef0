/*-------------------------------------------------------------------------
 * flow_lane.c
 *	  The dispatcher where runs wait.
 *
 * src/dispatcher/flow_lane.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/clock.h"
#include "common/guc.h"
#include "dispatcher/flow_lane.h"
#include "dispatcher/followers.h"
#include "dispatcher/look_back.h"
#include "dispatcher/oldest_transaction.h"
#include "dispatcher/place.h"
#include "dispatcher/queue_reader.h"
#include "dispatcher/run_go_on.h"
#include "dispatcher/run_order.h"
#include "dispatcher/run_place.h"
#include "dispatcher/run_wake.h"
#include "wait/wait_match.h"
#include "wait/wait_rows.h"

/* How often it is looked whether a transaction that holds a timer back has ended, in ms. */
#define HELD_BACK_MS	5

/* So many notes that have to wait for the log are passed over to find one that has not. */
#define MOST_PASSED_OVER	100

static bool is_here = false;
static QueueReader inbox = QUEUE_READER("run_inbox", &respond_shape_run_inbox, INBOX_ID, INBOX_INCARNATION);

void
respond_flow_lane_open(int lane)
{
	is_here = lane == 0;
}

void
respond_flow_lane_load(void)
{
	if (is_here)
		respond_run_order_load();
}

bool
respond_flow_lane_is_here(void)
{
	return is_here;
}

bool
respond_flow_lane_listens(void)
{
	return is_here && respond_waits_listen();
}

void
respond_flow_lane_prepare(FlowRun *run)
{
	if (is_here)
		respond_run_may_pause(run);
	else
		run->where = respond_place_save;
}

/* Another dispatcher began it at that place. */
static bool
is_taken_over(const Awakening *awakening)
{
	return awakening->kind == AWAKEN_NOTE && strcmp(awakening->note, NOTE_CONTINUE) == 0;
}

static void
wake_one(Awakening *awakening, bool contained)
{
	const Jsonb *place = awakening->place;
	TimestampTz now = respond_clock_now();
	bool		went_on;

	CHECK_FOR_INTERRUPTS();
	went_on = respond_run_wake(awakening, contained);
	if (went_on && is_taken_over(awakening))
		respond_followers_add(awakening->run_id, awakening->data, false);
	else
	{
		if (awakening->look_back != NULL)
			respond_followers_add(awakening->run_id, awakening->look_back, true);
		if (went_on && place != NULL)
			respond_followers_add_late(awakening->run_id, place, now);
	}
	if (contained)
		respond_look_back(contained);
}

/* A place that is free is for the run that comes next; NULL: there is none. */
static Awakening *
find_whose(Awakening *awakening)
{
	return respond_run_place_is_open(awakening) ? respond_run_place_next(awakening) : awakening;
}

void
respond_flow_lane_wake(const List *awakenings, bool contained)
{
	ListCell   *cell;

	foreach(cell, awakenings)
	{
		Awakening  *awakening = find_whose(lfirst(cell));

		if (awakening == NULL)
			continue;
		if (respond_look_back_is_due(awakening->run_id))
			respond_look_back(contained);
		wake_one(awakening, contained);
	}
}

void
respond_flow_lane_settle(bool contained)
{
	respond_look_back(contained);
}

/* The run has looked back, and may wait for something else now. */
static void
wake_again(int64 run_id, Event *event, bool contained)
{
	int64		last;
	List	   *waits = respond_waits_hit(event, run_id - 1, 1, &last);
	ListCell   *cell;

	foreach(cell, waits)
	{
		const Wait *wait = lfirst(cell);

		/* a step ahead may have been told already */
		if (wait->run_id == run_id && !respond_wait_has_heard(wait, event->id))
			wake_one(respond_awakening_of_event(wait, event), contained);
	}
}

static void
wake_all(const List *waits, Event *event, bool contained)
{
	int64		again = 0;
	ListCell   *cell;

	foreach(cell, waits)
	{
		Wait	   *wait = lfirst(cell);

		if (wait->run_id == again)
			continue;
		if (respond_look_back_is_due(wait->run_id))
		{
			again = wait->run_id;
			respond_look_back(contained);
			wake_again(again, event, contained);
		}
		else
			wake_one(respond_awakening_of_event(wait, event), contained);
	}
}

/* Wakes them piece by piece; false when there are none. */
static bool
wake_hits(WaitHits *hits, Event *event, bool contained)
{
	List	   *piece = respond_waits_hits_next(hits);
	MemoryContext context;
	MemoryContext caller;

	if (piece == NIL)
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond runs that hear", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	while (piece != NIL)
	{
		wake_all(piece, event, contained);
		MemoryContextReset(context);
		piece = respond_waits_hits_next(hits);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return true;
}

bool
respond_flow_lane_hear(Event *event, bool contained)
{
	WaitHits   *hits;
	bool		found;

	if (!is_here || event->is_heard || event->replay || !respond_waits_listen() || event->data == NULL ||
		event->depth > respond_max_depth)
		return false;
	/* what passes is noted in its order */
	if (respond_followers_are_late())
		respond_look_back(contained);
	hits = respond_waits_hits_open(event, true);
	found = wake_hits(hits, event, contained) || respond_waits_hits_noted(hits);
	respond_waits_hits_close(hits);
	return found;
}

bool
respond_flow_lane_has_due(TimestampTz heard_until)
{
	TimestampTz next = is_here ? respond_timer_next(TIMER_FLOW) : DT_NOEND;

	return next == DT_NOBEGIN || (next < heard_until && next <= respond_clock_now());
}

typedef struct Taken
{
	List	   *awakenings;
	int			limit;
	int			passed_over;
	Arena	   *arena;			/* NULL: not asked yet */
	const Cursor *here;			/* what this dispatcher has handled */
} Taken;

/* A run that another dispatcher has begun ahead of this one must not hear what is before its beginning. */
static bool
must_wait(Taken *taken, const Awakening *awakening)
{
	if (!is_taken_over(awakening))
		return false;
	if (taken->arena == NULL)
	{
		taken->arena = respond_arena_create_in(CurrentMemoryContext);
		taken->here = respond_place_cursor(taken->arena);
	}
	return !respond_place_is_passed(taken->arena, taken->here, awakening->data);
}

static QueueAnswer
take_note(void *context, const Datum *values, const bool *nulls)
{
	Taken	   *taken = context;
	Awakening  *awakening = respond_awakening_of_note(values, nulls);

	if (must_wait(taken, awakening))
		return ++taken->passed_over < MOST_PASSED_OVER ? QUEUE_LEAVE : QUEUE_LEAVE_REST;
	taken->awakenings = lappend(taken->awakenings, awakening);
	return list_length(taken->awakenings) < taken->limit ? QUEUE_MORE : QUEUE_ENOUGH;
}

/* NULL: there is nothing left to tell. */
static Awakening *
of_timer(const Timer *timer)
{
	return strcmp(timer->kind, TIMER_AGAIN) == 0 ? respond_awakening_restore(timer) : respond_awakening_of_timer(timer);
}

static void
take_timers(Taken *taken, TimestampTz heard_until)
{
	TimestampTz now = respond_clock_now();
	List	   *due;
	ListCell   *cell;

	/* exactly at the end there may be more to hear */
	if (heard_until == DT_NOBEGIN)
		return;
	due = respond_timers_due(TIMER_FLOW, Min(now, heard_until - 1), taken->limit - list_length(taken->awakenings));
	foreach(cell, respond_timers_finish(due))
	{
		Awakening  *awakening = of_timer(lfirst(cell));

		if (awakening != NULL)
			taken->awakenings = lappend(taken->awakenings, awakening);
	}
}

List *
respond_flow_lane_take(int limit, uint64 wakes, TimestampTz heard_until)
{
	Taken		taken = {.limit = limit};

	if (!is_here)
		return NIL;
	respond_queue_take(&inbox, wakes, take_note, &taken);
	if (list_length(taken.awakenings) < limit)
		take_timers(&taken, heard_until);
	return taken.awakenings;
}

void
respond_flow_lane_forget(void)
{
	respond_queue_forget(&inbox);
	respond_followers_forget();
	respond_place_return();
}

TimestampTz
respond_flow_lane_sees_until(void)
{
	TimestampTz now = respond_clock_now();
	TimestampTz next = is_here ? respond_timer_next(TIMER_FLOW) : DT_NOEND;
	TimestampTz oldest;

	if (next > now)
		return DT_NOBEGIN;
	oldest = respond_oldest_transaction();
	return Max(Min(oldest, now), TimestampTzPlusMilliseconds(now, -respond_timer_grace));
}

long
respond_flow_lane_due(uint64 wakes)
{
	TimestampTz next = is_here ? respond_timer_next(TIMER_FLOW) : DT_NOEND;
	long		note = is_here ? respond_queue_due(&inbox, wakes) : -1;
	long		timer = -1;

	if (next <= respond_clock_now())
		timer = HELD_BACK_MS;
	else if (next != DT_NOEND)
		timer = TimestampDifferenceMilliseconds(respond_clock_now(), next);
	if (note < 0 || timer < 0)
		return Max(note, timer);
	return Min(note, timer);
}
