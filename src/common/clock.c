/*-------------------------------------------------------------------------
 * clock.c
 *	  The time that flows, timers and schedules go by.
 *
 * src/common/clock.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "common/clock.h"
#include "common/guc.h"

PG_FUNCTION_INFO_V1(respond_clock_start);

int64
respond_clock_ahead(void)
{
	return (int64) (respond_clock_offset * 1000.0);
}

TimestampTz
respond_clock_now(void)
{
	return GetCurrentTimestamp() + respond_clock_ahead();
}

TimestampTz
respond_clock_transaction_start(void)
{
	return GetCurrentTransactionStartTimestamp() + respond_clock_ahead();
}

/* clock_start() → timestamptz: recorded_at of events. */
Datum
respond_clock_start(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(respond_clock_transaction_start());
}
