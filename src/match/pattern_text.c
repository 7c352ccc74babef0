/*-------------------------------------------------------------------------
 * pattern_text.c
 *	  Prepares the texts of tests: wildcards, letter case, order.
 *
 * src/match/pattern_text.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "match/pattern_place.h"

/*
 * Cuts a text at its wildcards.  With escapes a backslash stands before a
 * literal "*" or "\".  The parts share one buffer.
 */
static void
split_at_wildcards(Arena *arena, PatternTest *test, bool escapes)
{
	char	   *buffer = respond_arena_alloc(arena, test->length + 1);
	size_t		length = 0;
	size_t		start = 0;
	int			part = 0;

	for (size_t i = 0; i <= test->length; i++)
	{
		if (i == test->length || test->text[i] == '*')
		{
			test->parts[part++] = (LiteralPart) {buffer + start, length - start};
			start = length;
			continue;
		}
		if (escapes && test->text[i] == '\\')
			i++;
		buffer[length++] = test->text[i];
	}
	test->part_count = part;
}

static size_t
count_wildcards(const PatternTest *test)
{
	size_t		count = 0;

	for (size_t i = 0; i < test->length; i++)
		count += test->text[i] == '*';
	return count;
}

bool
respond_pattern_wildcard(PatternPlace *place, PatternTest *test)
{
	for (size_t i = 0; i < test->length; i++)
	{
		char		next = i + 1 < test->length ? test->text[i + 1] : '\0';

		if (test->text[i] == '*' && next == '*')
			return respond_place_fail(place, "One \"*\" already stands for any run of characters; a literal one is"
											 " written \"\\\\*\" in JSON.",
									  "consecutive wildcards at byte %zu", i);
		if (test->text[i] == '\\')
		{
			if (next != '*' && next != '\\')
				return respond_place_fail(place, "Only \"*\" and a backslash may follow a backslash; in JSON each"
												 " backslash is written twice.",
										  "invalid escape at byte %zu", i);
			i++;
		}
	}
	test->parts = respond_arena_alloc(place->arena, (count_wildcards(test) + 1) * sizeof(LiteralPart));
	split_at_wildcards(place->arena, test, true);
	return true;
}

PatternTest
respond_pattern_glob(Arena *arena, const char *glob, size_t length)
{
	PatternTest test;

	memset(&test, 0, sizeof(test));
	test.text = respond_arena_copy(arena, glob, length);
	test.length = length;
	test.kind = memchr(glob, '*', length) != NULL ? TEST_WILDCARD : TEST_STRING;
	if (test.kind == TEST_WILDCARD)
	{
		test.parts = respond_arena_alloc(arena, (count_wildcards(&test) + 1) * sizeof(LiteralPart));
		split_at_wildcards(arena, &test, false);
	}
	return test;
}

void
respond_pattern_characters(Arena *arena, PatternTest *test)
{
	test->characters = respond_arena_alloc(arena, (test->length + 1) * sizeof(CaseCharacter));
	test->folds = true;
	for (size_t at = 0; at < test->length;)
	{
		CaseCharacter *character = &test->characters[test->character_count++];
		uint32_t	code;
		uint32_t	lower;
		uint32_t	upper;

		at += respond_utf8_read(test->text + at, test->length - at, &code);
		character->lower = respond_case_lower(code);
		character->upper = respond_case_upper(code);

		/* A form of several characters has no fold of its own. */
		if (respond_utf8_read(character->lower.bytes, character->lower.length, &lower) != character->lower.length ||
			respond_utf8_read(character->upper.bytes, character->upper.length, &upper) != character->upper.length)
			test->folds = false;
	}
}

static int
compare_tests(const void *left, const void *right)
{
	const PatternTest *a = left;
	const PatternTest *b = right;

	if (a->kind != b->kind)
		return (int) a->kind - (int) b->kind;
	if (a->kind != TEST_STRING || a->length != b->length)
		return (a->length > b->length) - (a->length < b->length);
	return memcmp(a->text, b->text, a->length);
}

void
respond_pattern_sort(TestList *list)
{
	qsort(list->tests, (size_t) list->count, sizeof(PatternTest), compare_tests);
	list->string_count = 0;
	while (list->string_count < list->count && list->tests[list->string_count].kind == TEST_STRING)
		list->string_count++;
}
