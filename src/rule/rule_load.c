/*-------------------------------------------------------------------------
 * rule_load.c
 *	  Loads rules, mutes and routes into a rule set.
 *
 * The tables are scanned without SQL, as they are now and not as the batch's
 * snapshot sees them: the message that they changed may have come after that
 * snapshot was taken, and would not come again.
 *
 * Of a large set only what changed is read and compiled, into a part of its own:
 * the rows are walked through, and a rule whose row is where it was, with the
 * transaction and the name that it had, is the same.  Everything is compiled together again
 * when an eighth of it has changed.
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
#include "common/grow.h"
#include "common/partition_write.h"
#include "common/row_values.h"
#include "common/shape.h"
#include "match/hash.h"
#include "match/pattern_jsonb.h"
#include "owner/owner_guard.h"
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

/* Rules from which on a change does not make everything anew, and the share that does, as a divisor. */
#define LARGE_SET			1000
#define LARGE_CHANGE		8

/* A rule by the place of its row. */
typedef struct RulePlace
{
	ItemPointerData tid;		/* hash key */
	int			number;
} RulePlace;

/* What is needed for the length of a load. */
typedef struct Loader
{
	RulePart   *part;
	RulePart   *base;			/* whose rules need not be read again; NULL: all are */
	bool	   *seen;			/* of those, whose row is there */
	uint64		speech;
	MemoryContext scratch;
	Snapshot	snapshot;
	int			room;			/* of the array that is being filled */
	RuleSource *sources;
	int			source_count;
} Loader;

/* Rows are read as they are, so ours must be the first columns, in their order. */
static void
check_shape(const char *name, TupleDesc desc)
{
	const Shape *shape = strcmp(name, "rule") == 0 ? &respond_shape_rule :
		strcmp(name, "mute") == 0 ? &respond_shape_mute : &respond_shape_route;

	respond_shape_require_order(shape, desc);
}

static void
scan_table(Loader *loader, const char *name, void (*take) (Loader *loader, TupleTableSlot *slot))
{
	Relation	table = respond_shape_open_heap(respond_relation_oid("respond", name), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, loader->snapshot, 0, NULL);

	check_shape(name, RelationGetDescr(table));
	loader->room = 0;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		take(loader, slot);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(table, AccessShareLock);
}

static TransactionId
xmin_of(TupleTableSlot *slot)
{
	bool		is_null;

	return DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &is_null));
}

static bool
has_name(TupleTableSlot *slot, const char *name)
{
	bool		is_null;
	text	   *value = DatumGetTextPP(slot_getattr(slot, RULE_NAME + 1, &is_null));

	return VARSIZE_ANY_EXHDR(value) == strlen(name) && memcmp(VARDATA_ANY(value), name, strlen(name)) == 0;
}

/*
 * Whether the base has this version of the row.  A table that is written anew
 * puts rows of one transaction into each other's places, so the name counts too.
 */
static bool
is_known(Loader *loader, TupleTableSlot *slot)
{
	RulePlace  *place = hash_search(loader->base->by_tid, &slot->tts_tid, HASH_FIND, NULL);
	const LoadedRule *known;

	if (place == NULL)
		return false;
	known = &loader->base->rules[place->number];
	if (known->xmin != xmin_of(slot) || !has_name(slot, known->rule.name))
		return false;
	loader->seen[place->number] = true;
	return true;
}

static void
take_rule(Loader *loader, TupleTableSlot *slot)
{
	RuleSource *source;

	if (loader->base != NULL && is_known(loader, slot))
		return;
	slot_getallattrs(slot);
	if (!DatumGetBool(slot->tts_values[RULE_ENABLED]))
		return;
	loader->sources = respond_grow(loader->scratch, loader->sources, loader->source_count, &loader->room,
						   sizeof(RuleSource));
	source = &loader->sources[loader->source_count++];
	respond_rule_row_read(&source->row, slot->tts_values, slot->tts_isnull);
	source->tid = slot->tts_tid;
	source->xmin = xmin_of(slot);
}

