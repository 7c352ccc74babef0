/*-------------------------------------------------------------------------
 * trigger.c
 *	  What an index can look up of a condition.
 *
 * src/match/trigger.c
 *-------------------------------------------------------------------------
 */
#include "match/trigger.h"

#include <string.h>

#include "match/hash.h"

/* Distinct seeds keep the string "1", the number 1 and a decimal apart. */
#define SEED_STRING		1
#define SEED_NUMBER		2
#define SEED_DECIMAL	3
#define SEED_CONSTANT	4

#define WORTHLESS		1e9		/* cost of a trigger that tells next to nothing */

typedef struct TriggerDraft
{
	Arena	   *arena;
	int			room;
	TriggerList list;
} TriggerDraft;

uint64_t
respond_value_hash(const FieldValue *value)
{
	uint64_t	bits;
	double		number;

	switch (value->kind)
	{
		case VALUE_STRING:
			return respond_hash_bytes(SEED_STRING, value->text, value->length);
		case VALUE_DECIMAL:
			return respond_hash_bytes(SEED_DECIMAL, value->text, value->length);
		case VALUE_NUMBER:
			number = value->number + 0.0;	/* turns -0.0 into 0.0 */
			memcpy(&bits, &number, sizeof(bits));
			return respond_hash_combine(SEED_NUMBER, bits);
		default:
			return respond_hash_combine(SEED_CONSTANT, (uint64_t) value->kind);
	}
}

uint64_t
respond_fold_hash(const char *text, size_t length)
{
	uint64_t	hash = 0;

	for (size_t at = 0; at < length;)
	{
		uint32_t	code;

		at += respond_utf8_read(text + at, length - at, &code);
		hash = respond_hash_roll(hash, respond_case_fold(code));
	}
	return hash;
}

uint64_t
respond_network_hash(const Address *address, int bits)
{
	Address		masked = *address;

	respond_address_mask(&masked, bits);
	return respond_hash_bytes((uint64_t) masked.bits, (const char *) masked.bytes, sizeof(masked.bytes));
}

static void
append_trigger(TriggerDraft *draft, Trigger trigger)
{
	if (draft->list.count == draft->room)
	{
		int			room = draft->room == 0 ? 1 : draft->room * 2;
		Trigger    *triggers = respond_arena_alloc(draft->arena, (size_t) room * sizeof(Trigger));

		if (draft->list.count > 0)
			memcpy(triggers, draft->list.triggers, (size_t) draft->list.count * sizeof(Trigger));
		draft->list.triggers = triggers;
		draft->room = room;
	}
	draft->list.triggers[draft->list.count++] = trigger;
}

static Trigger
make_trigger(TriggerKind kind, int field, int length, uint64_t hash)
{
	Trigger		trigger = {.kind = kind, .field = field, .length = length};

	trigger.hash = respond_trigger_hash(kind, field, length, hash);
	return trigger;
}

static Trigger
value_trigger(int field, FieldValueKind kind, const PatternTest *test)
{
	FieldValue	value = {.kind = kind, .number = test->low, .text = test->text, .length = test->length};

	return make_trigger(TRIGGER_VALUE, field, 0, respond_value_hash(&value));
}

/* Bytes from the front or the back, in the order in which a look-up rolls. */
static Trigger
affix_trigger(int field, const char *text, size_t length, bool suffix)
{
	int			used = length < TRIGGER_LENGTH_LIMIT ? (int) length : TRIGGER_LENGTH_LIMIT;
	uint64_t	hash = 0;

	if (used == 0)
		return make_trigger(TRIGGER_PRESENT, field, 0, 0);
	for (int i = 0; i < used; i++)
		hash = respond_hash_roll(hash, (unsigned char) (suffix ? text[length - 1 - (size_t) i] : text[i]));
	return make_trigger(suffix ? TRIGGER_SUFFIX : TRIGGER_PREFIX, field, used, hash);
}

static uint32_t
fold_of(const CaseCharacter *character)
{
	uint32_t	code;

	respond_utf8_read(character->lower.bytes, character->lower.length, &code);
	return respond_case_fold(code);
}

static Trigger
ignore_case_trigger(int field, const PatternTest *test)
{
	bool		suffix = test->kind == TEST_SUFFIX_IGNORE_CASE;
	int			used = test->character_count;
	uint64_t	hash = 0;

	if (!test->folds || (used == 0 && test->kind != TEST_IGNORE_CASE))
		return make_trigger(TRIGGER_PRESENT, field, 0, 0);
	if (test->kind != TEST_IGNORE_CASE && used > TRIGGER_LENGTH_LIMIT)
		used = TRIGGER_LENGTH_LIMIT;
	for (int i = 0; i < used; i++)
		hash = respond_hash_roll(hash, fold_of(&test->characters[suffix ? test->character_count - 1 - i : i]));
	if (test->kind == TEST_IGNORE_CASE)
		return make_trigger(TRIGGER_FOLD, field, 0, hash);
	return make_trigger(suffix ? TRIGGER_FOLD_SUFFIX : TRIGGER_FOLD_PREFIX, field, used, hash);
}

