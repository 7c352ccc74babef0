/*-------------------------------------------------------------------------
 * desk_defaults.c
 *	  What tickets and comments get when their writer does not say.
 *
 * src/desk/desk_defaults.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "event/event_context.h"

PG_FUNCTION_INFO_V1(respond_current_run);

/* current_run() → bigint: number of the run whose SQL this is, or NULL. */
Datum
respond_current_run(PG_FUNCTION_ARGS)
{
	const EventContext *context = respond_event_context();

	if (context->run_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(context->run_id);
}
