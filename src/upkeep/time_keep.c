/*-------------------------------------------------------------------------
 * time_keep.c
 *	  What the readers of timers know outlives the server.
 *
 * That is the latest time that was seen, so that a time that went back while the
 * server was down is noticed, and how far each reader has come.  It is written
 * down once a minute, and only while timers wait.
 *
 * src/upkeep/time_keep.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/clock.h"
#include "timer/time_guard.h"
#include "timer/timer_mark.h"
#include "upkeep/statement.h"
#include "upkeep/time_keep.h"

#define INTERVAL_MS		60000
#define LOCK_WAIT_MS	200

static const char *const read_row =
"SELECT t.seen_at, t.flow_passed, t.clock_passed FROM respond_internal.time_seen AS t";

static const char *const write_row =
"INSERT INTO respond_internal.time_seen AS t (seen_at, flow_passed, clock_passed) VALUES ($1, $2, $3)"
" ON CONFLICT (only_row) DO UPDATE SET seen_at = excluded.seen_at, flow_passed = excluded.flow_passed,"
" clock_passed = excluded.clock_passed";

static TimestampTz
column(int number)
{
	bool		is_null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, &is_null);

	return is_null ? DT_NOBEGIN : DatumGetTimestampTz(value);
}

void
respond_time_keep_restore(void)
{
	respond_statement_begin();
	if (respond_statement_run(read_row, 0, NULL, NULL) > 0)
	{
		respond_time_guard_see(column(1));
		respond_timer_mark_restore(TIMER_FLOW, column(2));
		respond_timer_mark_restore(TIMER_CLOCK, column(3));
	}
	respond_statement_commit();
}

TimestampTz
respond_time_keep(TimestampTz now)
{
	Datum		values[3];

	(void) respond_time_guard_rests(respond_clock_now());
	if (respond_timer_mark_waits(TIMER_FLOW) || respond_timer_mark_waits(TIMER_CLOCK))
	{
		values[0] = TimestampTzGetDatum(respond_time_guard_seen());
		values[1] = TimestampTzGetDatum(respond_timer_mark_passed(TIMER_FLOW));
		values[2] = TimestampTzGetDatum(respond_timer_mark_passed(TIMER_CLOCK));
		respond_statement_begin();
		respond_statement_limit_lock_wait(LOCK_WAIT_MS);
		respond_statement_run(write_row, lengthof(values), (Oid[]) {TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
							  values);
		respond_statement_commit();
	}
	return TimestampTzPlusMilliseconds(now, INTERVAL_MS);
}
