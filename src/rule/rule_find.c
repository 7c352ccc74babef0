/*-------------------------------------------------------------------------
 * rule_find.c
 *	  The row of a rule, as it is now or as it was.
 *
 * src/rule/rule_find.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/kept_plan.h"
#include "rule/rule_find.h"

static KeptPlan today_plan = {
	"SELECT r.* FROM respond.rule AS r WHERE r.name OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}
};

/* In this order: a version that ends meanwhile goes from the first to the second. */
static KeptPlan version_plans[] = {
	{"SELECT r.* FROM respond.rule AS r"
		" WHERE r.name OPERATOR(pg_catalog.=) $1 AND r.version OPERATOR(pg_catalog.=) $2", 2, {TEXTOID, INT4OID}},
	{"SELECT v.* FROM respond.rule_version AS v"
		" WHERE v.name OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2", 2, {TEXTOID, INT4OID}},
};

static bool
read_row(KeptPlan *plan, Datum *arguments, RuleRow *row)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		values[RULE_COLUMNS];
	bool		nulls[RULE_COLUMNS];
	bool		found;

	SPI_connect();
	found = respond_kept_plan_run_as_owner(plan, arguments, NULL) > 0;
	if (found)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		respond_shape_deform(&respond_shape_rule, SPI_tuptable->tupdesc, SPI_tuptable->vals[0], values, nulls);
		respond_rule_row_read(row, values, nulls);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return found;
}

bool
respond_rule_find(const char *name, RuleRow *row)
{
	Datum		argument = CStringGetTextDatum(name);

	return read_row(&today_plan, &argument, row);
}

bool
respond_rule_find_version(const char *name, int32 version, RuleRow *row)
{
	Datum		arguments[2] = {CStringGetTextDatum(name), Int32GetDatum(version)};
	bool		found = false;

	for (int i = 0; i < lengthof(version_plans) && !found; i++)
		found = read_row(&version_plans[i], arguments, row);
	return found;
}
