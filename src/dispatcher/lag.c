/*-------------------------------------------------------------------------
 * lag.c
 *	  What waits to be handled, counted through the cursor.
 *
 * Only what is above the cursors is read, so asking costs nothing when nothing
 * waits.
 *
 * src/dispatcher/lag.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/arena_server.h"
#include "common/life.h"
#include "dispatcher/progress.h"
#include "dispatcher/reader.h"

PG_FUNCTION_INFO_V1(respond_lag);

/* Counting ends here; more is shown as this many. */
#define LAG_LIMIT		1000000

typedef struct LaneLag
{
	int64		events;
	TimestampTz oldest;
} LaneLag;

static void
count_window(LaneLag *lag, const Window *window, const Progress *progress, int lanes, int lane)
{
	MemoryContext each = AllocSetContextCreate(CurrentMemoryContext, "pg_respond event", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(each);

	for (int i = 0; i < window->count && lag->events < LAG_LIMIT; i++)
	{
		const WindowEntry *entry = &window->entries[i];
		Event	   *event;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(each);
		event = respond_reader_fetch(window, entry);
		if (event == NULL ||
			respond_progress_lane(event->subject, event->id, lanes) != lane ||
			respond_progress_passed(progress, lanes, entry->xid, entry->id, event->subject))
			continue;
		lag->events++;
		if (lag->oldest == 0 || event->recorded_at < lag->oldest)
			lag->oldest = event->recorded_at;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(each);
}

static LaneLag
count_lane(const Progress *progress, int lanes, int lane)
{
	LaneLag		lag = {0};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond lag", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Cursor	   *cursor = respond_progress_start(respond_arena_create_in(context), progress, lanes, lane);

	for (;;)
	{
		Window	   *window = respond_window_collect(respond_arena_create_in(context), cursor);
		MemoryContext next_context;

		count_window(&lag, window, progress, lanes, lane);
		if (lag.events >= LAG_LIMIT || (window->count == 0 && window->looked_at >= window->snapshot->xmax))
			break;

		/* the next window, without the memory of this one */
		next_context = AllocSetContextCreate(caller, "pg_respond lag", ALLOCSET_DEFAULT_SIZES);
		MemoryContextSwitchTo(next_context);
		cursor = respond_window_cursor(respond_arena_create_in(next_context), window, window->count);
		respond_reader_release();
		MemoryContextDelete(context);
		context = next_context;
	}
	respond_reader_release();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return lag;
}

/*
 * lag() → setof (lane integer, lanes integer, events bigint, oldest timestamptz):
 * for each lane the number of committed events that wait, up to 1,000,000, and
 * when the oldest was recorded.
 */
Datum
respond_lag(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Progress   *progress = respond_progress_load(respond_arena_create_in(CurrentMemoryContext),
												 respond_life_incarnation());
	int			lanes = Max(progress->last_lanes, 1);

	InitMaterializedSRF(fcinfo, 0);
	for (int lane = 0; lane < lanes; lane++)
	{
		LaneLag		lag = count_lane(progress, lanes, lane);
		Datum		values[4];
		bool		nulls[4] = {false, false, false, lag.oldest == 0};

		values[0] = Int32GetDatum(lane + 1);
		values[1] = Int32GetDatum(lanes);
		values[2] = Int64GetDatum(lag.events);
		values[3] = TimestampTzGetDatum(lag.oldest);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
