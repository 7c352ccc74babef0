/*-------------------------------------------------------------------------
 * test_text.c
 *	  Writes tests and values in words, for explanations.
 *
 * Operators are written as in the pattern, so that they can be found there.
 *
 * src/match/test_text.c
 *-------------------------------------------------------------------------
 */
#include "match/test_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8_cut.h"

#define LONGEST_QUOTE	80		/* bytes of a text that are shown */
#define MOST_TESTS		10		/* tests of a list that are shown */

static void append_test(CutText *out, const PatternTest *test);

void
respond_text_begin(CutText *out, char *text, size_t room)
{
	out->text = text;
	out->length = 0;
	out->room = room;
	if (room > 0)
		text[0] = '\0';
}

static void
append_bytes(CutText *out, const char *bytes, size_t length)
{
	if (out->length + 1 >= out->room)
		return;
	length = respond_utf8_cut(bytes, length, out->room - 1 - out->length);
	memcpy(out->text + out->length, bytes, length);
	out->length += length;
	out->text[out->length] = '\0';
}

void
respond_text_append(CutText *out, const char *words)
{
	append_bytes(out, words, strlen(words));
}

static void
append_quoted(CutText *out, const char *bytes, size_t length)
{
	size_t		shown = respond_utf8_cut(bytes, length, LONGEST_QUOTE);

	append_bytes(out, "\"", 1);
	append_bytes(out, bytes, shown);
	respond_text_append(out, shown < length ? "...\"" : "\"");
}

static void
append_number(CutText *out, double number)
{
	char		text[40];

	for (int digits = 15; digits <= 17; digits++)
	{
		double		back;

		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (sscanf(text, "%lf", &back) == 1 && back == number)
			break;
	}
	respond_text_append(out, text);
}

void
respond_text_append_value(CutText *out, const FieldValue *value)
{
	switch (value->kind)
	{
		case VALUE_NULL:
			respond_text_append(out, "null");
			break;
		case VALUE_FALSE:
			respond_text_append(out, "false");
			break;
		case VALUE_TRUE:
			respond_text_append(out, "true");
			break;
		case VALUE_NUMBER:
			append_number(out, value->number);
			break;
		case VALUE_DECIMAL:
			append_bytes(out, value->text, respond_utf8_cut(value->text, value->length, LONGEST_QUOTE));
			break;
		case VALUE_STRING:
			append_quoted(out, value->text, value->length);
			break;
	}
}

static bool
is_plain(const PatternTest *test)
{
	return test->kind <= TEST_FALSE ||
		(test->kind == TEST_NETWORK && memchr(test->text, '/', test->length) == NULL);
}

static void
append_list(CutText *out, const TestList *tests)
{
	for (int i = 0; i < tests->count; i++)
	{
		if (i == MOST_TESTS)
		{
			respond_text_append(out, ", ...");
			return;
		}
		if (i > 0)
			respond_text_append(out, ", ");
		append_test(out, &tests->tests[i]);
	}
}

static void
append_operator(CutText *out, const char *name, const PatternTest *test)
{
	respond_text_append(out, name);
	append_quoted(out, test->text, test->length);
}

static void
append_bound(CutText *out, double number, const char *spelling)
{
	if (spelling == NULL)
		append_number(out, number);
	else
		append_bytes(out, spelling, respond_utf8_cut(spelling, strlen(spelling), LONGEST_QUOTE));
}

static void
append_range(CutText *out, const PatternTest *test)
{
	bool		lower = !isinf(test->low);
	bool		upper = !isinf(test->high);

	respond_text_append(out, "numeric");
	if (lower)
	{
		respond_text_append(out, test->low_open ? " > " : " >= ");
		append_bound(out, test->low, test->low_text);
	}
	if (upper)
	{
		respond_text_append(out, lower ? " and" : "");
		respond_text_append(out, test->high_open ? " < " : " <= ");
		append_bound(out, test->high, test->high_text);
	}
}

static void
append_test(CutText *out, const PatternTest *test)
{
	FieldValue	value = {.kind = VALUE_STRING, .number = test->low, .text = test->text, .length = test->length};

	switch (test->kind)
	{
		case TEST_NULL:
			value.kind = VALUE_NULL;
			break;
		case TEST_FALSE:
			value.kind = VALUE_FALSE;
			break;
		case TEST_TRUE:
			value.kind = VALUE_TRUE;
			break;
		case TEST_NUMBER:
			value.kind = VALUE_NUMBER;
			break;
		case TEST_DECIMAL:
			value.kind = VALUE_DECIMAL;
			break;
		case TEST_STRING:
			break;
		case TEST_NETWORK:
			if (memchr(test->text, '/', test->length) != NULL)
				respond_text_append(out, "cidr ");
			break;
		case TEST_PREFIX:
			append_operator(out, "prefix ", test);
			return;
		case TEST_SUFFIX:
			append_operator(out, "suffix ", test);
			return;
		case TEST_IGNORE_CASE:
			append_operator(out, "equals-ignore-case ", test);
			return;
		case TEST_PREFIX_IGNORE_CASE:
			append_operator(out, "prefix equals-ignore-case ", test);
			return;
		case TEST_SUFFIX_IGNORE_CASE:
			append_operator(out, "suffix equals-ignore-case ", test);
			return;
		case TEST_WILDCARD:
			append_operator(out, "wildcard ", test);
			return;
		case TEST_RANGE:
			append_range(out, test);
			return;
		case TEST_EXISTS:
			respond_text_append(out, "exists true");
			return;
		case TEST_ABSENT:
			respond_text_append(out, "exists false");
			return;
		case TEST_ANYTHING_BUT:
			respond_text_append(out, "anything-but ");
			append_list(out, &test->inner);
			return;
		case TEST_ALL_OF:
			respond_text_append(out, "all-of [");
			append_list(out, &test->inner);
			respond_text_append(out, "]");
			return;
	}
	respond_text_append_value(out, &value);
}

void
respond_text_append_refusal(CutText *out, const TestList *tests)
{
	bool		plain = true;

	for (int i = 0; i < tests->count; i++)
		plain = plain && is_plain(&tests->tests[i]);
	if (plain && tests->count == 1)
		respond_text_append(out, "is not ");
	else if (plain)
		respond_text_append(out, "is not one of ");
	else if (tests->count == 1)
		respond_text_append(out, "does not satisfy ");
	else
		respond_text_append(out, "satisfies none of ");
	append_list(out, tests);
}