/* The longest of the literal parts; what stands at an end is worth more. */
static Trigger
wildcard_trigger(int field, const PatternTest *test)
{
	const LiteralPart *first = &test->parts[0];
	const LiteralPart *last = &test->parts[test->part_count - 1];
	const LiteralPart *longest = first;
	uint32_t	gram = 0;
	int			length;

	if (test->part_count == 1)
	{
		FieldValue	value = {.kind = VALUE_STRING, .text = first->bytes, .length = first->length};

		return make_trigger(TRIGGER_VALUE, field, 0, respond_value_hash(&value));
	}
	if (first->length >= 3 || last->length >= 3)
		return first->length >= last->length ?
			affix_trigger(field, first->bytes, first->length, false) :
			affix_trigger(field, last->bytes, last->length, true);
	for (const LiteralPart *part = first; part <= last; part++)
		if (part->length > longest->length)
			longest = part;
	if (longest->length == 0)
		return make_trigger(TRIGGER_PRESENT, field, 0, 0);
	length = longest->length < TRIGGER_GRAM_LIMIT ? (int) longest->length : TRIGGER_GRAM_LIMIT;
	for (int i = 0; i < length; i++)
		gram = gram << 8 | (unsigned char) longest->bytes[i];
	return make_trigger(TRIGGER_GRAM, field, length, gram);
}

static Trigger
network_trigger(int field, const PatternTest *test)
{
	Trigger		trigger = make_trigger(TRIGGER_NETWORK, field, test->network_bits,
									   respond_network_hash(&test->network, test->network_bits));

	trigger.family = test->network.bits;
	return trigger;
}

static Trigger
range_trigger(int field, const PatternTest *test)
{
	uint64_t	low;
	uint64_t	high;
	Trigger		trigger;

	memcpy(&low, &test->low, sizeof(low));
	memcpy(&high, &test->high, sizeof(high));
	trigger = make_trigger(TRIGGER_RANGE, field, test->low_open * 2 + test->high_open,
						   respond_hash_combine(low, high));
	trigger.low = test->low;
	trigger.high = test->high;
	return trigger;
}

/* Any one of the tests of "all-of" will do: the cheapest. */
static Trigger
cheapest_trigger(Arena *arena, int field, const TestList *tests)
{
	Trigger		cheapest = make_trigger(TRIGGER_PRESENT, field, 0, 0);

	for (int i = 0; i < tests->count; i++)
	{
		TestList	one = {1, 0, &tests->tests[i]};
		TriggerList list = respond_triggers_of(arena, field, &one);

		if (respond_trigger_cost(&list.triggers[0], 1) < respond_trigger_cost(&cheapest, 1))
			cheapest = list.triggers[0];
	}
	return cheapest;
}

static Trigger
trigger_of(Arena *arena, int field, const PatternTest *test)
{
	switch (test->kind)
	{
		case TEST_STRING:
			return value_trigger(field, VALUE_STRING, test);
		case TEST_NUMBER:
			return value_trigger(field, VALUE_NUMBER, test);
		case TEST_DECIMAL:
			return value_trigger(field, VALUE_DECIMAL, test);
		case TEST_NULL:
			return value_trigger(field, VALUE_NULL, test);
		case TEST_TRUE:
			return value_trigger(field, VALUE_TRUE, test);
		case TEST_FALSE:
			return value_trigger(field, VALUE_FALSE, test);
		case TEST_PREFIX:
			return affix_trigger(field, test->text, test->length, false);
		case TEST_SUFFIX:
			return affix_trigger(field, test->text, test->length, true);
		case TEST_IGNORE_CASE:
		case TEST_PREFIX_IGNORE_CASE:
		case TEST_SUFFIX_IGNORE_CASE:
			return ignore_case_trigger(field, test);
		case TEST_WILDCARD:
			return wildcard_trigger(field, test);
		case TEST_RANGE:
			return range_trigger(field, test);
		case TEST_NETWORK:
			return network_trigger(field, test);
		case TEST_ABSENT:
			return make_trigger(TRIGGER_ABSENT, field, 0, 0);
		case TEST_ALL_OF:
			return cheapest_trigger(arena, field, &test->inner);
		case TEST_EXISTS:
		case TEST_ANYTHING_BUT:
			break;
	}
	return make_trigger(TRIGGER_PRESENT, field, 0, 0);
}

TriggerList
respond_triggers_of(Arena *arena, int field, const TestList *tests)
{
	TriggerDraft draft = {arena, 0, {0, NULL}};
	bool		present = false;

	for (int i = 0; i < tests->count; i++)
	{
		Trigger		trigger = trigger_of(arena, field, &tests->tests[i]);

		if (trigger.kind == TRIGGER_PRESENT)
			present = true;
		else
			append_trigger(&draft, trigger);
	}

	/* "Has a value" fires whenever another one but "absent" does. */
	if (present)
	{
		int			kept = 0;

		for (int i = 0; i < draft.list.count; i++)
			if (draft.list.triggers[i].kind == TRIGGER_ABSENT)
				draft.list.triggers[kept++] = draft.list.triggers[i];
		draft.list.count = kept;
		append_trigger(&draft, make_trigger(TRIGGER_PRESENT, field, 0, 0));
	}
	return draft.list;
}

double
respond_trigger_cost(const Trigger *trigger, int sharing)
{
	switch (trigger->kind)
	{
		case TRIGGER_VALUE:
		case TRIGGER_FOLD:
			return sharing;
		case TRIGGER_PREFIX:
		case TRIGGER_SUFFIX:
		case TRIGGER_FOLD_PREFIX:
		case TRIGGER_FOLD_SUFFIX:
			return sharing * (1.0 + 16.0 / (trigger->length * trigger->length));
		case TRIGGER_GRAM:
			return sharing * (4.0 + 256.0 / (1 << (2 * trigger->length)));
		case TRIGGER_NETWORK:
			return sharing * (trigger->length * 2 >= trigger->family ? 1.0 : 4.0);
		case TRIGGER_RANGE:
			return sharing * 64.0;
		case TRIGGER_PRESENT:
		case TRIGGER_ABSENT:
			break;
	}
	return WORTHLESS + sharing;
}
