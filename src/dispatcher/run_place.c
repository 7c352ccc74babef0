/*-------------------------------------------------------------------------
 * run_place.c
 *	  A run begins when its rule has a place for it.
 *
 * What the run's own version says of the key and of a full house counts, and today's
 * limit.  A rule that is gone, or that has no limit any more, has places for all.
 *
 * src/dispatcher/run_place.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "common/jsonb_read.h"
#include "common/kept_plan.h"
#include "dispatcher/run_cancel.h"
#include "dispatcher/run_hand.h"
#include "dispatcher/run_place.h"
#include "effect/effects.h"
#include "effect/run_place.h"
#include "event/event_context.h"
#include "flow/place_code.h"
#include "rule/rule_find.h"

static KeptPlan lock_plan = {
	"SELECT r.id FROM respond.run AS r WHERE r.id OPERATOR(pg_catalog.=) $1 FOR UPDATE NOWAIT", 1, {INT8OID}
};

static int
limit_today(const char *rule)
{
	RuleRow		row;

	return respond_rule_find(rule, &row) ? respond_place_limit(row.concurrency) : INT_MAX;
}

static bool
has_room(const PlaceRow *place)
{
	return respond_run_places_held(place->rule, place->key) < limit_today(place->rule);
}

/* NULL: it cannot be made, and the run has failed. */
static char *
find_key(Flow *flow, FlowRun *run, const RunUnderWay *row)
{
	MemoryContext caller = CurrentMemoryContext;
	FlowRun		copy = *run;
	char	   *volatile key = NULL;

	PG_TRY();
	{
		key = respond_place_key(flow, &copy, row->saved);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_RESPOND_STEP_FAILED && error->sqlerrcode != ERRCODE_RESPOND_LIMIT)
			PG_RE_THROW();
		FlushErrorState();
		respond_flow_record_failure(run, error->message, "concurrency", 0);
	}
	PG_END_TRY();
	return key;
}

/* The dispatcher does not wait for sessions: it comes back later. */
static void
lock_run(int64 run_id)
{
	Datum		value = Int64GetDatum(run_id);

	SPI_connect();
	(void) respond_kept_plan_run_newest(&lock_plan, &value, NULL);
	SPI_finish();
}

/* On behalf of the rule that needs the place. */
static void
cancel(const PlaceRow *oldest, const RunUnderWay *successor, const Event *cause)
{
	EventContext context = {.rule = successor->rule,.run_id = successor->id};
	EventContext before;
	RunUnderWay *row;

	/* what it did in this batch is ended with it */
	respond_effects_flush();
	lock_run(oldest->run_id);
	row = respond_run_hand_take(oldest->run_id, "concurrency");
	if (row == NULL || row->cancelled || !respond_run_is_under_way(row))
	{
		respond_run_place_free(oldest->run_id);
		return;
	}
	context.event_id = cause != NULL ? cause->id : successor->event_id;
	context.depth = cause != NULL ? cause->depth : 0;
	before = respond_event_context_set(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetLatestSnapshot());
		respond_run_cancel(row, psprintf("run " INT64_FORMAT " took its place", successor->id));
		PopActiveSnapshot();
	}
	PG_FINALLY();
	{
		respond_event_context_set(before);
	}
	PG_END_TRY();
}

/* Cancels the oldest runs until there is a place; false: this one was cancelled with them. */
static bool
make_room(const PlaceRow *place, const RunUnderWay *row, const Event *cause)
{
	const RunUnderWay *still;

	while (!has_room(place))
	{
		PlaceRow   *oldest = respond_run_place_first(place->rule, place->key, true);

		CHECK_FOR_INTERRUPTS();
		if (oldest == NULL)
			break;
		cancel(oldest, row, cause);
	}
	PushActiveSnapshot(GetLatestSnapshot());
	still = respond_run_find(row->id, row->started_at);
	PopActiveSnapshot();
	return still != NULL && !still->cancelled;
}

static void
drop(FlowRun *run, const PlaceRow *place)
{
	int64		held = respond_run_places_held(place->rule, place->key);

	run->saved = NULL;
	respond_flow_record_suppressed(run, psprintf(held == 1 ? "concurrency: " INT64_FORMAT " run is under way" :
												 "concurrency: " INT64_FORMAT " runs are under way", held));
}

/* The run is in the queue from now on, or was already. */
static PlaceAnswer
stay(Flow *flow, FlowRun *run, const RunUnderWay *row, const PlaceRow *place, bool is_new)
{
	if (is_new)
		respond_run_place_put(place);
	if (row->waits_for != NULL)
		return PLACE_NOT;
	respond_flow_queue(flow, run, row->saved);
	return PLACE_LAID_DOWN;
}

/* It has a place; behind it more may be free. */
static void
take(PlaceRow *place, bool is_new)
{
	place->held = true;
	if (is_new)
		respond_run_place_put(place);
	else
		respond_run_place_hold(place->run_id);
	if (respond_run_place_first(place->rule, place->key, false) != NULL && has_room(place))
		respond_run_place_tell(place->rule, place->key);
}

/* Whether others wait for the place that a new run would take. */
static bool
must_wait(const PlaceRow *place, PlaceWhenFull when_full)
{
	return when_full == PLACE_QUEUE && respond_run_place_first(place->rule, place->key, false) != NULL;
}

PlaceAnswer
respond_run_place_ask(Flow *flow, FlowRun *run, const RunUnderWay *row, const Event *cause)
{
	PlaceWhenFull when_full = respond_place_when_full(flow);
	PlaceRow   *found = respond_run_place_find(row->id);
	PlaceRow	place = {.run_id = row->id,.run_started_at = row->started_at,.rule = row->rule};
	bool		room;

	if (found != NULL && found->held)
		return PLACE_TAKEN;
	place.key = found != NULL ? found->key : find_key(flow, run, row);
	if (place.key == NULL)
		return PLACE_NOT;
	room = has_room(&place);
	if (!room && when_full == PLACE_CANCEL_OLDEST)
	{
		if (!make_room(&place, row, cause))
			return PLACE_NOT;
		room = true;
	}
	if (room && found == NULL && must_wait(&place, when_full))
	{
		respond_run_place_tell(place.rule, place.key);
		room = false;
	}
	if (room)
	{
		take(&place, found == NULL);
		return PLACE_TAKEN;
	}
	if (when_full != PLACE_DROP)
		return stay(flow, run, row, &place, found == NULL);
	drop(run, &place);
	return PLACE_NOT;
}

bool
respond_run_place_is_open(const Awakening *awakening)
{
	return awakening->kind == AWAKEN_NOTE && awakening->run_id == 0 && strcmp(awakening->note, NOTE_PLACE) == 0;
}

Awakening *
respond_run_place_next(const Awakening *note)
{
	const char *rule = respond_jsonb_find_text(respond_jsonb_root(note->data), "rule");
	const char *key = respond_jsonb_find_text(respond_jsonb_root(note->data), "key");
	PlaceRow   *next;
	Awakening  *awakening;

	if (rule != NULL && key == NULL)
		respond_run_place_tell_all(rule);
	if (rule == NULL || key == NULL)
		return NULL;
	next = respond_run_place_first(rule, key, false);
	if (next == NULL || !has_room(next))
		return NULL;
	if (respond_run_find(next->run_id, next->run_started_at) == NULL)
	{
		/* somebody has deleted the run; what comes behind it is told */
		respond_run_place_free(next->run_id);
		return NULL;
	}
	awakening = palloc(sizeof(Awakening));
	*awakening = *note;
	awakening->run_id = next->run_id;
	awakening->run_started_at = next->run_started_at;
	return awakening;
}
