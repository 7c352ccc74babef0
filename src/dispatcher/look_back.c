/*-------------------------------------------------------------------------
 * look_back.c
 *	  What a wait should have heard before it was armed.
 *
 * A run that another dispatcher began is armed by this one, which may have passed
 * events by then that came after the run's own; and a key may become known only
 * after a while.  The log is read once more from there.  All runs of a batch look
 * back together, at its end; one that is to hear something else before that looks
 * back first.  What comes behind this dispatcher's place is not
 * looked at: it will hear that in its turn.  Both happen in one transaction, so
 * nothing can come between them.  An event whose type or key none of these runs waits
 * for costs no look into the table of waits.  For waits that do not know their key yet
 * it is noted that an event has passed, as if they had been armed at that place.
 *
 * A dump may be restored between the two.  Then the log of the original is read from
 * there on, as far as it was handled there, and all of this database's own.
 *
 * src/dispatcher/look_back.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/life.h"
#include "dispatcher/followers.h"
#include "dispatcher/look_back.h"
#include "dispatcher/place.h"
#include "dispatcher/reader.h"
#include "dispatcher/run_wake.h"
#include "wait/wait_filter.h"
#include "wait/wait_match.h"
#include "wait/wait_passed.h"
#include "wait/wait_rows.h"

/* So many runs look back together, and those that begin in the last of them. */
#define MOST_FOLLOWERS	1000

/* So many events are noted for a wait without a key; where more have passed it looks back itself when it has one. */
#define MOST_NOTED		1000

/* One look back of many runs. */
typedef struct LookBack
{
	Arena	   *arena;
	MemoryContext event_context;	/* of one event and what it leads to */
	WaitFilter *filter;			/* lets through what the followers can hear, and more */
	const Cursor *here;			/* this dispatcher's place */
	const Window *window;		/* the part of the log that is looked at */
	int			next;			/* entry of it behind the one that is heard */
	int			count;
	int			left;			/* of those whose step has not ended */
	Follower   *followers;		/* by the numbers of their runs */
	bool		some_behind;	/* of them come behind an event */
	bool		contained;
} LookBack;

bool
respond_look_back_is_due(int64 run_id)
{
	int			count;

	(void) respond_followers(&count);
	return count >= MOST_FOLLOWERS || respond_followers_have(run_id);
}

static int
compare_followers(const void *a, const void *b)
{
	int64		left = ((const Follower *) a)->run_id;
	int64		right = ((const Follower *) b)->run_id;

	return left < right ? -1 : left > right;
}

/* Whether the event comes behind the follower's place. */
static bool
is_behind(const Follower *follower, const Event *event)
{
	if (event->incarnation != follower->incarnation)
		return event->incarnation == respond_life_incarnation();
	return follower->behind == 0 &&
		!respond_cursor_passed(follower->place, U64FromFullTransactionId(event->xid), event->id);
}

/* Steps ahead hear if they were armed at that place. */
static bool
hears(const Follower *follower, const Wait *wait, const Event *event)
{
	return !follower->ended && is_behind(follower, event) && !(follower->at_pause && wait->early) &&
		wait->since >= follower->armed_from;
}

/* The first follower of the run, NULL: there is none; others may be behind it. */
static Follower *
find_followers(const LookBack *back, int64 run_id)
{
	Follower	key = {.run_id = run_id};
	Follower   *follower = bsearch(&key, back->followers, back->count, sizeof(Follower), compare_followers);

	while (follower != NULL && follower > back->followers && follower[-1].run_id == run_id)
		follower--;
	return follower;
}

static bool
is_of(const LookBack *back, const Follower *follower, int64 run_id)
{
	return follower != NULL && follower < back->followers + back->count && follower->run_id == run_id;
}

/* By which the run hears the event by this wait: one at a pause only if there is no other; NULL: by none. */
static const Follower *
find_hearing(const LookBack *back, const Wait *wait, const Event *event)
{
	const Follower *at_pause = NULL;

	for (Follower *follower = find_followers(back, wait->run_id); is_of(back, follower, wait->run_id); follower++)
	{
		if (!hears(follower, wait, event))
			continue;
		if (!follower->at_pause)
			return follower;
		at_pause = follower;
	}
	return at_pause;
}

