/*-------------------------------------------------------------------------
 * matcher_lookup.c
 *	  Leads an event through the index to candidate combinations.
 *
 * src/match/matcher_lookup.c
 *-------------------------------------------------------------------------
 */
#include "match/matcher_parts.h"

static void visit_node(MatchState *state, const RuleIndex *index, int number);
static void visit_small(MatchState *state, const RuleIndex *index, const SmallList *list);
static void look_up_field(MatchState *state, const RuleIndex *index, const FieldLookup *lookup);

static inline const SmallList *
small_list(const RuleIndex *index, int start)
{
	return (const SmallList *) (index->smalls + start);
}

static void
visit_target(MatchState *state, const RuleIndex *index, Target target)
{
	if (target.count == TARGET_COMBINATION)
		respond_match_candidate(state, target.at);
	else if (target.count == TARGET_SMALL)
		visit_small(state, index, small_list(index, target.at));
	else if (target.count == TARGET_LOOKUP)
		look_up_field(state, index, &index->lookups[target.at]);
	else if (target.count == TARGET_NODE)
		visit_node(state, index, target.at);
	else
		for (int i = 0; i < target.count; i++)
			respond_match_candidate(state, index->members[target.at + i]);
}

static void
look_up_small(MatchState *state, const RuleIndex *index, const SmallList *list, uint32_t key)
{
	for (int i = 0; i < list->count; i++)
		if (list->keys[i] == key)
		{
			Target		target;

			memcpy(&target, list->keys + list->count + i * 2, sizeof(target));
			visit_target(state, index, target);
			return;
		}
}

/* A node that is a list of values of one field. */
static void
visit_small(MatchState *state, const RuleIndex *index, const SmallList *list)
{
	int			count;
	const int  *values = respond_event_values_of(state->event, list->field, &count);

	for (int i = 0; i < count; i++)
	{
		uint64_t	hash = respond_value_hash(respond_event_value(state->event, values[i]));

		hash = respond_trigger_hash(TRIGGER_VALUE, list->field, 0, hash);
		look_up_small(state, index, list, (uint32_t) respond_index_key(list->node, hash));
	}
}

static void
look_up(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, uint64_t hash)
{
	uint64_t	key = respond_index_key(lookup->node, hash);
	uint8_t		tag = respond_index_tag(key);
	size_t		mask = index->entry_size - 1;

	if (lookup->small >= 0)
	{
		look_up_small(state, index, small_list(index, lookup->small), (uint32_t) key);
		return;
	}
	for (size_t at = key & mask; index->tags[at] != 0; at = (at + 1) & mask)
		if (index->tags[at] == tag && index->entries[at].key == key)
		{
			visit_target(state, index, index->entries[at].target);
			return;
		}
}

/* All prefixes, or all suffixes, whose lengths occur. */
static void
look_up_affixes(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
				const FieldValue *value, bool suffix)
{
	TriggerKind kind = suffix ? TRIGGER_SUFFIX : TRIGGER_PREFIX;
	uint64_t	lengths = suffix ? text->suffix_lengths : text->prefix_lengths;
	uint64_t	hash = 0;

	for (size_t i = 0; i < value->length && lengths != 0; i++, lengths >>= 1)
	{
		hash = respond_hash_roll(hash, (unsigned char) value->text[suffix ? value->length - 1 - i : i]);
		if (lengths & 1)
			look_up(state, index, lookup, respond_trigger_hash(kind, value->field, (int) i + 1, hash));
	}
}

static void
look_up_fold_prefixes(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
					  const FieldValue *value)
{
	uint64_t	lengths = text->fold_prefix_lengths;
	uint64_t	hash = 0;
	size_t		at = 0;

	for (int i = 1; at < value->length && lengths != 0; i++, lengths >>= 1)
	{
		uint32_t	code;

		at += respond_utf8_read(value->text + at, value->length - at, &code);
		hash = respond_hash_roll(hash, respond_case_fold(code));
		if (lengths & 1)
			look_up(state, index, lookup, respond_trigger_hash(TRIGGER_FOLD_PREFIX, value->field, i, hash));
	}
}

static void
look_up_fold_suffixes(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
					  const FieldValue *value)
{
	uint64_t	lengths = text->fold_suffix_lengths;
	uint64_t	hash = 0;
	size_t		end = value->length;

	for (int i = 1; end > 0 && lengths != 0; i++, lengths >>= 1)
	{
		size_t		start = end - 1;
		uint32_t	code;

		while (start > 0 && end - start < 4 && ((unsigned char) value->text[start] & 0xC0) == 0x80)
			start--;
		if (respond_utf8_read(value->text + start, end - start, &code) != end - start)
		{
			/* Not UTF-8: the last byte is a character of its own. */
			start = end - 1;
			respond_utf8_read(value->text + start, 1, &code);
		}
		hash = respond_hash_roll(hash, respond_case_fold(code));
		end = start;
		if (lengths & 1)
			look_up(state, index, lookup, respond_trigger_hash(TRIGGER_FOLD_SUFFIX, value->field, i, hash));
	}
}