/* Adds a mute or route to the matcher; false, with a warning, when its pattern is not one. */
static bool
add_or_warn(Loader *loader, int number, const char *kind, const char *name, const char *event_type,
			Jsonb *pattern)
{
	PatternError error;

	if (respond_matcher_add_jsonb(loader->part->matcher, number, event_type, pattern, &error))
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
	RulePart   *set = loader->part;
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	MemoryContext old_context;

	slot_getallattrs(slot);
	set->mutes = respond_grow(set->context, set->mutes, set->mute_count, &loader->room, sizeof(Mute));
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
	MemoryContext old_context = MemoryContextSwitchTo(loader->part->context);
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
	RulePart   *set = loader->part;
	Route	   *route;

	slot_getallattrs(slot);
	set->routes = respond_grow(set->context, set->routes, set->route_count, &loader->room, sizeof(Route));
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
add_rule(RulePart *set, int number, const RuleRow *row)
{
	PatternError error;

	if (respond_matcher_add_jsonb(set->matcher, number, row->event_type, row->pattern, &error))
		return NULL;
	(void) respond_matcher_add_jsonb(set->matcher, number, row->event_type, NULL, &error);
	return MemoryContextStrdup(set->context,
							   psprintf("pattern%s%s: %s", error.place[0] != '\0' ? "." : "",
										error.place, error.message));
}

static Jsonb *
copy_document(Jsonb *document)
{
	Jsonb	   *copy;

	if (document == NULL)
		return NULL;
	copy = palloc(VARSIZE(document));
	memcpy(copy, document, VARSIZE(document));
	return copy;
}

static void
load_rule(RulePart *set, int number, const RuleSource *source)
{
	LoadedRule *loaded = &set->rules[number];
	const RuleRow *row = &source->row;
	MemoryContext old_context;

	loaded->rule.broken = add_rule(set, number, row);
	old_context = MemoryContextSwitchTo(set->context);
	loaded->part = set;
	loaded->tid = source->tid;
	loaded->xmin = source->xmin;
	loaded->rule.name = pstrdup(row->name);
	loaded->rule.version = row->version;
	loaded->rule.priority = row->priority;
	loaded->rule.shadow = row->shadow;
	loaded->rule.owner = respond_rule_owner(row);
	loaded->rule.condition_text = row->condition != NULL ? pstrdup(row->condition) : NULL;
	loaded->source.steps = copy_document(row->steps);
	loaded->source.on_failure = copy_document(row->on_failure);
	loaded->source.on_cancel = copy_document(row->on_cancel);
	loaded->source.cancel_on = copy_document(row->cancel_on);
	loaded->source.concurrency = copy_document(row->concurrency);
	loaded->source.timezone = row->timezone != NULL ? pstrdup(row->timezone) : NULL;
	loaded->source.owner = loaded->rule.owner;
	if (loaded->rule.broken == NULL && !OidIsValid(loaded->rule.owner))
		loaded->rule.broken = respond_rule_owner_fault(row);
	MemoryContextSwitchTo(old_context);
}

static void
load_rules(Loader *loader)
{
	RulePart   *set = loader->part;
	Size		count = loader->source_count;

	if (count > 1)
		qsort(loader->sources, count, sizeof(RuleSource), compare_sources);
	set->rule_count = count;
	set->rules = MemoryContextAllocExtended(set->context, sizeof(LoadedRule) * Max(count, 1),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->by_name = MemoryContextAllocHuge(set->context, sizeof(LoadedRule *) * Max(count, 1));
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
take_over_code(RulePart *set, RulePart *old)
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
		if (before->code_context == NULL || before->xmin != rule->xmin ||
			before->rule.owner != rule->rule.owner || rule->rule.broken != NULL ||
			before->rule.broken != NULL || !ItemPointerEquals(&before->tid, &rule->tid))
			continue;
		rule->code_context = before->code_context;
		rule->rule.flow = before->rule.flow;
		rule->rule.condition = before->rule.condition;
		before->code_context = NULL;
	}
}

/* For a large part: its rules by the places of their rows. */
static void
index_places(RulePart *part)
{
	HASHCTL		control = {.keysize = sizeof(ItemPointerData),.entrysize = sizeof(RulePlace)};

	if (part->rule_count < LARGE_SET)
		return;
	control.hcxt = part->context;
	part->by_tid = hash_create("pg_respond rules by place", part->rule_count, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < part->rule_count; i++)
	{
		RulePlace  *place = hash_search(part->by_tid, &part->rules[i].tid, HASH_ENTER, NULL);

		place->number = i;
	}
}

static void
open_loader(Loader *loader)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rules", ALLOCSET_DEFAULT_SIZES);
	ArenaSource source;

	loader->part = MemoryContextAllocZero(context, sizeof(RulePart));
	loader->part->context = context;
	source = respond_arena_source_in(loader->part->context);
	loader->part->matcher = respond_matcher_begin(&source);
	loader->scratch = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rule rows", ALLOCSET_DEFAULT_SIZES);
	loader->snapshot = RegisterSnapshot(GetLatestSnapshot());
}

