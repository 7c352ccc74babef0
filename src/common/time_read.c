/*-------------------------------------------------------------------------
 * time_read.c
 *	  A time from a text that may not be one.
 *
 * src/common/time_read.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "common/time_read.h"

bool
respond_time_read(const char *text, TimestampTz *time)
{
	volatile TimestampTz result = 0;
	volatile bool is_time = true;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		result = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
														 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	PG_CATCH();
	{
		/* The parser holds nothing but memory, so its own errors can end here. */
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		is_time = false;
	}
	PG_END_TRY();
	*time = result;
	return is_time;
}