static void
look_up_grams(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
			  const FieldValue *value)
{
	for (int length = 1; length <= TRIGGER_GRAM_LIMIT; length++)
	{
		uint32_t	mask = length == 4 ? UINT32_MAX : (UINT32_C(1) << (8 * length)) - 1;
		uint32_t	gram = 0;

		if ((text->gram_lengths >> length & 1) == 0)
			continue;
		for (size_t i = 0; i < value->length; i++)
		{
			gram = (gram << 8 | (unsigned char) value->text[i]) & mask;
			if (i + 1 >= (size_t) length)
				look_up(state, index, lookup, respond_trigger_hash(TRIGGER_GRAM, value->field, length, gram));
		}
	}
}

static void
look_up_networks(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
				 const FieldValue *value)
{
	Address		address;
	int			first;
	int			last;

	if (!respond_address_read(value->text, value->length, &address))
		return;
	first = address.bits == 32 ? 0 : 1;
	last = address.bits == 32 ? 0 : 3;
	for (int word = first; word <= last; word++)
		for (uint64_t bits = text->network_bits[word]; bits != 0; bits &= bits - 1)
		{
			int			length = __builtin_ctzll(bits) + (word > 1 ? 64 * (word - 1) : 0);

			look_up(state, index, lookup, respond_trigger_hash(TRIGGER_NETWORK, value->field, length,
															 respond_network_hash(&address, length)));
		}
}

static void
look_up_intervals(MatchState *state, const RuleIndex *index, const Interval *intervals, int start, int end,
				  double number)
{
	while (start < end)
	{
		int			middle = start + (end - start) / 2;

		if (intervals[middle].highest < number)
			return;
		look_up_intervals(state, index, intervals, start, middle, number);
		if (intervals[middle].low > number)
			return;
		if (intervals[middle].high >= number)
			visit_target(state, index, intervals[middle].target);
		start = middle + 1;
	}
}

static void
look_up_text(MatchState *state, const RuleIndex *index, const FieldLookup *lookup, const TextLookup *text,
			 const FieldValue *value)
{
	if (text->prefix_lengths != 0)
		look_up_affixes(state, index, lookup, text, value, false);
	if (text->suffix_lengths != 0)
		look_up_affixes(state, index, lookup, text, value, true);
	if (text->folds)
		look_up(state, index, lookup, respond_trigger_hash(TRIGGER_FOLD, value->field, 0,
														 respond_fold_hash(value->text, value->length)));
	if (text->fold_prefix_lengths != 0)
		look_up_fold_prefixes(state, index, lookup, text, value);
	if (text->fold_suffix_lengths != 0)
		look_up_fold_suffixes(state, index, lookup, text, value);
	if (text->gram_lengths != 0)
		look_up_grams(state, index, lookup, text, value);
	if (text->networks)
		look_up_networks(state, index, lookup, text, value);
}

static void
look_up_field(MatchState *state, const RuleIndex *index, const FieldLookup *lookup)
{
	int			count;
	const int  *values = respond_event_values_of(state->event, lookup->field, &count);

	if (count > 0 && lookup->presence)
		visit_target(state, index, lookup->present);
	for (int i = 0; i < count; i++)
	{
		const FieldValue *value = respond_event_value(state->event, values[i]);

		if (lookup->values)
			look_up(state, index, lookup, respond_trigger_hash(TRIGGER_VALUE, lookup->field, 0,
															 respond_value_hash(value)));
		if (value->kind == VALUE_STRING && lookup->text >= 0)
			look_up_text(state, index, lookup, &index->texts[lookup->text], value);
		else if ((value->kind == VALUE_NUMBER || value->kind == VALUE_DECIMAL) && lookup->interval_count > 0)
			look_up_intervals(state, index, index->intervals + lookup->interval_start, 0,
							  lookup->interval_count, value->number);
	}
}

/* The node's lookup of a field, or NULL. */
static const FieldLookup *
find_lookup(const RuleIndex *index, const IndexNode *node, int field)
{
	const FieldLookup *lookups = index->lookups + node->lookup_start;
	int			low = 0;
	int			high = node->lookup_count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (lookups[middle].field < field)
			low = middle + 1;
		else
			high = middle;
	}
	return low < node->lookup_count && lookups[low].field == field ? &lookups[low] : NULL;
}

static void
visit_node(MatchState *state, const RuleIndex *index, int number)
{
	const IndexNode *node = &index->nodes[number];
	int			touched_count;
	const int  *touched = respond_event_touched(state->event, &touched_count);

	/* Several values may lead to one node. */
	if (state->node_seen[number] == state->stamp)
		return;
	state->node_seen[number] = state->stamp;

	for (int i = 0; i < node->scan_count; i++)
		respond_match_candidate(state, index->members[node->scan_start + i]);
	for (int i = 0; i < node->absent_count; i++)
	{
		const AbsentLookup *absent = &index->absents[node->absent_start + i];

		if (respond_event_may_be_absent(state->event, absent->field))
			visit_target(state, index, absent->target);
	}
	if (number != 0 && node->lookup_count <= touched_count)
	{
		for (int i = 0; i < node->lookup_count; i++)
			look_up_field(state, index, &index->lookups[node->lookup_start + i]);
		return;
	}
	for (int i = 0; i < touched_count; i++)
	{
		const FieldLookup *lookup = NULL;

		if (number != 0)
			lookup = find_lookup(index, node, touched[i]);
		else if (index->root_lookups[touched[i]] >= 0)
			lookup = &index->lookups[index->root_lookups[touched[i]]];
		if (lookup != NULL)
			look_up_field(state, index, lookup);
	}
}

void
respond_index_lookup(MatchState *state)
{
	visit_node(state, state->matcher->index, 0);
}
