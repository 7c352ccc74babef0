/*-------------------------------------------------------------------------
 * gateway_limits.c
 *	  Telling the program how large requests may be.
 *
 * src/gateway/gateway_limits.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"

#include "companion/protocol.h"
#include "gateway/gateway_limits.h"
#include "inbound/inbound_take.h"
#include "inbound/source_wake.h"
#include "worker/worker.h"
#include "worker/worker_errors.h"

/* Of requests that are for no source. */
#define LIMIT_OF_OTHERS		(1024 * 1024)

static bool is_owed = false;
static uint64 seen_changes = 0;

static void
write_limits(FrameBuffer *out)
{
	int			count;
	InboundLimit *limits = respond_inbound_limits(&count);

	count = Min(count, PROTOCOL_MAX_EXCEPTIONS);
	respond_frame_begin(out, FRAME_LIMITS, 0);
	respond_frame_put_number(out, LIMIT_OF_OTHERS);
	respond_frame_put_number(out, count);
	for (int i = 0; i < count; i++)
	{
		respond_frame_put_string(out, limits[i].path);
		respond_frame_put_number(out, limits[i].bytes);
	}
	is_owed = !respond_frame_end(out);
}

/* A transaction hears of what others have committed; without a change there is none, however often the worker wakes. */
static void
look_at_changes(void)
{
	uint64		changes = respond_source_changes();

	if (changes == seen_changes)
		return;
	respond_worker_begin();
	respond_worker_commit();
	seen_changes = changes;
}

void
respond_gateway_limits_tell(FrameBuffer *out, bool is_new)
{
	MemoryContext context = CurrentMemoryContext;

	is_owed |= is_new;
	PG_TRY();
	{
		look_at_changes();
		is_owed |= respond_inbound_limits_changed();
		if (is_owed)
			write_limits(out);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		HOLD_INTERRUPTS();
		respond_worker_failed(geterrcode());
		EmitErrorReport();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_IDLE, NULL);
}
