/*-------------------------------------------------------------------------
 * run_name.c
 *	  Keys that start() gave to runs that are under way.
 *
 * A row that stays behind, as that of a run that never began, does no harm: whoever
 * wants the key looks whether its run is under way.
 *
 * src/effect/run_name.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "common/kept_plan.h"
#include "effect/run_name.h"

static KeptPlan of_plan = {
	"SELECT n.key FROM respond_internal.run_name AS n WHERE n.run_id OPERATOR(pg_catalog.=) $1", 1, {INT8OID}
};
static KeptPlan free_plan = {
	"DELETE FROM respond_internal.run_name AS n WHERE n.rule OPERATOR(pg_catalog.=) $1"
	" AND n.key OPERATOR(pg_catalog.=) $2 AND n.run_id OPERATOR(pg_catalog.=) $3",
	3, {TEXTOID, TEXTOID, INT8OID}
};
static KeptPlan take_plan = {
	"INSERT INTO respond_internal.run_name AS n (rule, key, run_id) VALUES ($1, $2, $3)"
	" ON CONFLICT (rule, key) DO NOTHING RETURNING n.run_id",
	3, {TEXTOID, TEXTOID, INT8OID}
};
static KeptPlan find_plan = {
	"SELECT n.run_id FROM respond_internal.run_name AS n WHERE n.rule OPERATOR(pg_catalog.=) $1"
	" AND n.key OPERATOR(pg_catalog.=) $2 FOR UPDATE",
	2, {TEXTOID, TEXTOID}
};
static KeptPlan give_plan = {
	"UPDATE respond_internal.run_name AS n SET run_id = $3 WHERE n.rule OPERATOR(pg_catalog.=) $1"
	" AND n.key OPERATOR(pg_catalog.=) $2",
	3, {TEXTOID, TEXTOID, INT8OID}
};

/* Runs it; its first value, 0 when it gives no row. */
static int64
run(KeptPlan *plan, const char *rule, const char *key, int64 run_id)
{
	Datum		values[3] = {CStringGetTextDatum(rule), CStringGetTextDatum(key), Int64GetDatum(run_id)};
	int64		result = 0;
	bool		is_null;

	SPI_connect();
	if (respond_kept_plan_run_newest(plan, values, NULL) > 0 && SPI_tuptable != NULL)
		result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
	SPI_finish();
	return result;
}

char *
respond_run_name_of(int64 run_id)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		value = Int64GetDatum(run_id);
	char	   *key = NULL;
	bool		is_null;

	SPI_connect();
	if (respond_kept_plan_run_as_owner(&of_plan, &value, NULL) > 0)
	{
		Datum		name = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		key = TextDatumGetCString(name);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return key;
}

void
respond_run_name_free(const char *rule, const char *key, int64 run_id)
{
	(void) run(&free_plan, rule, key, run_id);
}

int64
respond_run_name_take(const char *rule, const char *key, int64 run_id)
{
	for (;;)
	{
		int64		other;

		CHECK_FOR_INTERRUPTS();
		if (run(&take_plan, rule, key, run_id) != 0)
			return 0;
		/* it may be gone by now */
		other = run(&find_plan, rule, key, 0);
		if (other != 0)
			return other == run_id ? 0 : other;
	}
}

void
respond_run_name_give(const char *rule, const char *key, int64 run_id)
{
	(void) run(&give_plan, rule, key, run_id);
}
