/*-------------------------------------------------------------------------
 * kept_plan.c
 *	  Statements of our own that a worker prepares once and runs often.
 *
 * src/common/kept_plan.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "common/kept_plan.h"
#include "common/partition_write.h"

static void
prepare(KeptPlan *kept)
{
	SPIPlanPtr	plan = SPI_prepare(kept->sql, kept->count, kept->types);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", kept->sql, SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", kept->sql);
	kept->plan = plan;
}

uint64
respond_kept_plan_run(KeptPlan *kept, Datum *values, const char *nulls)
{
	int			result;

	if (kept->plan == NULL)
		prepare(kept);
	result = SPI_execute_plan(kept->plan, values, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", kept->sql, SPI_result_code_string(result));
	return SPI_processed;
}

static Oid
owner_of_tables(void)
{
	Relation	table = RelationIdGetRelation(respond_relation_oid("respond", "event"));
	Oid			owner = table->rd_rel->relowner;

	RelationClose(table);
	return owner;
}

uint64
respond_kept_plan_run_as_owner(KeptPlan *kept, Datum *values, const char *nulls)
{
	Oid			owner = owner_of_tables();
	Oid			user;
	int			security;
	uint64		processed = 0;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	PG_TRY();
	{
		processed = respond_kept_plan_run(kept, values, nulls);
	}
	PG_FINALLY();
	{
		SetUserIdAndSecContext(user, security);
	}
	PG_END_TRY();
	return processed;
}

bool
respond_kept_plan_int64(KeptPlan *kept, Datum *values, int64 *result)
{
	bool		found;
	bool		is_null;

	SPI_connect();
	found = respond_kept_plan_run(kept, values, NULL) > 0;
	if (found)
		*result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return found;
}