/* The step that the run stood at has ended. */
static void
end_step(LookBack *back, int64 run_id)
{
	for (Follower *follower = find_followers(back, run_id); is_of(back, follower, run_id); follower++)
	{
		if (!follower->at_pause || follower->ended)
			continue;
		follower->ended = true;
		back->left--;
	}
}

/* A step that looks back ends with what it finds; what comes next looks back by itself. */
static void
wake(LookBack *back, const Wait *wait, Event *event)
{
	const Follower *follower = find_hearing(back, wait, event);
	Awakening  *awakening;

	/* it may have been armed in time for one of several events */
	if (follower == NULL || respond_wait_has_heard(wait, event->id))
		return;
	awakening = respond_awakening_of_event(wait, event);
	/* what begins with it hears what came after it, too */
	respond_place_go_back_in(back->window, back->next, !follower->at_pause);
	if (respond_run_wake(awakening, back->contained))
		end_step(back, wait->run_id);
	if (awakening->look_back != NULL)
		respond_followers_add(awakening->run_id, awakening->look_back, true);
}

static void
wake_all(LookBack *back, const List *hits, Event *event)
{
	ListCell   *cell;

	foreach(cell, hits)
	{
		CHECK_FOR_INTERRUPTS();
		wake(back, lfirst(cell), event);
	}
}

/* An event that may have passed waits without a key. */
typedef struct Passing
{
	const LookBack *back;
	const Event *event;
} Passing;

/* Whether it is noted for this one. */
static bool
is_noted(void *state, Wait *wait)
{
	const Passing *passing = state;
	const Follower *follower = find_hearing(passing->back, wait, passing->event);

	if (follower == NULL || wait->heard_count > MOST_NOTED)
		return false;
	if (wait->heard_count++ < MOST_NOTED)
		return true;
	respond_passed_give_up(wait);
	return false;
}

static void
pass(LookBack *back, const Event *event)
{
	Passing		passing = {back, event};
	List	   *waits = respond_wait_filter_keyless(back->filter);

	if (waits != NIL)
		respond_waits_note_for(waits, event, is_noted, &passing);
}

/* Others may wait for the same event, as many as there are runs. */
static void
hear(LookBack *back, Event *event)
{
	WaitHits   *hits;
	List	   *piece;
	int64		last;

	pass(back, event);
	if (back->followers[0].run_id == back->followers[back->count - 1].run_id)
	{
		wake_all(back, respond_waits_hit(event, back->followers[0].run_id - 1, 1, &last), event);
		return;
	}
	hits = respond_waits_hits_open(event, false);
	while ((piece = respond_waits_hits_next(hits)) != NIL)
		wake_all(back, piece, event);
	respond_waits_hits_close(hits);
}

/* What comes behind the event is for those whose place it is. */
static void
pass_own(LookBack *back, int64 id)
{
	if (!back->some_behind)
		return;
	for (int i = 0; i < back->count; i++)
		if (back->followers[i].behind == id)
			back->followers[i].behind = 0;
}

static bool
wants_type(void *filter, const char *type)
{
	return respond_wait_filter_wants_type(filter, type);
}

/* The same for an entry of the log, if this dispatcher has handled it. */
static void
hear_entry(LookBack *back, const WindowEntry *entry)
{
	MemoryContext caller;
	Event	   *event;

	if (back->window->incarnation == respond_life_incarnation() &&
		!respond_cursor_passed(back->here, entry->xid, entry->id))
		return;
	pass_own(back, entry->id);
	caller = MemoryContextSwitchTo(back->event_context);
	event = respond_reader_fetch_wanted(back->window, entry, wants_type, back->filter);
	if (event != NULL && event->data != NULL && respond_wait_filter_wants(back->filter, event))
		hear(back, event);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(back->event_context);
}

/* What none of them has to hear of the events of one database. */
static Cursor *
find_start(const LookBack *back, int64 incarnation)
{
	Cursor	   *start = NULL;

	for (int i = 0; i < back->count; i++)
	{
		const Follower *follower = &back->followers[i];

		if (follower->incarnation == incarnation)
			start = start == NULL ? respond_cursor_copy(back->arena, follower->place) :
				respond_cursor_intersect(back->arena, start, follower->place);
		else if (incarnation == respond_life_incarnation())
			return respond_cursor_create(back->arena);
	}
	return start;
}

