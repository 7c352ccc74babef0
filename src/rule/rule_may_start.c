/*-------------------------------------------------------------------------
 * rule_may_start.c
 *	  Whether somebody may start a rule by hand, for the row policy of runs.
 *
 * It is asked for each run of a listing, and runs are of a few rules, so each
 * rule is looked up once in a statement.
 *
 * src/rule/rule_may_start.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "rule/rule_find.h"
#include "rule/rule_owner.h"

PG_FUNCTION_INFO_V1(respond_may_start);

/* What was found out, the latest in front. */
typedef struct KnownRule
{
	struct KnownRule *next;
	bool		may_start;
	char		name[FLEXIBLE_ARRAY_MEMBER];
} KnownRule;

static KnownRule *
look_up(FmgrInfo *function, const char *name)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond may_start", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	KnownRule  *known = MemoryContextAlloc(function->fn_mcxt, offsetof(KnownRule, name) + strlen(name) + 1);
	RuleRow		row;

	strcpy(known->name, name);
	known->may_start = respond_rule_find(name, &row) &&
		(respond_rule_acts_as(GetUserId(), respond_rule_owner(&row)) || respond_rule_has_leave(GetUserId(), &row));
	known->next = function->fn_extra;
	function->fn_extra = known;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return known;
}

/* may_start(rule) → whether the current role may act as its owner, or has the owner's leave */
Datum
respond_may_start(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	KnownRule  *known = fcinfo->flinfo->fn_extra;

	while (known != NULL && strcmp(known->name, name) != 0)
		known = known->next;
	if (known == NULL)
		known = look_up(fcinfo->flinfo, name);
	PG_RETURN_BOOL(known->may_start);
}
