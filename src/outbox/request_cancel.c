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
	" WHERE d.id OPERATOR(pg_catalog.=) $1 AND d.status OPERATOR(pg_catalog.=) 'pending'",
	2, {INT8OID, TEXTOID}
};

bool
respond_request_cancel(int64 delivery_id, const char *reason)
{
	Datum		values[2] = {Int64GetDatum(delivery_id), CStringGetTextDatum(reason)};
	bool		cancelled;

	SPI_connect();
	cancelled = respond_delivery_update(&cancel, respond_kept_plan_run_newest, values, NULL) > 0;
	SPI_finish();
	return cancelled;
}
