/*-------------------------------------------------------------------------
 * matcher_index.c
 *	  Builds the index of a matcher.
 *
 * A node is built from the combinations filed in it: count how many share
 * each trigger, choose for each combination the condition whose triggers cost
 * least, group by trigger, and build a node for each large group from the
 * conditions that are left.  A combination whose condition has several
 * triggers (a list of values) is filed under each of them, so large groups of
 * such combinations multiply; a budget bounds that, and what is beyond it
 * stays a plain list.
 *
 * src/match/matcher_index.c
 *-------------------------------------------------------------------------
 */
#include "match/matcher_index.h"

#include <stdlib.h>
#include <string.h>

#include "match/matcher_parts.h"

#define LARGE_TARGET	4		/* from here on a node pays */
#define DEEPEST_NODE	8
#define SMALL_NODE		24		/* keys up to here are read through */
#define USED_LIMIT		64		/* conditions of a combination that may be filed under */
#define USEFUL_COST		1e6		/* more than any trigger that tells something */

/* A combination in a node, and the conditions that led here. */
typedef struct Member
{
	int			combination;
	uint64_t	used;			/* bit n: condition n of the combination */
} Member;

typedef struct Placement
{
	uint64_t	key;
	const Trigger *trigger;
	Member		member;
} Placement;

/* A trigger of a node and what is filed under it. */
typedef struct Group
{
	const Trigger *trigger;
	Target		target;
} Group;

typedef struct TriggerCount
{
	uint64_t	hash;			/* 0 marks a free entry */
	int			count;
} TriggerCount;

typedef struct Vector
{
	int			count;
	int			room;
	void	   *items;
} Vector;

typedef struct Builder
{
	const Matcher *matcher;
	Arena	   *arena;			/* freed after the build */
	TriggerList *triggers;		/* by condition */
	size_t		count_size;		/* of the part of counts in use, a power of two */
	TriggerCount *counts;
	int		   *range_counts;	/* by field */
	int64_t		budget;			/* placements that may still be made below the root */
	Vector		entries;		/* of large nodes */
	Vector		smalls;			/* keys and targets of small ones */
	Vector		members;
	Vector		lookups;
	Vector		texts;
	Vector		absents;
	Vector		intervals;
	Vector		nodes;
	int			scan_total;
} Builder;

static int	build_node(Builder *builder, const Member *members, int count, int depth);

static void *
append(Builder *builder, Vector *vector, size_t item_size)
{
	if (vector->count == vector->room)
	{
		int			room = vector->room == 0 ? 64 : vector->room * 2;
		void	   *items = respond_arena_alloc(builder->arena, (size_t) room * item_size);

		if (vector->count > 0)
			memcpy(items, vector->items, (size_t) vector->count * item_size);
		vector->items = items;
		vector->room = room;
	}
	return memset((char *) vector->items + (size_t) vector->count++ * item_size, 0, item_size);
}

static const TriggerList *
triggers_of(const Builder *builder, const Member *member, int position)
{
	return &builder->triggers[matcher_combination(builder->matcher, member->combination)->conditions[position]];
}

/* Conditions of a combination that could still be filed under: 0 .. limit - 1. */
static int
position_limit(const Builder *builder, const Member *member)
{
	int			count = matcher_combination(builder->matcher, member->combination)->condition_count;

	return count < USED_LIMIT ? count : USED_LIMIT;
}

static bool
is_used(const Member *member, int position)
{
	return (member->used >> position & 1) != 0;
}

static TriggerCount *
find_count(Builder *builder, const Trigger *trigger)
{
	uint64_t	hash = trigger->hash | 1;
	size_t		at = (hash >> 1) & (builder->count_size - 1);

	while (builder->counts[at].hash != 0 && builder->counts[at].hash != hash)
		at = (at + 1) & (builder->count_size - 1);
	builder->counts[at].hash = hash;
	return &builder->counts[at];
}

