/*-------------------------------------------------------------------------
 * look_back.c
 *	  What a wait should have heard before it was armed.
 *
 * A run that another dispatcher began is armed by this one, which may have passed
 * events by then that came after the run's own; and a key may become known only
 * after a while.  The log is read once more from there; runs that are taken over
 * together look back together.  What comes behind this dispatcher's place is not
 * looked at: it will hear that in its turn.  Both happen in one transaction, so
 * nothing can come between them.
 *
 * src/dispatcher/look_back.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "dispatcher/look_back.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/run_wake.h"
#include "wait/wait_match.h"
#include "wait/wait_rows.h"

/* A run that looks back. */
typedef struct Follower
{
	int64		run_id;
	const Cursor *place;		/* what it has heard, or what came before it */
} Follower;

/* One look back, for all runs that have to. */
typedef struct LookBack
{
	Arena	   *arena;
	MemoryContext event_context;	/* of one event and what it leads to */
	Cursor	   *from;			/* what none of them has to hear */
	const Cursor *here;			/* this dispatcher's place */
	int			count;
	Follower   *followers;		/* by the numbers of their runs */
	bool		contained;
	bool		at_pause;		/* only the step that the run stands at hears it */
} LookBack;

static int
compare_followers(const void *a, const void *b)
{
	int64		left = ((const Follower *) a)->run_id;
	int64		right = ((const Follower *) b)->run_id;

	return left < right ? -1 : left > right;
}

/* The run's wait that hears the event; of steps ahead, too, if they were armed at that place. */
static bool
is_meant(const LookBack *back, const Wait *wait, const Event *event)
{
	Follower	key = {.run_id = wait->run_id};
	const Follower *follower = bsearch(&key, back->followers, back->count, sizeof(Follower), compare_followers);

	if (follower == NULL || respond_cursor_passed(follower->place, U64FromFullTransactionId(event->xid), event->id))
		return false;
	if (back->at_pause && wait->early)
		return false;
	/* it may have been armed in time for one of several events */
	return !respond_wait_has_heard(wait, event->id);
}

/* True when the step that looks back has ended; what comes next looks back by itself. */
static bool
wake(const LookBack *back, const Wait *wait, Event *event)
{
	Awakening  *awakening = respond_awakening_of_event(wait, event);
	bool		went_on = respond_run_wake(awakening, back->contained);

	if (awakening->look_back != NULL)
		respond_look_back(awakening->run_id, awakening->look_back, back->contained);
	return went_on && back->at_pause;
}

static bool
wake_all(const LookBack *back, const List *hits, Event *event)
{
	ListCell   *cell;

	foreach(cell, hits)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_meant(back, lfirst(cell), event) && wake(back, lfirst(cell), event))
			return true;
	}
	return false;
}

/* Others may wait for the same event, as many as there are runs. */
static bool
hear(const LookBack *back, Event *event)
{
	WaitHits   *hits;
	List	   *piece;
	bool		ended = false;
	int64		last;

	if (back->count == 1)
		return wake_all(back, respond_waits_hit(event, back->followers[0].run_id - 1, 1, &last), event);
	hits = respond_waits_hits_open(event);
	while (!ended && (piece = respond_waits_hits_next(hits)) != NIL)
		ended = wake_all(back, piece, event);
	respond_waits_hits_close(hits);
	return ended;
}

/* The same for an entry of the log, if this dispatcher has handled it. */
static bool
hear_entry(const LookBack *back, const Window *window, const WindowEntry *entry)
{
	MemoryContext caller;
	Event	   *event;
	bool		ended;

	if (!respond_cursor_passed(back->here, entry->xid, entry->id))
		return false;
	caller = MemoryContextSwitchTo(back->event_context);
	event = respond_reader_fetch(window, entry);
	ended = event != NULL && event->data != NULL && hear(back, event);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(back->event_context);
	return ended;
}

static void
look(const LookBack *back)
{
	Cursor	   *cursor = back->from;
	Window	   *window;

	do
	{
		window = respond_window_collect(back->arena, cursor);
		for (int i = 0; i < window->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (hear_entry(back, window, &window->entries[i]))
				return;
		}
		cursor = respond_window_cursor(back->arena, window, window->count);
	} while (window->looked_at < window->snapshot->xmax || window->split);
}

/* Of places that are none nothing is known, and nothing is heard. */
static void
add_follower(LookBack *back, const TakenOver *run)
{
	Cursor	   *place = respond_place_restore(back->arena, run->place);

	if (place == NULL)
		return;
	back->followers[back->count].run_id = run->run_id;
	back->followers[back->count++].place = place;
	if (back->from == NULL)
		back->from = respond_cursor_copy(back->arena, place);
	else
		back->from = respond_cursor_intersect(back->arena, back->from, place);
}

static void
look_back(const List *runs, bool contained, bool at_pause)
{
	MemoryContext context;
	MemoryContext caller;
	LookBack	back = {.contained = contained,.at_pause = at_pause};
	ListCell   *cell;

	check_stack_depth();
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond look back", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	back.arena = respond_arena_create_in(context);
	back.event_context = AllocSetContextCreate(context, "pg_respond event looked back at", ALLOCSET_DEFAULT_SIZES);
	back.here = respond_place_cursor(back.arena);
	back.followers = palloc(sizeof(Follower) * list_length(runs));
	foreach(cell, runs)
		add_follower(&back, lfirst(cell));
	if (back.count > 1)
		qsort(back.followers, back.count, sizeof(Follower), compare_followers);
	if (back.count > 0)
		look(&back);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
respond_look_back(int64 run_id, Jsonb *place, bool contained)
{
	TakenOver	run = {run_id, place};

	look_back(list_make1(&run), contained, true);
}

void
respond_look_back_all(const List *runs, bool contained)
{
	look_back(runs, contained, false);
}