/* Reads the events of one database. */
static void
look(LookBack *back, int64 incarnation)
{
	Cursor	   *cursor = find_start(back, incarnation);
	Window	   *window;

	do
	{
		window = respond_window_collect_of(back->arena, cursor, incarnation);
		for (int i = 0; i < window->count && back->left > 0; i++)
		{
			CHECK_FOR_INTERRUPTS();
			back->window = window;
			back->next = i + 1;
			hear_entry(back, &window->entries[i]);
		}
		cursor = respond_window_cursor(back->arena, window, window->count);
	} while (back->left > 0 && (window->looked_at < window->snapshot->xmax || window->split ||
								window->deferred_count > 0));
}

/* What was handled where this database was copied from came before all that was recorded here. */
static void
look_at_all(LookBack *back)
{
	List	   *seen = NIL;

	for (int i = 0; i < back->count; i++)
	{
		int64		incarnation = back->followers[i].incarnation;
		bool		is_new = incarnation != respond_life_incarnation();
		ListCell   *cell;

		foreach(cell, seen)
			is_new = is_new && *(int64 *) lfirst(cell) != incarnation;
		if (is_new)
		{
			seen = lappend(seen, &back->followers[i].incarnation);
			look(back, incarnation);
		}
	}
	look(back, respond_life_incarnation());
}

/* Takes those that are due.  Of places that are none nothing is known, and nothing is heard. */
static void
take_followers(LookBack *back)
{
	const Follower *later;
	int			count;

	later = respond_followers(&count);
	back->followers = palloc(sizeof(Follower) * count);
	for (int i = 0; i < count; i++)
	{
		Follower   *follower = &back->followers[back->count];

		*follower = later[i];
		follower->place = respond_place_restore(back->arena, later[i].document, &follower->incarnation,
												&follower->behind);
		if (follower->place == NULL)
			continue;
		back->count++;
		back->some_behind |= follower->behind != 0;
	}
	back->left = back->count;
	if (back->count > 1)
		qsort(back->followers, back->count, sizeof(Follower), compare_followers);
	respond_followers_forget();
}

/* Steps ahead that hear nothing now would let much through for nothing. */
static bool
can_hear(const LookBack *back, const Wait *wait)
{
	const Follower *follower = find_followers(back, wait->run_id);

	while (is_of(back, follower, wait->run_id) && follower->at_pause && wait->early)
		follower++;
	return is_of(back, follower, wait->run_id);
}

static void
fill_filter(LookBack *back)
{
	back->filter = respond_wait_filter_create();
	for (int i = 0; i < back->count; i++)
	{
		int64		run_id = back->followers[i].run_id;
		ListCell   *cell;

		if (i > 0 && run_id == back->followers[i - 1].run_id)
			continue;
		foreach(cell, respond_waits_of_run(run_id))
			if (can_hear(back, lfirst(cell)))
				respond_wait_filter_add(back->filter, lfirst(cell));
	}
}

/* What is armed meanwhile may have to hear, too. */
static void
look_for_followers(LookBack *back)
{
	fill_filter(back);
	respond_waits_let_through(back->filter);
	PG_TRY();
	{
		look_at_all(back);
	}
	PG_FINALLY();
	{
		respond_waits_let_through(NULL);
	}
	PG_END_TRY();
}

static void
look_back(bool contained)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond look back", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	LookBack	back = {.contained = contained};

	back.arena = respond_arena_create_in(context);
	back.event_context = AllocSetContextCreate(context, "pg_respond event looked back at", ALLOCSET_DEFAULT_SIZES);
	back.here = respond_place_cursor(back.arena);
	take_followers(&back);
	if (back.count > 0)
		look_for_followers(&back);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

void
respond_look_back(bool contained)
{
	int			count;

	for (;;)
	{
		(void) respond_followers(&count);
		if (count == 0)
			return;
		look_back(contained);
	}
}