/* Calls for every trigger of every unused condition: counts or clears. */
static void
count_triggers(Builder *builder, const Member *members, int count)
{
	size_t		total = 0;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int m = 0; m < count; m++)
			for (int p = 0; p < position_limit(builder, &members[m]); p++)
			{
				const TriggerList *list = triggers_of(builder, &members[m], p);

				if (is_used(&members[m], p))
					continue;
				for (int t = 0; t < list->count; t++)
				{
					const Trigger *trigger = &list->triggers[t];

					if (pass == 0)
					{
						total++;
						if (trigger->kind == TRIGGER_RANGE)
							builder->range_counts[trigger->field] = 0;
						continue;
					}
					find_count(builder, trigger)->count++;
					if (trigger->kind == TRIGGER_RANGE)
						builder->range_counts[trigger->field]++;
				}
			}
		if (pass == 0)
		{
			builder->count_size = 64;
			while (builder->count_size < total * 2)
				builder->count_size *= 2;
			memset(builder->counts, 0, builder->count_size * sizeof(TriggerCount));
		}
	}
}

static double
condition_cost(Builder *builder, const TriggerList *list)
{
	double		cost = 0;

	for (int t = 0; t < list->count; t++)
	{
		const Trigger *trigger = &list->triggers[t];

		cost += respond_trigger_cost(trigger, find_count(builder, trigger)->count);

		/* Intervals overlap: a number lies in many of them at once. */
		if (trigger->kind == TRIGGER_RANGE)
			cost += builder->range_counts[trigger->field] / 2.0;
	}
	return cost;
}

/* The unused condition that costs least, or -1. */
static int
choose_position(Builder *builder, const Member *member)
{
	int			best = -1;
	double		best_cost = 0;

	for (int p = 0; p < position_limit(builder, member); p++)
	{
		double		cost;

		if (is_used(member, p))
			continue;
		cost = condition_cost(builder, triggers_of(builder, member, p));
		if (best < 0 || cost < best_cost)
		{
			best = p;
			best_cost = cost;
		}
	}
	return best;
}

static int
compare_placements(const void *left, const void *right)
{
	const Placement *a = left;
	const Placement *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->member.combination > b->member.combination) - (a->member.combination < b->member.combination);
}

/* Is there a condition left that would tell members apart? */
static bool
is_worth_node(const Builder *builder, const Member *members, int count)
{
	for (int m = 0; m < count; m++)
		for (int p = 0; p < position_limit(builder, &members[m]); p++)
		{
			const TriggerList *list = triggers_of(builder, &members[m], p);

			if (!is_used(&members[m], p) && respond_trigger_cost(&list->triggers[0], 1) < USEFUL_COST)
				return true;
		}
	return false;
}

static Target
node_target(const Builder *builder, int number)
{
	const IndexNode *node = &((const IndexNode *) builder->nodes.items)[number];
	const FieldLookup *lookup = &((const FieldLookup *) builder->lookups.items)[node->lookup_start];

	if (node->lookup_count != 1 || node->absent_count > 0 || node->scan_count > 0)
		return (Target) {number, TARGET_NODE};
	if (lookup->small >= 0 && lookup->text < 0 && lookup->interval_count == 0 && !lookup->presence)
		return (Target) {lookup->small, TARGET_SMALL};
	return (Target) {node->lookup_start, TARGET_LOOKUP};
}

/* Files the placements of one key. */
static Target
make_target(Builder *builder, const Placement *placements, int count, int depth)
{
	Member	   *members = respond_arena_alloc(builder->arena, (size_t) count * sizeof(Member));
	int			member_count = 0;
	int			start = builder->members.count;

	for (int i = 0; i < count; i++)
		if (i == 0 || placements[i].member.combination != placements[i - 1].member.combination)
			members[member_count++] = placements[i].member;
	if (member_count == 1)
		return (Target) {members[0].combination, TARGET_COMBINATION};
	if (member_count >= LARGE_TARGET && depth < DEEPEST_NODE && builder->budget > member_count &&
		is_worth_node(builder, members, member_count))
		return node_target(builder, build_node(builder, members, member_count, depth + 1));
	for (int i = 0; i < member_count; i++)
		*(int *) append(builder, &builder->members, sizeof(int)) = members[i].combination;
	return (Target) {start, member_count};
}

static int
compare_groups(const void *left, const void *right)
{
	const Trigger *a = ((const Group *) left)->trigger;
	const Trigger *b = ((const Group *) right)->trigger;

	if (a->field != b->field)
		return a->field - b->field;
	if (a->kind != b->kind)
		return (int) a->kind - (int) b->kind;
	return (a->low > b->low) - (a->low < b->low);
}

