/*-------------------------------------------------------------------------
 * matcher_intern.c
 *	  Makes equal conditions, and equal combinations of them, one.
 *
 * src/match/matcher_intern.c
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "match/hash.h"
#include "match/matcher_parts.h"
#include "match/value_test.h"

static bool equal_lists(const TestList *a, const TestList *b);

/* The bits of a bound; 0.0 and -0.0 are the same bound. */
static uint64_t
number_bits(double number)
{
	uint64_t	bits;

	number += 0.0;
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	return text != NULL ? respond_hash_bytes(hash, text, strlen(text)) : hash;
}

static bool
equal_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static uint64_t
hash_tests(uint64_t hash, const TestList *list)
{
	for (int i = 0; i < list->count; i++)
	{
		const PatternTest *test = &list->tests[i];

		hash = respond_hash_combine(hash, (uint64_t) test->kind);
		hash = respond_hash_bytes(hash, test->text != NULL ? test->text : "", test->length);
		hash = respond_hash_combine(hash, number_bits(test->low));
		hash = respond_hash_combine(hash, number_bits(test->high));
		hash = hash_text(hash, test->low_text);
		hash = hash_text(hash, test->high_text);
		if (test->kind == TEST_NETWORK)
			hash = respond_hash_bytes(hash, (const char *) test->network.bytes, sizeof(test->network.bytes));
		hash = hash_tests(hash, &test->inner);
	}
	return hash;
}

static bool
equal_tests(const PatternTest *a, const PatternTest *b)
{
	if (a->kind != b->kind || a->length != b->length ||
		(a->length > 0 && memcmp(a->text, b->text, a->length) != 0))
		return false;
	if (a->low != b->low || a->high != b->high || a->low_open != b->low_open || a->high_open != b->high_open)
		return false;
	if (!equal_texts(a->low_text, b->low_text) || !equal_texts(a->high_text, b->high_text))
		return false;
	if (a->network_bits != b->network_bits || a->network.bits != b->network.bits ||
		memcmp(a->network.bytes, b->network.bytes, sizeof(a->network.bytes)) != 0)
		return false;

	/* The same text cut differently: a type glob knows no escapes. */
	if (a->part_count != b->part_count)
		return false;
	for (int i = 0; i < a->part_count; i++)
		if (a->parts[i].length != b->parts[i].length)
			return false;
	return equal_lists(&a->inner, &b->inner);
}

static bool
equal_lists(const TestList *a, const TestList *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (!equal_tests(&a->tests[i], &b->tests[i]))
			return false;
	return true;
}

static void copy_list(Arena *arena, TestList *to, const TestList *from);

/* Copies what a test points to, so that what it was compiled in can go. */
static void
copy_test(Arena *arena, PatternTest *to, const PatternTest *from)
{
	*to = *from;
	if (from->text != NULL)
		to->text = respond_arena_copy(arena, from->text, from->length);
	if (from->low_text != NULL)
		to->low_text = respond_arena_copy(arena, from->low_text, strlen(from->low_text));
	if (from->high_text != NULL)
		to->high_text = respond_arena_copy(arena, from->high_text, strlen(from->high_text));
	if (from->character_count > 0)
	{
		size_t		size = (size_t) from->character_count * sizeof(CaseCharacter);

		to->characters = memcpy(respond_arena_alloc(arena, size), from->characters, size);
	}
	if (from->part_count > 0)
	{
		to->parts = respond_arena_alloc(arena, (size_t) from->part_count * sizeof(LiteralPart));
		for (int i = 0; i < from->part_count; i++)
		{
			to->parts[i].bytes = respond_arena_copy(arena, from->parts[i].bytes, from->parts[i].length);
			to->parts[i].length = from->parts[i].length;
		}
	}
	copy_list(arena, &to->inner, &from->inner);
}

static void
copy_list(Arena *arena, TestList *to, const TestList *from)
{
	*to = *from;
	if (from->count == 0)
		return;
	to->tests = respond_arena_alloc(arena, (size_t) from->count * sizeof(PatternTest));
	for (int i = 0; i < from->count; i++)
		copy_test(arena, &to->tests[i], &from->tests[i]);
}

/* Makes room for one more item and keeps the table at most half full. */
static void
make_room(Arena *arena, Interned *interned, size_t item_size, uint64_t (*hash_of) (const void *item))
{
	if (interned->count == interned->room)
	{
		int			room = interned->room == 0 ? 16 : interned->room * 2;
		void	   *items = respond_arena_alloc(arena, (size_t) room * item_size);

		if (interned->count > 0)
			memcpy(items, interned->items, (size_t) interned->count * item_size);
		interned->items = items;
		interned->room = room;
	}
	if ((size_t) interned->count * 2 >= interned->table_size)
	{
		interned->table_size = interned->table_size == 0 ? 64 : interned->table_size * 2;
		interned->table = respond_arena_alloc_zero(arena, interned->table_size * sizeof(int));
		for (int i = 0; i < interned->count; i++)
		{
			size_t		at = hash_of((char *) interned->items + (size_t) i * item_size) & (interned->table_size - 1);

			while (interned->table[at] != 0)
				at = (at + 1) & (interned->table_size - 1);
			interned->table[at] = i + 1;
		}
	}
}

static uint64_t
condition_hash(const void *item)
{
	return ((const Condition *) item)->hash;
}

static uint64_t
combination_hash(const void *item)
{
	return ((const Combination *) item)->hash;
}

int
respond_intern_condition(Matcher *matcher, int field, const TestList *tests)
{
	Interned   *interned = &matcher->conditions;
	uint64_t	hash = hash_tests((uint64_t) field, tests);
	Condition  *condition;
	size_t		at;

	make_room(matcher->arena, interned, sizeof(Condition), condition_hash);
	for (at = hash & (interned->table_size - 1); interned->table[at] != 0; at = (at + 1) & (interned->table_size - 1))
	{
		condition = &((Condition *) interned->items)[interned->table[at] - 1];
		if (condition->hash == hash && condition->field == field && equal_lists(&condition->tests, tests))
			return interned->table[at] - 1;
	}
	condition = &((Condition *) interned->items)[interned->count];
	condition->hash = hash;
	condition->field = field;
	copy_list(matcher->arena, &condition->tests, tests);
	condition->accepts_absent = respond_accepts_absent(tests);
	interned->table[at] = ++interned->count;
	return interned->count - 1;
}

int
respond_intern_combination(Matcher *matcher, const int *conditions, int count)
{
	Interned   *interned = &matcher->combinations;
	size_t		size = (size_t) count * sizeof(int);
	uint64_t	hash = respond_hash_bytes(0, (const char *) conditions, size);
	Combination *combination;
	int		   *copy;
	size_t		at;

	make_room(matcher->arena, interned, sizeof(Combination), combination_hash);
	for (at = hash & (interned->table_size - 1); interned->table[at] != 0; at = (at + 1) & (interned->table_size - 1))
	{
		combination = matcher_combination(matcher, interned->table[at] - 1);
		if (combination->hash == hash && combination->condition_count == count &&
			memcmp(combination->conditions, conditions, size) == 0)
			return interned->table[at] - 1;
	}
	copy = respond_arena_alloc(matcher->arena, size);
	memcpy(copy, conditions, size);
	combination = matcher_combination(matcher, interned->count);
	memset(combination, 0, sizeof(*combination));
	combination->hash = hash;
	combination->condition_count = count;
	combination->conditions = copy;
	interned->table[at] = ++interned->count;
	return interned->count - 1;
}
