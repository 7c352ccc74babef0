/*-------------------------------------------------------------------------
 * rule_version_load.c
 *	  A rule as it was in one of its versions, for runs that began with it.
 *
 * src/rule/rule_version_load.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/kept_plan.h"
#include "rule/rule_owner.h"
#include "rule/rule_row.h"
#include "rule/rule_version.h"

/* In this order: a version that ends meanwhile goes from the first to the second. */
static KeptPlan plans[] = {
	{"SELECT r.* FROM respond.rule AS r"
		" WHERE r.name OPERATOR(pg_catalog.=) $1 AND r.version OPERATOR(pg_catalog.=) $2", 2, {TEXTOID, INT4OID}},
	{"SELECT v.* FROM respond.rule_version AS v"
		" WHERE v.name OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2", 2, {TEXTOID, INT4OID}},
};

static bool
read_row(KeptPlan *plan, const char *name, int32 version, RuleRow *row)
{
	MemoryContext caller = CurrentMemoryContext;
	Datum		arguments[2] = {CStringGetTextDatum(name), Int32GetDatum(version)};
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

Rule *
respond_rule_version_load(const char *name, int32 version)
{
	RuleRow		row;
	Rule	   *rule;
	bool		found = false;

	for (int i = 0; i < lengthof(plans) && !found; i++)
		found = read_row(&plans[i], name, version, &row);
	if (!found)
		return NULL;
	rule = palloc0(sizeof(Rule));
	rule->name = row.name;
	rule->version = row.version;
	rule->priority = row.priority;
	rule->shadow = row.shadow;
	rule->condition_text = row.condition;
	rule->owner = respond_rule_owner(&row);
	if (OidIsValid(rule->owner))
	{
		FlowSource	source = respond_rule_row_flow(&row, rule->owner);

		rule->flow = respond_flow_compile(&source, false, CurrentMemoryContext);
	}
	else
		rule->broken = respond_rule_owner_fault(&row);
	return rule;
}
