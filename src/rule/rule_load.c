/*-------------------------------------------------------------------------
 * rule_load.c
 *	  Loads rules, mutes and routes into a rule set.
 *
 * The tables are scanned without SQL, as they are now and not as the batch's
 * snapshot sees them: the message that they changed may have come after that
 * snapshot was taken, and would not come again.
 *
 * Only the matcher is made here.  Steps and conditions are compiled when an
 * event first reaches a rule, and kept as long as the rule's row is the same.
 *
 * One bad row spoils nothing but itself: a rule is marked broken, a mute or a
 * route is left out with a warning.
 *
 * src/rule/rule_load.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/arena_server.h"
#include "common/partition_write.h"
#include "rule/pattern_jsonb.h"
#include "rule/rule_owner.h"
#include "rule/rule_row.h"
#include "rule/rule_set_code.h"

/* A row of respond.rule that is not yet in the set. */
typedef struct RuleSource
{
	RuleRow		row;
	ItemPointerData tid;
	TransactionId xmin;
} RuleSource;

/* What is needed for the length of a load. */
typedef struct Loader
{
	RuleSet    *set;
	MemoryContext scratch;
	Snapshot	snapshot;
	int			room;			/* of the array that is being filled */
	RuleSource *sources;
	int			source_count;
} Loader;

static void
scan_table(Loader *loader, const char *name, void (*take) (Loader *loader, TupleTableSlot *slot))
{
	Relation	table = table_open(respond_relation_oid("respond", name), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, loader->snapshot, 0, NULL);

	loader->room = 0;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		take(loader, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
}

/* Room for one more element of an array that lives in context. */
static void *
grow(MemoryContext context, void *array, int count, int *room, Size size)
{
	if (count < *room)
		return array;
	*room = Max(16, *room * 2);
	if (array == NULL)
		return MemoryContextAllocHuge(context, size * *room);
	return repalloc_huge(array, size * *room);
}

static void
take_rule(Loader *loader, TupleTableSlot *slot)
{
	RuleSource *source;
	bool		is_null;

	if (!DatumGetBool(slot->tts_values[RULE_ENABLED]))
		return;
	loader->sources = grow(loader->scratch, loader->sources, loader->source_count, &loader->room,
						   sizeof(RuleSource));
	source = &loader->sources[loader->source_count++];
	respond_rule_row_read(&source->row, slot->tts_values, slot->tts_isnull);
	source->tid = slot->tts_tid;
	source->xmin = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null));
}

/* Adds a mute or route to the matcher; false, with a warning, when its pattern is not one. */
static bool
add_or_warn(Loader *loader, int number, const char *kind, const char *name, const char *event_type,
			Jsonb *pattern)
{
	PatternError error;

	if (respond_matcher_add_jsonb(loader->set->matcher, number, event_type, pattern, &error))
		return true;
	ereport(WARNING,
			(errmsg("%s \"%s\" is left out: %s", kind, name, error.message),
			 errdetail("Place in the pattern: %s.", error.place),
			 errhint("Update the row, so that its pattern is checked.")));
	return false;
}

static void
take_mute(Loader *loader, TupleTableSlot *slot)
{
	RuleSet    *set = loader->set;
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	MemoryContext old_context;

	set->mutes = grow(set->context, set->mutes, set->mute_count, &loader->room, sizeof(Mute));
	old_context = MemoryContextSwitchTo(set->context);
	respond_mute_read(&set->mutes[set->mute_count], values, nulls);
	MemoryContextSwitchTo(old_context);
	if (add_or_warn(loader, set->rule_count + set->mute_count, "mute",
					psprintf(INT64_FORMAT, set->mutes[set->mute_count].id),
					respond_row_text(values, nulls, MUTE_EVENT_TYPE),
					respond_row_jsonb(values, nulls, MUTE_PATTERN)))
		set->mute_count++;
}

/* Compiles the payload; what is wrong with it can only be memory's and its own. */
static bool
read_route(Loader *loader, Route *route, TupleTableSlot *slot)
{
	MemoryContext old_context = MemoryContextSwitchTo(loader->set->context);
	volatile bool usable = false;

	PG_TRY();
	{
		usable = respond_route_read(route, slot->tts_values, slot->tts_isnull);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(loader->scratch);
		error = CopyErrorData();
		FlushErrorState();
		ereport(WARNING,
				(errmsg("route \"%s\" is left out: %s",
						TextDatumGetCString(slot->tts_values[ROUTE_NAME]), error->message)));
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old_context);
	return usable;
}

static void
take_route(Loader *loader, TupleTableSlot *slot)
{
	RuleSet    *set = loader->set;
	Route	   *route;

	set->routes = grow(set->context, set->routes, set->route_count, &loader->room, sizeof(Route));
	route = &set->routes[set->route_count];
	if (read_route(loader, route, slot) &&
		add_or_warn(loader, set->rule_count + set->mute_count + set->route_count, "route", route->name,
					respond_row_text(slot->tts_values, slot->tts_isnull, ROUTE_EVENT_TYPE),
					respond_row_jsonb(slot->tts_values, slot->tts_isnull, ROUTE_PATTERN)))
		set->route_count++;
}

