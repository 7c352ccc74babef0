/*-------------------------------------------------------------------------
 * rule_call.c
 *	  Rules that call each other.
 *
 * A call acts with the rights of the rule that is called, as start() does; so the
 * owner of the calling rule needs the same leave as whoever starts it by hand.
 *
 * src/rule/rule_call.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "common/errors.h"
#include "common/kept_plan.h"
#include "flow/flow_callee.h"
#include "rule/rule_call.h"
#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "rule/rule_set.h"
#include "rule/rule_version_cache.h"

/*
 * The shortest way from the steps that are given back to the rule.  Names that
 * templates give are not known here; such a ring ends at pg_respond.max_depth.
 * Between rules that call many others there are more ways than anybody can walk, so
 * each call is looked at once for each number of calls before it, and the way is then
 * read backwards.
 */
static KeptPlan ring_plan = {
	"WITH RECURSIVE reached (name) AS ("
	" SELECT c.name FROM respond_internal.called_rules($2, $3, $4) AS c (name)"
	" UNION"
	" SELECT c.name FROM reached AS d JOIN respond.rule AS r ON r.name OPERATOR(pg_catalog.=) d.name,"
	" LATERAL respond_internal.called_rules(r.steps, r.on_failure, r.on_cancel) AS c (name)"
	" WHERE d.name OPERATOR(pg_catalog.<>) $1"
	"), call (caller, name) AS ("
	" SELECT $1, c.name FROM respond_internal.called_rules($2, $3, $4) AS c (name)"
	" UNION ALL"
	" SELECT r.name, c.name FROM reached AS d JOIN respond.rule AS r ON r.name OPERATOR(pg_catalog.=) d.name,"
	" LATERAL respond_internal.called_rules(r.steps, r.on_failure, r.on_cancel) AS c (name)"
	" WHERE d.name OPERATOR(pg_catalog.<>) $1"
	"), stop (name, calls) AS ("
	" SELECT c.name, 1 FROM call AS c WHERE c.caller OPERATOR(pg_catalog.=) $1"
	" UNION"
	" SELECT c.name, s.calls OPERATOR(pg_catalog.+) 1 FROM stop AS s"
	" JOIN call AS c ON c.caller OPERATOR(pg_catalog.=) s.name"
	" WHERE s.name OPERATOR(pg_catalog.<>) $1 AND s.calls OPERATOR(pg_catalog.<) 16"
	"), way (name, calls, names) AS ("
	" SELECT s.name, pg_catalog.min(s.calls), ARRAY[s.name] FROM stop AS s"
	" WHERE s.name OPERATOR(pg_catalog.=) $1 GROUP BY s.name"
	" UNION ALL"
	" SELECT b.name, b.calls, pg_catalog.array_prepend(b.name, w.names) FROM way AS w, LATERAL ("
	" SELECT s.name, s.calls FROM stop AS s JOIN call AS c ON c.caller OPERATOR(pg_catalog.=) s.name"
	" WHERE c.name OPERATOR(pg_catalog.=) w.name AND s.calls OPERATOR(pg_catalog.=) (w.calls OPERATOR(pg_catalog.-) 1)"
	" ORDER BY s.name LIMIT 1) AS b"
	") SELECT pg_catalog.array_to_string(w.names, '\" calls \"') FROM way AS w WHERE w.calls OPERATOR(pg_catalog.=) 1",
	4, {TEXTOID, JSONBOID, JSONBOID, JSONBOID}
};

/* Why a rule of this owner cannot call it; NULL: it can. */
static char *
find_fault(const RuleRow *row, Oid owner, Oid caller)
{
	if (!OidIsValid(owner))
		return psprintf("cannot run: %s", respond_rule_owner_fault(row));
	if (!respond_rule_acts_as(caller, owner) && !respond_rule_has_leave(caller, row))
		return psprintf("may not be called by rules of this owner: it acts with the rights of role \"%s\","
						" which can allow that in start_roles", row->owner);
	if (!row->enabled)
		return pstrdup("is disabled");
	if (row->shadow)
		return pstrdup("is a shadow rule");
	return NULL;
}

static void
find_callee(const char *name, Oid caller, FlowCallee *callee)
{
	RuleRow		row;
	Rule	   *rule;

	memset(callee, 0, sizeof(*callee));
	if (!respond_rule_find(name, &row))
	{
		callee->fault = pstrdup("does not exist");
		return;
	}
	callee->owner = respond_rule_owner(&row);
	callee->fault = find_fault(&row, callee->owner, caller);
	if (callee->fault != NULL)
		return;
	rule = respond_rule_version_get(row.name, row.version);
	if (rule == NULL || rule->broken != NULL)
	{
		callee->fault = psprintf("cannot run: %s", rule != NULL ? rule->broken : "it was dropped");
		return;
	}
	callee->name = rule->name;
	callee->version = rule->version;
	callee->flow = rule->flow;
	callee->open = respond_rule_acts_as(caller, callee->owner);
}

void
respond_rule_call_check(const RuleRow *row)
{
	Datum		values[4] = {CStringGetTextDatum(row->name), JsonbPGetDatum(row->steps),
	JsonbPGetDatum(row->on_failure), JsonbPGetDatum(row->on_cancel)};
	char		nulls[] = "    ";
	char	   *way = NULL;
	MemoryContext caller = CurrentMemoryContext;

	nulls[2] = row->on_failure == NULL ? 'n' : ' ';
	nulls[3] = row->on_cancel == NULL ? 'n' : ' ';
	SPI_connect();
	if (respond_kept_plan_run_as_owner(&ring_plan, values, nulls) > 0)
		way = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	if (way != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_INVALID_RULE),
				 errmsg("steps: the rule would call itself: \"%s\" calls \"%s\"", row->name, way),
				 errhint("Let it emit an event instead, which the rule answers.")));
}

void
respond_rule_call_initialize(void)
{
	respond_flow_find_callee = find_callee;
}