static void
close_loader(Loader *loader)
{
	UnregisterSnapshot(loader->snapshot);
	MemoryContextDelete(loader->scratch);
}

static void
finish_part(Loader *loader)
{
	ArenaSource source = respond_arena_source_in(loader->part->context);

	respond_matcher_finish(loader->part->matcher);
	loader->part->state = respond_matcher_state_create(loader->part->matcher, &source);
	respond_matcher_state_prepare(loader->part->state);
}

static void
note_speech(Loader *loader, TupleTableSlot *slot)
{
	uint64		place = ((uint64) ItemPointerGetBlockNumber(&slot->tts_tid) << 16) |
		ItemPointerGetOffsetNumber(&slot->tts_tid);

	loader->speech = respond_hash_combine(respond_hash_combine(loader->speech, place), xmin_of(slot));
}

/* What tells the rows of mutes and routes from other ones. */
static uint64
read_speech(Loader *loader)
{
	loader->speech = 0;
	scan_table(loader, "mute", note_speech);
	loader->speech = respond_hash_combine(loader->speech, 1);
	scan_table(loader, "route", note_speech);
	return loader->speech;
}

static bool
comes_first(const LoadedRule *a, const LoadedRule *b)
{
	if (a->rule.priority != b->rule.priority)
		return a->rule.priority > b->rule.priority;
	return strcmp(a->rule.name, b->rule.name) < 0;
}

/* Both parts' rules in one order; seen: those of the base that count, NULL: all. */
static void
arrange(RuleSet *set, const bool *seen)
{
	RulePart   *base = set->base;
	RulePart   *changes = set->changes;
	int			changed = changes != NULL ? changes->rule_count : 0;
	Size		room = Max(base->rule_count + changed, 1);
	int			next = 0;
	int			next_name = 0;
	int			names = 0;

	set->ordered = MemoryContextAllocHuge(set->context, sizeof(LoadedRule *) * room);
	set->by_name = MemoryContextAllocHuge(set->context, sizeof(LoadedRule *) * room);
	set->matched = MemoryContextAllocHuge(set->context, sizeof(Rule *) * room);
	for (int i = 0; i < base->rule_count; i++)
	{
		LoadedRule *by_order = &base->rules[i];
		LoadedRule *by_name = base->by_name[i];

		if (seen == NULL || seen[i])
		{
			while (next < changed && comes_first(&changes->rules[next], by_order))
				set->ordered[set->rule_count++] = &changes->rules[next++];
			set->ordered[set->rule_count++] = by_order;
		}
		if (seen == NULL || seen[by_name - base->rules])
		{
			while (next_name < changed && strcmp(changes->by_name[next_name]->rule.name, by_name->rule.name) < 0)
				set->by_name[names++] = changes->by_name[next_name++];
			set->by_name[names++] = by_name;
		}
	}
	while (next < changed)
		set->ordered[set->rule_count++] = &changes->rules[next++];
	while (next_name < changed)
		set->by_name[names++] = changes->by_name[next_name++];
}

static RuleSet *
new_set(RulePart *base, RulePart *changes)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond rule set", ALLOCSET_DEFAULT_SIZES);
	RuleSet    *set = MemoryContextAllocZero(context, sizeof(RuleSet));

	set->context = context;
	set->base = base;
	set->changes = changes;
	set->speaker = changes != NULL && changes->speech != base->speech ? changes : base;
	set->telling = MemoryContextAllocHuge(context, sizeof(Route *) * Max(set->speaker->route_count, 1));
	return set;
}