static int
compare_sources(const void *a, const void *b)
{
	const RuleSource *left = a;
	const RuleSource *right = b;

	if (left->row.priority != right->row.priority)
		return left->row.priority > right->row.priority ? -1 : 1;
	return strcmp(left->row.name, right->row.name);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(LoadedRule *const *) a)->rule.name, (*(LoadedRule *const *) b)->rule.name);
}

/* Adds the rule to the matcher; one whose pattern is not one takes all events of its type, broken. */
static const char *
add_rule(RuleSet *set, int number, const RuleRow *row)
{
	PatternError error;

	if (respond_matcher_add_jsonb(set->matcher, number, row->event_type, row->pattern, &error))
		return NULL;
	(void) respond_matcher_add_jsonb(set->matcher, number, row->event_type, NULL, &error);
	return MemoryContextStrdup(set->context,
							   psprintf("pattern%s%s: %s", error.place[0] != '\0' ? "." : "",
										error.place, error.message));
}

static void
load_rule(RuleSet *set, int number, const RuleSource *source)
{
	LoadedRule *loaded = &set->rules[number];
	const RuleRow *row = &source->row;
	MemoryContext old_context;

	loaded->rule.broken = add_rule(set, number, row);
	old_context = MemoryContextSwitchTo(set->context);
	loaded->tid = source->tid;
	loaded->xmin = source->xmin;
	loaded->rule.name = pstrdup(row->name);
	loaded->rule.version = row->version;
	loaded->rule.priority = row->priority;
	loaded->rule.shadow = row->shadow;
	loaded->rule.owner = respond_rule_owner(row);
	loaded->rule.condition_text = row->condition != NULL ? pstrdup(row->condition) : NULL;
	loaded->steps = palloc(VARSIZE(row->steps));
	memcpy(loaded->steps, row->steps, VARSIZE(row->steps));
	if (row->on_failure != NULL)
	{
		loaded->on_failure = palloc(VARSIZE(row->on_failure));
		memcpy(loaded->on_failure, row->on_failure, VARSIZE(row->on_failure));
	}
	if (loaded->rule.broken == NULL && !OidIsValid(loaded->rule.owner))
		loaded->rule.broken = respond_rule_owner_fault(row);
	MemoryContextSwitchTo(old_context);
}

static void
load_rules(Loader *loader)
{
	RuleSet    *set = loader->set;
	Size		count = loader->source_count;

	if (count > 1)
		qsort(loader->sources, count, sizeof(RuleSource), compare_sources);
	set->rule_count = count;
	set->rules = MemoryContextAllocExtended(set->context, sizeof(LoadedRule) * Max(count, 1),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->by_name = MemoryContextAllocHuge(set->context, sizeof(LoadedRule *) * Max(count, 1));
	set->matched = MemoryContextAllocHuge(set->context, sizeof(Rule *) * Max(count, 1));
	for (int i = 0; i < set->rule_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		load_rule(set, i, &loader->sources[i]);
		set->by_name[i] = &set->rules[i];
	}
	if (count > 1)
		qsort(set->by_name, count, sizeof(LoadedRule *), compare_names);
}

/* What was compiled goes over to the new set where the row is the same. */
static void
take_over_code(RuleSet *set, RuleSet *old)
{
	int			other = 0;

	for (int i = 0; i < set->rule_count && other < old->rule_count; i++)
	{
		LoadedRule *rule = set->by_name[i];
		LoadedRule *before;
		int			order;

		while (other < old->rule_count &&
			   (order = strcmp(old->by_name[other]->rule.name, rule->rule.name)) < 0)
			other++;
		if (other == old->rule_count || order > 0)
			continue;
		before = old->by_name[other];
		if (before->code_context == NULL || before->xmin != rule->xmin || rule->rule.broken != NULL ||
			before->rule.broken != NULL || !ItemPointerEquals(&before->tid, &rule->tid))
			continue;
		rule->code_context = before->code_context;
		rule->rule.flow = before->rule.flow;
		rule->rule.condition = before->rule.condition;
		before->code_context = NULL;
	}
}

RuleSet *
respond_rule_set_load(RuleSet *old)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rules",
												  ALLOCSET_DEFAULT_SIZES);
	ArenaSource source = respond_arena_source_in(context);
	Loader		loader = {0};
	MemoryContext old_context;
	RuleSet    *set;

	set = MemoryContextAllocZero(context, sizeof(RuleSet));
	set->context = context;
	set->matcher = respond_matcher_begin(&source);
	loader.set = set;
	loader.scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rule rows",
										   ALLOCSET_DEFAULT_SIZES);
	loader.snapshot = RegisterSnapshot(GetLatestSnapshot());
	old_context = MemoryContextSwitchTo(loader.scratch);
	scan_table(&loader, "rule", take_rule);
	load_rules(&loader);
	scan_table(&loader, "mute", take_mute);
	scan_table(&loader, "route", take_route);
	respond_matcher_finish(set->matcher);
	set->state = respond_matcher_state_create(set->matcher, &source);
	respond_matcher_state_prepare(set->state);
	UnregisterSnapshot(loader.snapshot);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(loader.scratch);
	if (old != NULL)
		take_over_code(set, old);
	/* from here on nothing can fail: the set survives the transaction */
	MemoryContextSetParent(context, TopMemoryContext);
	return set;
}
