/*-------------------------------------------------------------------------
 * request_cancel.c
 *	  Giving up a request whose answer nobody waits for any more.
 *
 * src/outbox/request_cancel.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/kept_plan.h"
#include "outbox/delivery_update.h"
#include "outbox/request_cancel.h"

static KeptPlan cancel = {
	"UPDATE respond.delivery AS d SET status = 'cancelled', next_attempt_at = NULL, run_started_at = NULL,"
	" finished_at = pg_catalog.clock_timestamp(), last_error = pg_catalog.concat_ws(E'\\n', $2, d.last_error)"
	" WHERE d.id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'"
	" RETURNING d.attempts OPERATOR(pg_catalog.-) d.attempts_before, d.last_error",
	2, {INT8OID, TEXTOID}
};

/* Of the row that was changed; with foreign partitions it may not be the last one that was looked for. */
static void
read_tries(RequestTries *tries, const char *reason, MemoryContext context)
{
	char	   *error;
	bool		is_null;

	*tries = (RequestTries) {.ended = -1};
	if (SPI_tuptable == NULL || SPI_tuptable->numvals == 0)
		return;
	tries->ended = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	error = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);
	/* what stood there before comes behind the reason, in a line of its own */
	if (error != NULL && strlen(error) > strlen(reason) + 1)
		tries->last_error = MemoryContextStrdup(context, error + strlen(reason) + 1);
}

bool
respond_request_cancel(int64 delivery_id, const char *reason, RequestTries *tries)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[2] = {Int64GetDatum(delivery_id), CStringGetTextDatum(reason)};
	bool		cancelled;

	SPI_connect();
	cancelled = respond_delivery_update(&cancel, respond_kept_plan_run_newest, values, NULL) > 0;
	read_tries(tries, reason, caller);
	SPI_finish();
	return cancelled;
}
