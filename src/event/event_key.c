/*-------------------------------------------------------------------------
 * event_key.c
 *	  A second event with the same source and key is not recorded again.
 *
 * The log is partitioned by time, so no index of it can tell whether a key is
 * known.  respond_internal.event_key does, with a primary key that makes a
 * second claimant wait for the first: whoever commits has the key, and after a
 * rollback the next one gets it.
 *
 * Events that are inserted by SQL claim their key in the trigger of event_row.c,
 * those written from C before they are written.  A restored dump runs through
 * the trigger too and fills event_key again; a key that is there already for
 * the same id is no duplicate.
 *
 * src/event/event_key.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/kept_plan.h"
#include "event/event_key.h"

static KeptPlan claim_key = {
	"INSERT INTO respond_internal.event_key (source, key, id, recorded_at)"
	" VALUES ($1, $2, $3, $4) ON CONFLICT (source, key) DO NOTHING",
	4, {TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID}
};
static KeptPlan find_key = {
	"SELECT k.id FROM respond_internal.event_key AS k"
	" WHERE k.source OPERATOR(pg_catalog.=) $1 AND k.key OPERATOR(pg_catalog.=) $2",
	2, {TEXTOID, TEXTOID}
};

/* Producers have no rights on the table of keys. */
static int64
claim_or_find(Datum *arguments)
{
	for (;;)
	{
		if (respond_kept_plan_run_newest(&claim_key, arguments, NULL) == 1)
			return 0;
		if (respond_kept_plan_run_newest(&find_key, arguments, NULL) == 1)
		{
			bool		is_null;

			return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
											   1, &is_null));
		}
		/* Retention removed the key between the two; claim it again. */
		CHECK_FOR_INTERRUPTS();
	}
}

int64
respond_event_key_claim(const char *source, const char *key, int64 id, TimestampTz recorded_at)
{
	Datum		arguments[4];
	int64		owner_id;

	SPI_connect();
	arguments[0] = CStringGetTextDatum(source);
	arguments[1] = CStringGetTextDatum(key);
	arguments[2] = Int64GetDatum(id);
	arguments[3] = TimestampTzGetDatum(recorded_at);
	owner_id = claim_or_find(arguments);
	SPI_finish();
	return owner_id;
}
