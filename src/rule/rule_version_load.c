/*-------------------------------------------------------------------------
 * rule_version_load.c
 *	  A rule as it was in one of its versions, for runs that began with it.
 *
 * src/rule/rule_version_load.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rule/rule_find.h"
#include "rule/rule_owner.h"
#include "rule/rule_row.h"
#include "rule/rule_version.h"

Rule *
respond_rule_version_load(const char *name, int32 version)
{
	RuleRow		row;
	Rule	   *rule;

	if (!respond_rule_find_version(name, version, &row))
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