static bool
same_trigger(const Trigger *a, const Trigger *b)
{
	return a->hash == b->hash && a->kind == b->kind && a->field == b->field && a->length == b->length &&
		a->family == b->family && a->low == b->low && a->high == b->high;
}

static double
set_highest(Interval *intervals, int start, int end)
{
	int			middle = start + (end - start) / 2;
	double		highest;
	double		below;

	highest = intervals[middle].high;
	if (start < middle && (below = set_highest(intervals, start, middle)) > highest)
		highest = below;
	if (middle + 1 < end && (below = set_highest(intervals, middle + 1, end)) > highest)
		highest = below;
	intervals[middle].highest = highest;
	return highest;
}

static void
note_text_trigger(TextLookup *text, const Trigger *trigger)
{
	uint64_t	length_bit = trigger->length > 0 ? (uint64_t) 1 << (trigger->length - 1) % 64 : 0;

	switch (trigger->kind)
	{
		case TRIGGER_FOLD:
			text->folds = true;
			break;
		case TRIGGER_PREFIX:
			text->prefix_lengths |= length_bit;
			break;
		case TRIGGER_SUFFIX:
			text->suffix_lengths |= length_bit;
			break;
		case TRIGGER_FOLD_PREFIX:
			text->fold_prefix_lengths |= length_bit;
			break;
		case TRIGGER_FOLD_SUFFIX:
			text->fold_suffix_lengths |= length_bit;
			break;
		case TRIGGER_GRAM:
			text->gram_lengths |= 1U << trigger->length;
			break;
		default:
			text->networks = true;
			if (trigger->family == 32)
				text->network_bits[0] |= (uint64_t) 1 << trigger->length;
			else
				text->network_bits[1 + trigger->length / 64] |= (uint64_t) 1 << trigger->length % 64;
	}
}

static void
note_trigger(Builder *builder, FieldLookup *lookup, const Group *group)
{
	const Trigger *trigger = group->trigger;
	Interval   *interval;

	switch (trigger->kind)
	{
		case TRIGGER_VALUE:
			lookup->values = true;
			break;
		case TRIGGER_PRESENT:
			lookup->presence = true;
			lookup->present = group->target;
			break;
		case TRIGGER_RANGE:
			interval = append(builder, &builder->intervals, sizeof(Interval));
			interval->low = trigger->low;
			interval->high = trigger->high;
			interval->target = group->target;
			lookup->interval_count++;
			break;
		default:
			if (lookup->text < 0)
			{
				lookup->text = builder->texts.count;
				append(builder, &builder->texts, sizeof(TextLookup));
			}
			note_text_trigger(&((TextLookup *) builder->texts.items)[lookup->text], trigger);
	}
}

/* How the fields of a node are looked up, from its sorted groups. */
static void
make_lookups(Builder *builder, IndexNode *node, int number, Group *groups, int count)
{
	qsort(groups, (size_t) count, sizeof(Group), compare_groups);
	node->lookup_start = builder->lookups.count;
	node->absent_start = builder->absents.count;
	for (int i = 0; i < count;)
	{
		int			field = groups[i].trigger->field;
		FieldLookup lookup = {.field = field, .node = number, .small = -1, .text = -1,
							  .interval_start = builder->intervals.count};
		bool		any = false;

		for (; i < count && groups[i].trigger->field == field; i++)
			if (groups[i].trigger->kind == TRIGGER_ABSENT)
				*(AbsentLookup *) append(builder, &builder->absents, sizeof(AbsentLookup)) =
					(AbsentLookup) {field, groups[i].target};
			else
			{
				note_trigger(builder, &lookup, &groups[i]);
				any = true;
			}
		if (!any)
			continue;
		if (lookup.interval_count > 0)
			set_highest((Interval *) builder->intervals.items + lookup.interval_start, 0, lookup.interval_count);
		*(FieldLookup *) append(builder, &builder->lookups, sizeof(FieldLookup)) = lookup;
	}
	node->lookup_count = builder->lookups.count - node->lookup_start;
	node->absent_count = builder->absents.count - node->absent_start;
}

