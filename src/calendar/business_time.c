/*-------------------------------------------------------------------------
 * business_time.c
 *	  The functions of calendars in SQL.
 *
 * src/calendar/business_time.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/calendar_cache.h"

PG_FUNCTION_INFO_V1(respond_business_open);
PG_FUNCTION_INFO_V1(respond_business_add);
PG_FUNCTION_INFO_V1(respond_business_between);
PG_FUNCTION_INFO_V1(respond_next_open);
PG_FUNCTION_INFO_V1(respond_next_close);
PG_FUNCTION_INFO_V1(respond_open_periods);

/* The first argument. */
static Calendar *
calendar_of(FunctionCallInfo fcinfo)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Calendar   *calendar = respond_calendar_get(name);

	pfree(name);
	return calendar;
}

/* respond.business_open(calendar text, at timestamptz) returns boolean */
Datum
respond_business_open(PG_FUNCTION_ARGS)
{
	Calendar   *calendar = calendar_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);

	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(respond_calendar_is_open(calendar, at));
}

/* Open time; NULL if it is without end. */
static bool
read_amount(const Interval *amount, int64 *result)
{
	if (amount->time == PG_INT64_MAX && amount->day == PG_INT32_MAX && amount->month == PG_INT32_MAX)
		return false;
	if (amount->time == PG_INT64_MIN && amount->day == PG_INT32_MIN && amount->month == PG_INT32_MIN)
		return false;
	if (amount->month != 0 || amount->day != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amount: it has days or months"),
				 errhint("Business days differ in length; write hours and minutes, such as '16 hours'.")));
	*result = amount->time;
	return true;
}

/* respond.business_add(calendar text, at timestamptz, amount interval) returns timestamptz */
Datum
respond_business_add(PG_FUNCTION_ARGS)
{
	Calendar   *calendar = calendar_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	int64		amount;
	int64		result;

	if (!read_amount(PG_GETARG_INTERVAL_P(2), &amount) || TIMESTAMP_NOT_FINITE(at) ||
		!respond_calendar_add(calendar, at, amount, &result) || !IS_VALID_TIMESTAMP(result))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(result);
}

/* respond.business_between(calendar text, a timestamptz, b timestamptz) returns interval */
Datum
respond_business_between(PG_FUNCTION_ARGS)
{
	Calendar   *calendar = calendar_of(fcinfo);
	TimestampTz a = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz b = PG_GETARG_TIMESTAMPTZ(2);
	int64		most;
	Interval   *result;

	if (TIMESTAMP_NOT_FINITE(a) || TIMESTAMP_NOT_FINITE(b))
		PG_RETURN_NULL();
	if (pg_sub_s64_overflow(b, a, &most))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("interval out of range")));
	result = palloc0(sizeof(Interval));
	result->time = a <= b ? respond_calendar_between(calendar, a, b) : -respond_calendar_between(calendar, b, a);
	PG_RETURN_INTERVAL_P(result);
}

static Datum
next_edge(FunctionCallInfo fcinfo, bool (*find) (Calendar *calendar, int64 at, int64 *next))
{
	Calendar   *calendar = calendar_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	int64		next;

	if (TIMESTAMP_NOT_FINITE(at) || !find(calendar, at, &next) || !IS_VALID_TIMESTAMP(next))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next);
}

/* respond.next_open(calendar text, at timestamptz) returns timestamptz */
Datum
respond_next_open(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, respond_calendar_next_open);
}

/* respond.next_close(calendar text, at timestamptz) returns timestamptz */
Datum
respond_next_close(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, respond_calendar_next_close);
}

static void
require_finite(const char *argument, TimestampTz time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s: it is infinite", argument),
				 errhint("Say from when and until when periods are wanted.")));
}

static void
begin_periods(FunctionCallInfo fcinfo)
{
	FuncCallContext *calls = SRF_FIRSTCALL_INIT();
	MemoryContext caller = MemoryContextSwitchTo(calls->multi_call_memory_ctx);
	TimestampTz *from = palloc(sizeof(TimestampTz));

	require_finite("a", PG_GETARG_TIMESTAMPTZ(1));
	require_finite("b", PG_GETARG_TIMESTAMPTZ(2));
	*from = PG_GETARG_TIMESTAMPTZ(1);
	calls->user_fctx = from;
	if (get_call_result_type(fcinfo, NULL, &calls->tuple_desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "open_periods() must return a row");
	calls->tuple_desc = BlessTupleDesc(calls->tuple_desc);
	MemoryContextSwitchTo(caller);
}

/* respond.open_periods(calendar text, a timestamptz, b timestamptz) returns setof record */
Datum
respond_open_periods(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	TimestampTz *from;
	int64		open;
	int64		close;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (SRF_IS_FIRSTCALL())
		begin_periods(fcinfo);
	calls = SRF_PERCALL_SETUP();
	from = calls->user_fctx;
	if (*from >= PG_GETARG_TIMESTAMPTZ(2) ||
		!respond_calendar_period(calendar_of(fcinfo), *from, PG_GETARG_TIMESTAMPTZ(2), &open, &close))
		SRF_RETURN_DONE(calls);
	*from = close;
	values[0] = TimestampTzGetDatum(open);
	values[1] = TimestampTzGetDatum(close);
	SRF_RETURN_NEXT(calls, HeapTupleGetDatum(heap_form_tuple(calls->tuple_desc, values, nulls)));
}
