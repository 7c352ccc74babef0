/*-------------------------------------------------------------------------
 * rule_set.c
 *	  The rules of a database: which of them an event meets.
 *
 * One set for each process that asks, made anew when a message says that rules
 * changed.  Triggers on the tables send it as an invalidation of respond.rule,
 * so it arrives when the change commits, never before.
 *
 * src/rule/rule_set.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "common/partition_write.h"
#include "common/recode.h"
#include "common/relation_change.h"
#include "match/flatten_event.h"
#include "rule/rule_set_code.h"

static RuleSet *current_set = NULL;

/* The set is not what the tables say; written by invalidation callbacks. */
static bool is_stale = true;
static bool roles_have_changed = false;
static bool callbacks_registered = false;
static Oid	rule_table = InvalidOid;

static void
table_changed(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == rule_table)
		is_stale = true;
}

/* Owners may have been dropped, or be there again. */
static void
roles_changed(Datum argument, int cache, uint32 hash)
{
	is_stale = roles_have_changed = true;
}

static void
load(void)
{
	RuleSet    *set;
	bool		anew = roles_have_changed;

	rule_table = respond_relation_oid("respond", "rule");
	/* a message that comes while the tables are read must count */
	is_stale = roles_have_changed = false;
	PG_TRY();
	{
		set = respond_rule_set_load(current_set, anew);
	}
	PG_CATCH();
	{
		is_stale = true;
		roles_have_changed = anew;
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (current_set != NULL)
		respond_rule_set_free(current_set, set);
	current_set = set;
}

RuleSet *
respond_rule_set_current(void)
{
	if (!callbacks_registered)
	{
		respond_relation_on_change(table_changed);
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
		callbacks_registered = true;
	}
	/* A rule that was committed before an event must be applied to it. */
	AcceptInvalidationMessages();
	if (is_stale || current_set == NULL)
		load();
	return current_set;
}

static void
match_part(RulePart *part, const Event *event)
{
	respond_flatten_event(respond_state_event(part->state), event);
	respond_matcher_match(part->state, &part->numbers, &part->number_count);
}

static void
match_event(RuleSet *set, const Event *event)
{
	match_part(set->base, event);
	if (set->changes != NULL)
		match_part(set->changes, event);
}

/*
 * Compiles what the rule does.  Nothing but memory is touched by that, so an
 * error can be caught without a subtransaction.
 */
static void
prepare_rule(LoadedRule *loaded)
{
	MemoryContext context = CurrentMemoryContext;

	if (loaded->rule.flow != NULL || loaded->rule.broken != NULL)
		return;
	PG_TRY();
	{
		if (loaded->code_context == NULL)
			loaded->code_context = AllocSetContextCreate(TopMemoryContext, "pg_respond rule",
														 ALLOCSET_SMALL_SIZES);
		loaded->rule.flow = respond_flow_compile(&loaded->source, false, loaded->code_context);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		loaded->rule.broken = MemoryContextStrdup(loaded->code_context, error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
}

/* The next rule of the part that was matched; NULL at the end. */
static LoadedRule *
next_match(RulePart *part, int *position)
{
	while (part != NULL && *position < part->number_count && part->numbers[*position] < part->rule_count)
	{
		LoadedRule *loaded = &part->rules[part->numbers[(*position)++]];

		if (!loaded->dead)
			return loaded;
	}
	return NULL;
}

static void
list_rules(RuleSet *set, RuleMatch *match)
{
	int			positions[2] = {0};
	LoadedRule *base = next_match(set->base, &positions[0]);
	LoadedRule *changed = next_match(set->changes, &positions[1]);

	match->rules = set->matched;
	match->rule_count = 0;
	while (base != NULL || changed != NULL)
	{
		bool		first = changed == NULL || (base != NULL && base->rank < changed->rank);
		LoadedRule *loaded = first ? base : changed;

		prepare_rule(loaded);
		match->rules[match->rule_count++] = &loaded->rule;
		if (first)
			base = next_match(set->base, &positions[0]);
		else
			changed = next_match(set->changes, &positions[1]);
	}
}

/* Patterns of mutes and routes are numbered after those of the rules. */
static void
list_mute_and_routes(RuleSet *set, const Event *event, RuleMatch *match)
{
	const RulePart *part = set->speaker;

	match->muted_by = NULL;
	match->routes = set->telling;
	match->route_count = 0;
	for (int i = 0; i < part->number_count; i++)
	{
		int			mute = part->numbers[i] - part->rule_count;
		int			route = mute - part->mute_count;

		if (route >= 0)
			match->routes[match->route_count++] = &part->routes[route];
		else if (mute >= 0 && match->muted_by == NULL && respond_mute_covers(&part->mutes[mute], event))
			match->muted_by = respond_mute_text(&part->mutes[mute]);
	}
}

void
respond_rule_set_match(RuleSet *set, const Event *event, RuleMatch *match)
{
	match_event(set, event);
	list_rules(set, match);
	list_mute_and_routes(set, event, match);
}

void
respond_rule_match_notify(const RuleMatch *match, const Event *event)
{
	for (int i = 0; i < match->route_count; i++)
		respond_route_send(match->routes[i], event);
}

Rule *
respond_rule_set_find(RuleSet *set, const char *name)
{
	int			low = 0;
	int			high = set->rule_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = strcmp(set->by_name[middle]->rule.name, name);

		if (order == 0)
		{
			prepare_rule(set->by_name[middle]);
			return &set->by_name[middle]->rule;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int
respond_rule_set_count(RuleSet *set)
{
	return set->rule_count;
}

Rule *
respond_rule_set_get(RuleSet *set, int number)
{
	prepare_rule(set->ordered[number]);
	return &set->ordered[number]->rule;
}

bool
respond_rule_set_explain(RuleSet *set, const Event *event, const Rule *rule, char *text, size_t room)
{
	RulePart   *part = ((const LoadedRule *) rule)->part;
	int			number = (const LoadedRule *) rule - part->rules;

	/* the matcher explains the event that it matched last */
	match_event(set, event);
	if (respond_matcher_explain(part->state, number, text, room))
		return true;
	respond_from_utf8(text, room);
	return false;
}

bool
respond_rule_condition(Rule *rule, const Event *event)
{
	LoadedRule *loaded = (LoadedRule *) rule;

	if (rule->condition_text == NULL)
		return true;
	if (rule->condition == NULL)
	{
		if (loaded->code_context == NULL)
			loaded->code_context = AllocSetContextCreate(TopMemoryContext, "pg_respond rule",
														 ALLOCSET_SMALL_SIZES);
		rule->condition = respond_owner_sql_prepare(OWNER_SQL_CONDITION, rule->condition_text, rule->owner,
													"", NULL, loaded->code_context);
	}
	return respond_owner_sql_condition(rule->condition, event, NULL);
}