/* From here on nothing can fail: the set survives the transaction. */
static void
keep_set(RuleSet *set, const bool *seen)
{
	for (int i = 0; seen != NULL && i < set->base->rule_count; i++)
		set->base->rules[i].dead = !seen[i];
	for (int i = 0; i < set->rule_count; i++)
		set->ordered[i]->rank = i;
	MemoryContextSetParent(set->base->context, TopMemoryContext);
	if (set->changes != NULL)
		MemoryContextSetParent(set->changes->context, TopMemoryContext);
	MemoryContextSetParent(set->context, TopMemoryContext);
}

static RuleSet *
load_all(RuleSet *old)
{
	Loader		loader = {0};
	MemoryContext old_context;
	RuleSet    *set;

	open_loader(&loader);
	old_context = MemoryContextSwitchTo(loader.scratch);
	loader.part->speech = read_speech(&loader);
	scan_table(&loader, "rule", take_rule);
	load_rules(&loader);
	scan_table(&loader, "mute", take_mute);
	scan_table(&loader, "route", take_route);
	finish_part(&loader);
	index_places(loader.part);
	MemoryContextSwitchTo(old_context);
	close_loader(&loader);
	set = new_set(loader.part, NULL);
	arrange(set, NULL);
	if (old != NULL)
	{
		take_over_code(set->base, old->base);
		if (old->changes != NULL)
			take_over_code(set->base, old->changes);
	}
	keep_set(set, NULL);
	return set;
}

/* NULL if so much has changed that everything is better made anew. */
static RuleSet *
load_changes(RuleSet *old)
{
	Loader		loader = {.base = old->base};
	MemoryContext old_context;
	RuleSet    *set = NULL;
	bool		small;

	open_loader(&loader);
	old_context = MemoryContextSwitchTo(loader.scratch);
	loader.seen = palloc0(sizeof(bool) * old->base->rule_count);
	scan_table(&loader, "rule", take_rule);
	small = loader.source_count <= old->base->rule_count / LARGE_CHANGE;
	if (small)
	{
		load_rules(&loader);
		loader.part->speech = read_speech(&loader);
		if (loader.part->speech != old->base->speech)
		{
			scan_table(&loader, "mute", take_mute);
			scan_table(&loader, "route", take_route);
		}
		finish_part(&loader);
		MemoryContextSwitchTo(old_context);
		if (loader.part->rule_count == 0 && loader.part->speech == old->base->speech)
		{
			MemoryContextDelete(loader.part->context);
			loader.part = NULL;
		}
		set = new_set(old->base, loader.part);
		arrange(set, loader.seen);
		if (old->changes != NULL && loader.part != NULL)
			take_over_code(loader.part, old->changes);
		keep_set(set, loader.seen);
	}
	else
	{
		MemoryContextSwitchTo(old_context);
		MemoryContextDelete(loader.part->context);
	}
	close_loader(&loader);
	return set;
}

/* Whether every rule can run and its owner is there still. */
static bool
owners_are_there(const RuleSet *set)
{
	Oid			known = InvalidOid;

	for (int i = 0; i < set->rule_count; i++)
	{
		const Rule *rule = &set->ordered[i]->rule;

		if (rule->broken != NULL || !OidIsValid(rule->owner))
			return false;
		if (rule->owner != known && !respond_owner_exists(rule->owner))
			return false;
		known = rule->owner;
	}
	return true;
}

RuleSet *
respond_rule_set_load(RuleSet *old, bool anew)
{
	RuleSet    *set = NULL;

	/* most changes of roles have nothing to do with rules */
	if (anew && old != NULL && owners_are_there(old))
		anew = false;
	if (old != NULL && !anew && old->base->by_tid != NULL)
		set = load_changes(old);
	return set != NULL ? set : load_all(old);
}

static void
free_part(RulePart *part)
{
	for (int i = 0; i < part->rule_count; i++)
		if (part->rules[i].code_context != NULL)
			MemoryContextDelete(part->rules[i].code_context);
	MemoryContextDelete(part->context);
}

void
respond_rule_set_free(RuleSet *set, const RuleSet *heir)
{
	if (set->changes != NULL)
		free_part(set->changes);
	if (set->base != heir->base)
		free_part(set->base);
	MemoryContextDelete(set->context);
}
