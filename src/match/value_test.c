/*-------------------------------------------------------------------------
 * value_test.c
 *	  Does a value of an event satisfy a test of a pattern?
 *
 * Tests of text hold for strings only.  "anything-but" holds for every value
 * that none of its tests matches, of whatever type.
 *
 * src/match/value_test.c
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif
#include "match/value_test.h"

#include <math.h>
#include <string.h>

#include "match/number.h"

static bool
begins_with(const char *text, size_t length, const char *part, size_t part_length)
{
	return part_length <= length && memcmp(text, part, part_length) == 0;
}

static bool
ends_with(const char *text, size_t length, const char *part, size_t part_length)
{
	return part_length <= length && memcmp(text + (length - part_length), part, part_length) == 0;
}

/*
 * Each part is searched as early as possible behind the former one: if the
 * parts fit at all, they fit there.
 */
static bool
matches_wildcard(const PatternTest *test, const char *text, size_t length)
{
	const LiteralPart *first = &test->parts[0];
	const LiteralPart *last = &test->parts[test->part_count - 1];

	if (test->part_count == 1)
		return length == first->length && memcmp(text, first->bytes, length) == 0;
	if (!begins_with(text, length, first->bytes, first->length))
		return false;
	text += first->length;
	length -= first->length;
	if (!ends_with(text, length, last->bytes, last->length))
		return false;
	length -= last->length;
	for (const LiteralPart *part = first + 1; part < last; part++)
	{
		const char *found;

		if (part->length == 0)
			continue;
		found = memmem(text, length, part->bytes, part->length);
		if (found == NULL)
			return false;
		length -= (size_t) (found - text) + part->length;
		text = found + part->length;
	}
	return true;
}

/* Length of the form of the character that the text begins with, or 0. */
static size_t
leading_form(const CaseCharacter *character, const char *text, size_t length)
{
	if (begins_with(text, length, character->lower.bytes, character->lower.length))
		return character->lower.length;
	if (begins_with(text, length, character->upper.bytes, character->upper.length))
		return character->upper.length;
	return 0;
}

static size_t
trailing_form(const CaseCharacter *character, const char *text, size_t length)
{
	if (ends_with(text, length, character->lower.bytes, character->lower.length))
		return character->lower.length;
	if (ends_with(text, length, character->upper.bytes, character->upper.length))
		return character->upper.length;
	return 0;
}

static bool
matches_ignoring_case(const PatternTest *test, const char *text, size_t length)
{
	size_t		used = 0;

	if (test->kind == TEST_SUFFIX_IGNORE_CASE)
	{
		for (int i = test->character_count - 1; i >= 0; i--)
		{
			size_t		form = trailing_form(&test->characters[i], text, length - used);

			if (form == 0)
				return false;
			used += form;
		}
		return true;
	}
	for (int i = 0; i < test->character_count; i++)
	{
		size_t		form = leading_form(&test->characters[i], text + used, length - used);

		if (form == 0)
			return false;
		used += form;
	}
	return test->kind == TEST_PREFIX_IGNORE_CASE || used == length;
}

/* Of a value and a bound whose binary64 are equal. */
static int
compare_spelling(const FieldValue *value, double bound, const char *text)
{
	/* an end that is open to all numbers */
	if (text == NULL && isinf(bound))
		return bound > 0 ? -1 : 1;
	return respond_number_compare(value->kind == VALUE_DECIMAL ? value->text : NULL, value->length, value->number,
								  text, text != NULL ? strlen(text) : 0, bound);
}

static bool
is_above(const PatternTest *test, const FieldValue *value)
{
	if (value->number != test->low)
		return value->number > test->low;
	return compare_spelling(value, test->low, test->low_text) > (test->low_open ? 0 : -1);
}

static bool
is_below(const PatternTest *test, const FieldValue *value)
{
	if (value->number != test->high)
		return value->number < test->high;
	return compare_spelling(value, test->high, test->high_text) < (test->high_open ? 0 : 1);
}

static bool
matches_text(const PatternTest *test, const char *text, size_t length)
{
	Address		address;

	switch (test->kind)
	{
		case TEST_STRING:
			return length == test->length && memcmp(text, test->text, length) == 0;
		case TEST_PREFIX:
			return begins_with(text, length, test->text, test->length);
		case TEST_SUFFIX:
			return ends_with(text, length, test->text, test->length);
		case TEST_WILDCARD:
			return matches_wildcard(test, text, length);
		case TEST_IGNORE_CASE:
		case TEST_PREFIX_IGNORE_CASE:
		case TEST_SUFFIX_IGNORE_CASE:
			return matches_ignoring_case(test, text, length);
		case TEST_NETWORK:
			return respond_address_read(text, length, &address) &&
				respond_address_in(&address, &test->network, test->network_bits);
		default:
			return false;
	}
}

bool
respond_test_holds(const PatternTest *test, const FieldValue *value)
{
	switch (test->kind)
	{
		case TEST_EXISTS:
			return true;
		case TEST_ABSENT:
			return false;
		case TEST_NULL:
			return value->kind == VALUE_NULL;
		case TEST_TRUE:
			return value->kind == VALUE_TRUE;
		case TEST_FALSE:
			return value->kind == VALUE_FALSE;
		case TEST_NUMBER:
			return value->kind == VALUE_NUMBER && value->number == test->low;
		case TEST_RANGE:
			return (value->kind == VALUE_NUMBER || value->kind == VALUE_DECIMAL) &&
				is_above(test, value) && is_below(test, value);
		case TEST_DECIMAL:
			return value->kind == VALUE_DECIMAL && value->length == test->length &&
				memcmp(value->text, test->text, test->length) == 0;
		case TEST_ANYTHING_BUT:
			return !respond_any_test_holds(&test->inner, value);
		case TEST_ALL_OF:
			for (int i = 0; i < test->inner.count; i++)
				if (!respond_test_holds(&test->inner.tests[i], value))
					return false;
			return true;
		default:
			return value->kind == VALUE_STRING && matches_text(test, value->text, value->length);
	}
}

/* Binary search among the exact strings, which are sorted by length, then bytes. */
static bool
holds_string(const TestList *list, const FieldValue *value)
{
	int			low = 0;
	int			high = list->string_count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		const PatternTest *test = &list->tests[middle];
		int			order = (value->length > test->length) - (value->length < test->length);

		if (order == 0)
			order = memcmp(value->text, test->text, test->length);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

bool
respond_any_test_holds(const TestList *list, const FieldValue *value)
{
	if (value->kind == VALUE_STRING && holds_string(list, value))
		return true;
	for (int i = list->string_count; i < list->count; i++)
		if (respond_test_holds(&list->tests[i], value))
			return true;
	return false;
}

bool
respond_accepts_absent(const TestList *list)
{
	for (int i = 0; i < list->count; i++)
		if (list->tests[i].kind == TEST_ABSENT)
			return true;
	return false;
}
