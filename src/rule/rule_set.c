/*-------------------------------------------------------------------------
 * rule_set.c
 *	  The rules of a database, compiled together.
 *
 * The set is made from what the current snapshot sees and kept until somebody
 * changes a rule, a mute or a route.  The change is announced by invalidating
 * the relation cache entry of respond.rule: that is sent at commit, in order,
 * also by COMMIT PREPARED, and costs nothing when nothing changes.
 *
 * src/rule/rule_set.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/arena_server.h"
#include "common/error_class.h"
#include "common/errors.h"
#include "common/partition_write.h"
#include "rule/flatten_event.h"
#include "rule/pattern_jsonb.h"
#include "rule/rule_set.h"
#include "rule/rule_set_parts.h"

struct RuleSet
{
	MemoryContext context;		/* of all below */
	int			count;
	Rule	   *rules;			/* highest priority first, then by name */
	MatchState *state;
	Rule	  **matched;		/* room for all */
	MuteSet    *mutes;
	RouteSet   *routes;
};

enum
{
	COLUMN_NAME = 1,
	COLUMN_VERSION,
	COLUMN_PRIORITY,
	COLUMN_SHADOW,
	COLUMN_OWNER,
	COLUMN_CONDITION,
	COLUMN_EVENT_TYPE,
	COLUMN_PATTERN,
	COLUMN_STEPS,
	COLUMN_ON_FAILURE
};

static const char *const rules_query =
"SELECT name, version, priority, shadow, owner::pg_catalog.text, condition, event_type, pattern, steps, on_failure"
"  FROM respond.rule WHERE enabled ORDER BY priority DESC, name COLLATE \"C\"";

static RuleSet *current = NULL;
static Oid	rule_table = InvalidOid;
static bool stale = true;
static bool listening = false;

static void
relation_changed(Datum unused, Oid relation)
{
	if (relation == InvalidOid || relation == rule_table)
		stale = true;
}

static char *
get_text(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

static Jsonb *
get_jsonb(HeapTuple row, int column)
{
	bool		is_null;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null);

	return is_null ? NULL : DatumGetJsonbPCopy(value);
}

static int32
get_int32(HeapTuple row, int column)
{
	bool		is_null;

	return DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, column, &is_null));
}

/*
 * Compiles the steps.  Rules are checked when they are written, so this fails
 * only for those that came another way, such as a dump of a later version; it
 * must not take the other rules with it.
 */
static void
compile_steps(Rule *rule, HeapTuple row, MemoryContext context)
{
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		rule->flow = respond_flow_compile(get_jsonb(row, COLUMN_STEPS), get_jsonb(row, COLUMN_ON_FAILURE),
										  rule->owner, false, context);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (respond_error_is_transient(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		rule->broken = error->message;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

static void
fill_rule(Rule *rule, HeapTuple row, MemoryContext context)
{
	bool		is_null;

	rule->name = get_text(row, COLUMN_NAME);
	rule->version = get_int32(row, COLUMN_VERSION);
	rule->priority = get_int32(row, COLUMN_PRIORITY);
	rule->shadow = DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, COLUMN_SHADOW, &is_null));
	rule->owner = get_text(row, COLUMN_OWNER);
	rule->condition_text = get_text(row, COLUMN_CONDITION);
	rule->context = context;
	if (!OidIsValid(get_role_oid(rule->owner, true)))
		rule->broken = psprintf("owner \"%s\" of the rule does not exist; give the rule another owner", rule->owner);
	else
		compile_steps(rule, row, context);
}

static void
add_to_matcher(Matcher *matcher, Rule *rule, int number, HeapTuple row)
{
	PatternError error;

	if (respond_matcher_add_jsonb(matcher, number, get_text(row, COLUMN_EVENT_TYPE),
								  get_jsonb(row, COLUMN_PATTERN), &error))
		return;

	/* it cannot be known which events are meant: it fires for none */
	ereport(WARNING,
			(errcode(ERRCODE_RESPOND_INVALID_RULE),
			 errmsg("rule \"%s\" is left out: pattern.%s: %s", rule->name, error.place, error.message)));
}

static RuleSet *
load(MemoryContext context)
{
	RuleSet    *set;
	Matcher    *matcher;
	ArenaSource source;
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	if (SPI_execute(rules_query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read respond.rule");
	MemoryContextSwitchTo(context);
	source = respond_arena_source_in(context);
	set = palloc0(sizeof(RuleSet));
	set->context = context;
	set->count = (int) SPI_processed;
	set->rules = MemoryContextAllocExtended(context, sizeof(Rule) * (set->count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->matched = palloc(sizeof(Rule *) * (set->count + 1));
	matcher = respond_matcher_begin(&source);
	for (int i = 0; i < set->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fill_rule(&set->rules[i], SPI_tuptable->vals[i], context);
		add_to_matcher(matcher, &set->rules[i], i, SPI_tuptable->vals[i]);
	}
	respond_matcher_finish(matcher);
	set->state = respond_matcher_state_create(matcher, &source);
	SPI_finish();
	set->mutes = respond_mute_set_load(context);
	set->routes = respond_route_set_load(context);
	MemoryContextSwitchTo(caller);
	return set;
}

RuleSet *
respond_rule_set_current(void)
{
	MemoryContext context;
	RuleSet    *set;

	if (!listening)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	listening = true;
	AcceptInvalidationMessages();
	if (!stale && current != NULL)
		return current;

	/* before reading: a change while the rules are read makes them stale again */
	stale = false;
	rule_table = respond_relation_oid("respond", "rule");
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rules", ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		set = load(context);
	}
	PG_CATCH();
	{
		stale = true;
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSetParent(context, TopMemoryContext);
	if (current != NULL)
		MemoryContextDelete(current->context);
	current = set;
	return set;
}

int
respond_rule_set_match(RuleSet *set, const Event *event, Rule ***rules)
{
	const int  *numbers;
	int			count;

	respond_flatten_event(respond_state_event(set->state), event);
	respond_matcher_match(set->state, &numbers, &count);
	for (int i = 0; i < count; i++)
		set->matched[i] = &set->rules[numbers[i]];
	*rules = set->matched;
	return count;
}

Rule *
respond_rule_set_find(RuleSet *set, const char *name)
{
	for (int i = 0; i < set->count; i++)
	{
		if (strcmp(set->rules[i].name, name) == 0)
			return &set->rules[i];
	}
	return NULL;
}

const char *
respond_rule_set_muted(RuleSet *set, const Event *event)
{
	return respond_mute_set_find(set->mutes, event);
}

void
respond_rule_set_notify(RuleSet *set, const Event *event)
{
	respond_route_set_notify(set->routes, event);
}

bool
respond_rule_condition(Rule *rule, const Event *event)
{
	if (rule->condition_text == NULL)
		return true;
	if (rule->condition == NULL)
		rule->condition = respond_owner_sql_prepare(OWNER_SQL_CONDITION, rule->condition_text,
													rule->owner, "condition", rule->context);
	return respond_owner_sql_condition(rule->condition, event, NULL);
}
