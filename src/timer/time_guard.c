/*-------------------------------------------------------------------------
 * time_guard.c
 *	  Time that goes back: timers wait until it has caught up.
 *
 * Whoever sets the server's clock back has most likely corrected a mistake, or
 * made one.  What was armed meanwhile would be late by as much, and a schedule
 * would fire twice at one time.  So timers rest, and health() says it, until time has
 * caught up, or somebody calls accept_clock().
 *
 * src/timer/time_guard.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/shmem.h"
#include "timer/timer_note.h"
#include "timer/time_guard.h"

PG_FUNCTION_INFO_V1(respond_time_status);
PG_FUNCTION_INFO_V1(respond_accept_time);

static pg_atomic_uint64 *
latest(void)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);

	return database != NULL ? &database->time_seen : NULL;
}

TimestampTz
respond_time_guard_seen(void)
{
	pg_atomic_uint64 *seen = latest();

	return seen != NULL ? (TimestampTz) pg_atomic_read_u64(seen) : DT_NOBEGIN;
}

void
respond_time_guard_see(TimestampTz time)
{
	pg_atomic_uint64 *seen = latest();
	uint64		before = seen != NULL ? pg_atomic_read_u64(seen) : 0;

	while (seen != NULL && time > (TimestampTz) before &&
		   !pg_atomic_compare_exchange_u64(seen, &before, (uint64) time))
		;
}

TimestampTz
respond_time_guard_thaw(void)
{
	TimestampTz seen = respond_time_guard_seen();

	return seen != DT_NOBEGIN ? seen - TIME_GUARD_TOLERANCE : DT_NOBEGIN;
}

bool
respond_time_guard_rests(TimestampTz now)
{
	respond_time_guard_see(now);
	return now < respond_time_guard_thaw();
}

/* time_status(OUT now, OUT seen, OUT ahead_ms): seen is the latest time that was seen, NULL if none was. */
Datum
respond_time_status(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	TimestampTz seen = respond_time_guard_seen();
	Datum		values[3];
	bool		nulls[3] = {false, seen == DT_NOBEGIN, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = TimestampTzGetDatum(respond_clock_now());
	values[1] = TimestampTzGetDatum(seen);
	values[2] = Float8GetDatum(respond_clock_ahead() / 1000.0);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* accept_time() → timestamptz: the time that it is counts from now on, whatever was seen before; returns that. */
Datum
respond_accept_time(PG_FUNCTION_ARGS)
{
	pg_atomic_uint64 *seen = latest();
	TimestampTz before = respond_time_guard_seen();

	if (seen != NULL)
		pg_atomic_write_u64(seen, (uint64) respond_clock_now());
	for (int reader = 0; reader < RESPOND_TIMER_READERS; reader++)
		respond_timer_note(reader, TIMER_NOTE_ALL);
	PG_RETURN_TIMESTAMPTZ(before);
}