/* Chooses a condition for each member; members without one are scanned. */
static Vector
place_members(Builder *builder, IndexNode *node, int number, const Member *members, int count)
{
	Vector		placements = {0, 0, NULL};

	count_triggers(builder, members, count);
	node->scan_start = builder->members.count;
	for (int m = 0; m < count; m++)
	{
		int			position = choose_position(builder, &members[m]);
		const TriggerList *list;

		if (position < 0)
		{
			*(int *) append(builder, &builder->members, sizeof(int)) = members[m].combination;
			node->scan_count++;
			continue;
		}
		list = triggers_of(builder, &members[m], position);
		for (int t = 0; t < list->count; t++)
		{
			Placement  *placement = append(builder, &placements, sizeof(Placement));

			placement->trigger = &list->triggers[t];
			placement->key = respond_index_key(number, placement->trigger->hash);
			placement->member = members[m];
			placement->member.used |= (uint64_t) 1 << position;
		}
	}
	return placements;
}

/* Are the keys few, and told apart by the half of them that is kept? */
static bool
is_small(const IndexEntry *entries, int count)
{
	if (count == 0 || count > SMALL_NODE)
		return false;
	for (int i = 0; i < count; i++)
		for (int other = 0; other < i; other++)
			if ((uint32_t) entries[i].key == (uint32_t) entries[other].key)
				return false;
	return true;
}

static void
append_small(Builder *builder, uint32_t word)
{
	*(uint32_t *) append(builder, &builder->smalls, sizeof(uint32_t)) = word;
}

/* Stores the keys of a node, and tells its lookups where they are. */
static void
store_entries(Builder *builder, const IndexNode *node, const IndexEntry *entries, int count)
{
	FieldLookup *lookups = (FieldLookup *) builder->lookups.items + node->lookup_start;

	if (!is_small(entries, count))
	{
		for (int i = 0; i < count; i++)
			*(IndexEntry *) append(builder, &builder->entries, sizeof(IndexEntry)) = entries[i];
		return;
	}
	for (int i = 0; i < node->lookup_count; i++)
		lookups[i].small = builder->smalls.count;
	append_small(builder, (uint32_t) lookups[0].field);
	append_small(builder, (uint32_t) lookups[0].node);
	append_small(builder, (uint32_t) count);
	for (int i = 0; i < count; i++)
		append_small(builder, (uint32_t) entries[i].key);
	for (int i = 0; i < count; i++)
	{
		append_small(builder, (uint32_t) entries[i].target.at);
		append_small(builder, (uint32_t) entries[i].target.count);
	}
}

static int
build_node(Builder *builder, const Member *members, int count, int depth)
{
	int			number = builder->nodes.count;
	IndexNode	node = {0};
	Vector		vector;
	Placement  *placements;
	Group	   *groups;
	int			group_count = 0;
	IndexEntry *entries;
	int			entry_count = 0;

	append(builder, &builder->nodes, sizeof(IndexNode));
	vector = place_members(builder, &node, number, members, count);
	builder->scan_total += node.scan_count;
	placements = vector.items;
	if (depth > 0)
		builder->budget -= vector.count;
	groups = respond_arena_alloc(builder->arena, (size_t) (vector.count + 1) * sizeof(Group));
	entries = respond_arena_alloc(builder->arena, (size_t) (vector.count + 1) * sizeof(IndexEntry));
	if (vector.count > 0)
		qsort(placements, (size_t) vector.count, sizeof(Placement), compare_placements);
	for (int i = 0; i < vector.count;)
	{
		int			end = i;
		IndexEntry	entry = {placements[i].key, {0, 0}};

		while (end < vector.count && placements[end].key == entry.key)
			end++;
		entry.target = make_target(builder, placements + i, end - i, depth);
		if (respond_trigger_is_hashed(placements[i].trigger->kind))
			entries[entry_count++] = entry;
		for (int g = i; g < end; g++)
			if (g == i || !same_trigger(placements[g].trigger, placements[g - 1].trigger))
				groups[group_count++] = (Group) {placements[g].trigger, entry.target};
		i = end;
	}
	make_lookups(builder, &node, number, groups, group_count);
	store_entries(builder, &node, entries, entry_count);
	((IndexNode *) builder->nodes.items)[number] = node;
	return number;
}

