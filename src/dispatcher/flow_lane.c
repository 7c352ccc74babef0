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

#include "common/clock.h"
#include "common/guc.h"
#include "dispatcher/flow_lane.h"
#include "dispatcher/look_back.h"
#include "dispatcher/oldest_transaction.h"
#include "dispatcher/place.h"
#include "dispatcher/queue_reader.h"
#include "dispatcher/run_wake.h"
#include "wait/wait_match.h"

/* How often it is looked whether a transaction that holds a timer back has ended, in ms. */
#define HELD_BACK_MS	5

static bool is_here = false;
static QueueReader inbox = QUEUE_READER("run_inbox", &respond_shape_run_inbox, INBOX_ID, INBOX_INCARNATION);

void
respond_flow_lane_open(int lane)
{
	is_here = lane == 0;
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

static bool
is_among(const List *runs, int64 run_id)
{
	ListCell   *cell;

	foreach(cell, runs)
		if (((TakenOver *) lfirst(cell))->run_id == run_id)
			return true;
	return false;
}

/* Runs that are taken over look back together, but before anything else is said to one of them. */
void
respond_flow_lane_wake(const List *awakenings, bool contained)
{
	List	   *taken_over = NIL;
	ListCell   *cell;

	foreach(cell, awakenings)
	{
		Awakening  *awakening = lfirst(cell);
		bool		went_on;

		CHECK_FOR_INTERRUPTS();
		if (!is_taken_over(awakening) && is_among(taken_over, awakening->run_id))
		{
			respond_look_back_all(taken_over, contained);
			taken_over = NIL;
		}
		went_on = respond_run_wake(awakening, contained);
		if (went_on && is_taken_over(awakening))
		{
			TakenOver   *run = palloc(sizeof(TakenOver));

			run->run_id = awakening->run_id;
			run->place = awakening->data;
			taken_over = lappend(taken_over, run);
		}
		else if (awakening->look_back != NULL)
			respond_look_back(awakening->run_id, awakening->look_back, contained);
	}
	if (taken_over != NIL)
		respond_look_back_all(taken_over, contained);
}

static void
wake_all(const List *waits, Event *event, bool contained)
{
	ListCell   *cell;

	foreach(cell, waits)
	{
		List	   *awakening = list_make1(respond_awakening_of_event(lfirst(cell), event));

		respond_flow_lane_wake(awakening, contained);
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
	hits = respond_waits_hits_open(event);
	found = wake_hits(hits, event, contained);
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
} Taken;

static bool
take_note(void *context, const Datum *values, const bool *nulls)
{
	Taken	   *taken = context;

	taken->awakenings = lappend(taken->awakenings, respond_awakening_of_note(values, nulls));
	return list_length(taken->awakenings) < taken->limit;
}

static Awakening *
of_timer(const Timer *timer)
{
	return strcmp(timer->kind, TIMER_AGAIN) == 0 ? respond_awakening_restore(timer) : respond_awakening_of_timer(timer);
}

static void
take_timers(Taken *taken, TimestampTz heard_until)
{
	TimestampTz now = respond_clock_now();
	List	   *timers;
	ListCell   *cell;

	/* exactly at the end there may be more to hear */
	if (heard_until == DT_NOBEGIN)
		return;
	timers = respond_timers_due(TIMER_FLOW, Min(now, heard_until - 1), taken->limit - list_length(taken->awakenings));
	foreach(cell, timers)
	{
		const Timer *timer = lfirst(cell);
		Awakening  *awakening = respond_timer_finish(timer) ? of_timer(timer) : NULL;

		if (awakening != NULL)
			taken->awakenings = lappend(taken->awakenings, awakening);
	}
}

List *
respond_flow_lane_take(int limit, uint64 wakes, TimestampTz heard_until)
{
	Taken		taken = {NIL, limit};

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
