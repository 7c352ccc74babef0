/*-------------------------------------------------------------------------
 * audit_erase.c
 *	  Erasing people from rows of the audit log.
 *
 * What was done, when, and to which kind of object stays.  The values before
 * and after go whole, because a person can stand anywhere in them.  The seals keep
 * what is needed to check the row all the same; see 60_audit_seal.sql.
 *
 * src/audit/audit_erase.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"

#include "audit/audit_erase.h"
#include "common/kept_plan.h"

PG_FUNCTION_INFO_V1(respond_overwrite_audit);

static bool erasing = false;

static KeptPlan overwrite_plan = {
	"UPDATE respond.audit_log AS a SET"
	" old = CASE WHEN a.old IS NOT NULL THEN '{\"erased\": true}'::pg_catalog.jsonb END,"
	" new = CASE WHEN a.new IS NOT NULL THEN '{\"erased\": true}'::pg_catalog.jsonb END,"
	" actor = CASE WHEN a.actor OPERATOR(pg_catalog.=) ANY ($2) THEN 'erased' ELSE a.actor END,"
	" object_id = CASE WHEN a.object_id OPERATOR(pg_catalog.=) ANY ($2) THEN 'erased' ELSE a.object_id END,"
	" session_actor = CASE WHEN a.session_actor OPERATOR(pg_catalog.=) ANY ($2) THEN 'erased' ELSE a.session_actor END,"
	" salt = NULL"
	" WHERE a.id OPERATOR(pg_catalog.=) ANY ($1)",
	2, {INT8ARRAYOID, TEXTARRAYOID}
};

bool
respond_audit_is_erasing(void)
{
	return erasing;
}

/* overwrite_audit(ids bigint[], names text[]) -> bigint: how many rows it changed. */
Datum
respond_overwrite_audit(PG_FUNCTION_ARGS)
{
	Datum		values[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	volatile uint64 count = 0;

	SPI_connect();
	erasing = true;
	PG_TRY();
	{
		(void) respond_kept_plan_run_as_owner(&overwrite_plan, values, NULL);
		count = SPI_processed;
	}
	PG_FINALLY();
	{
		erasing = false;
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_INT64((int64) count);
}