static void *
keep(Arena *arena, const Vector *vector, size_t item_size, int *count)
{
	void	   *items = respond_arena_alloc(arena, (size_t) vector->count * item_size + 1);

	if (vector->count > 0)
		memcpy(items, vector->items, (size_t) vector->count * item_size);
	*count = vector->count;
	return items;
}

static void
fill_entries(RuleIndex *index, Arena *arena, const Vector *entries)
{
	index->entry_size = 16;
	while (index->entry_size / 8 * 7 < (size_t) entries->count)
		index->entry_size *= 2;
	index->tags = respond_arena_alloc_zero(arena, index->entry_size);
	index->entries = respond_arena_alloc(arena, index->entry_size * sizeof(IndexEntry));
	for (int i = 0; i < entries->count; i++)
	{
		const IndexEntry *entry = &((const IndexEntry *) entries->items)[i];
		size_t		at = entry->key & (index->entry_size - 1);

		while (index->tags[at] != 0)
			at = (at + 1) & (index->entry_size - 1);
		index->tags[at] = respond_index_tag(entry->key);
		index->entries[at] = *entry;
	}
}

static void
prepare(Builder *builder)
{
	const Matcher *matcher = builder->matcher;
	size_t		field_count = (size_t) respond_path_tree_field_count(matcher->paths);
	size_t		total = 32;
	size_t		size = 64;

	builder->triggers = respond_arena_alloc(builder->arena,
											((size_t) matcher->conditions.count + 1) * sizeof(TriggerList));
	for (int i = 0; i < matcher->conditions.count; i++)
	{
		const Condition *condition = matcher_condition(matcher, i);

		builder->triggers[i] = respond_triggers_of(builder->arena, condition->field, &condition->tests);
	}
	for (int i = 0; i < matcher->combinations.count; i++)
	{
		const Combination *combination = matcher_combination(matcher, i);

		for (int c = 0; c < combination->condition_count; c++)
			total += (size_t) builder->triggers[combination->conditions[c]].count;
	}

	/* The root counts most triggers; the nodes below use a part of its table. */
	while (size < total * 2)
		size *= 2;
	builder->counts = respond_arena_alloc(builder->arena, size * sizeof(TriggerCount));
	builder->range_counts = respond_arena_alloc_zero(builder->arena, (field_count + 1) * sizeof(int));
	builder->budget = (int64_t) total * 4 + 100000;
}

RuleIndex *
respond_index_build(const struct Matcher *matcher, Arena *arena, const ArenaSource *source)
{
	RuleIndex  *index = respond_arena_alloc_zero(arena, sizeof(RuleIndex));
	Builder		builder = {.matcher = matcher, .arena = respond_arena_create(source)};
	int			count = matcher->combinations.count;
	int			field_count = respond_path_tree_field_count(matcher->paths);
	Member	   *members = respond_arena_alloc(builder.arena, (size_t) (count + 1) * sizeof(Member));

	prepare(&builder);
	for (int i = 0; i < count; i++)
		members[i] = (Member) {i, 0};
	build_node(&builder, members, count, 0);

	fill_entries(index, arena, &builder.entries);
	index->smalls = keep(arena, &builder.smalls, sizeof(uint32_t), &index->small_count);
	index->members = keep(arena, &builder.members, sizeof(int), &index->member_count);
	index->lookups = keep(arena, &builder.lookups, sizeof(FieldLookup), &index->lookup_count);
	index->texts = keep(arena, &builder.texts, sizeof(TextLookup), &index->text_count);
	index->absents = keep(arena, &builder.absents, sizeof(AbsentLookup), &index->absent_count);
	index->intervals = keep(arena, &builder.intervals, sizeof(Interval), &index->interval_count);
	index->nodes = keep(arena, &builder.nodes, sizeof(IndexNode), &index->node_count);
	index->scan_total = builder.scan_total;
	index->root_lookups = respond_arena_alloc(arena, ((size_t) field_count + 1) * sizeof(int));
	for (int i = 0; i < field_count; i++)
		index->root_lookups[i] = -1;
	for (int i = 0; i < index->nodes[0].lookup_count; i++)
		index->root_lookups[index->lookups[index->nodes[0].lookup_start + i].field] = index->nodes[0].lookup_start + i;
	respond_arena_destroy(builder.arena);
	return index;
}
