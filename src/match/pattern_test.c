/*-------------------------------------------------------------------------
 * pattern_test.c
 *	  Compiles the tests in a field's array.
 *
 * An item is a value that must be equal, or an object with one operator.
 * A string that is an IP address equals every spelling of that address, as in
 * event-ruler.  A number equals by value.
 *
 * src/match/pattern_test.c
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "match/number.h"
#include "match/pattern_place.h"

static bool compile_item(PatternPlace *place, const JsonValue *item, PatternTest *test);

static bool
text_is(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(text, word, length) == 0;
}

static void
set_text(Arena *arena, PatternTest *test, TestKind kind, const JsonValue *string)
{
	memset(test, 0, sizeof(*test));
	test->kind = kind;
	test->text = respond_arena_copy(arena, string->text, string->length);
	test->length = string->length;
}

/* Equality with a number; for_numeric refuses what EventBridge refuses in its tests of numbers. */
static bool
compile_number(PatternPlace *place, const JsonValue *item, bool for_numeric, PatternTest *test)
{
	char	   *digits = respond_arena_alloc(place->arena, item->length + 1);
	char	   *spelling;
	Decimal		decimal;

	memset(test, 0, sizeof(*test));
	if (!respond_decimal_read(item->text, item->length, digits, &decimal))
		return respond_place_fail(place, "Write a JSON number.", "\"%.40s\" is not a number", item->text);
	if (respond_decimal_to_double(&decimal, &test->low))
	{
		test->kind = TEST_NUMBER;
		test->high = test->low;
		return true;
	}
	test->low = test->high = respond_decimal_round(&decimal);
	if (for_numeric && (test->low == 0 || isinf(test->low)))
		return respond_place_fail(place, "Use zero, or a number from about 5e-324 to 1.8e308.",
								  "the number %.40s%s cannot be compared", item->text,
								  item->length > 40 ? "..." : "");
	spelling = respond_arena_alloc(place->arena, RESPOND_DECIMAL_ROOM(decimal.digit_count) + 1);
	test->kind = TEST_DECIMAL;
	test->length = respond_decimal_write(&decimal, spelling);
	spelling[test->length] = '\0';
	test->text = spelling;
	return true;
}

static bool
compile_value(PatternPlace *place, const JsonValue *item, PatternTest *test)
{
	memset(test, 0, sizeof(*test));
	switch (item->kind)
	{
		case JSON_KIND_NULL:
			test->kind = TEST_NULL;
			return true;
		case JSON_KIND_BOOLEAN:
			test->kind = item->boolean ? TEST_TRUE : TEST_FALSE;
			return true;
		case JSON_KIND_NUMBER:
			return compile_number(place, item, false, test);
		case JSON_KIND_STRING:
			set_text(place->arena, test, TEST_STRING, item);
			if (respond_address_read(test->text, test->length, &test->network))
			{
				test->kind = TEST_NETWORK;
				test->network_bits = test->network.bits;
			}
			return true;
		default:
			return respond_place_fail(place,
									  "Use strings, numbers, true, false, null, or objects with one operator.",
									  "an array is not allowed here");
	}
}

static bool
require_string(PatternPlace *place, const JsonValue *value)
{
	if (value->kind == JSON_KIND_STRING)
		return true;
	return respond_place_fail(place, "Write the text in double quotes.", "the value must be a string");
}

static bool
compile_exactly(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	if (!require_string(place, value))
		return false;
	set_text(place->arena, test, TEST_STRING, value);
	return true;
}

static bool
compile_ignore_case(PatternPlace *place, const JsonValue *value, TestKind kind, PatternTest *test)
{
	if (!require_string(place, value))
		return false;
	set_text(place->arena, test, kind, value);
	respond_pattern_characters(place->arena, test);
	return true;
}

static bool
compile_equals_ignore_case(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	return compile_ignore_case(place, value, TEST_IGNORE_CASE, test);
}

/* "prefix" and "suffix": a string, or {"equals-ignore-case": string}. */
static bool
compile_affix(PatternPlace *place, const JsonValue *value, TestKind kind, TestKind ignoring, PatternTest *test)
{
	const JsonMember *member;
	size_t		mark;
	bool		valid;

	if (value->kind == JSON_KIND_STRING)
	{
		set_text(place->arena, test, kind, value);
		return true;
	}
	if (value->kind != JSON_KIND_OBJECT)
		return respond_place_fail(place, "Write the text in double quotes, or {\"equals-ignore-case\": \"text\"}.",
								  "the value must be a string");
	member = value->count == 1 ? &value->members[0] : NULL;
	if (member == NULL || !text_is(member->name, member->name_length, "equals-ignore-case"))
		return respond_place_fail(place, "Write the text in double quotes, or {\"equals-ignore-case\": \"text\"}.",
								  "only \"equals-ignore-case\" is allowed here");
	mark = respond_place_enter_member(place, member->name, member->name_length);
	valid = compile_ignore_case(place, member->value, ignoring, test);
	if (valid)
		respond_place_leave(place, mark);
	return valid;
}

static bool
compile_prefix(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	return compile_affix(place, value, TEST_PREFIX, TEST_PREFIX_IGNORE_CASE, test);
}

static bool
compile_suffix(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	return compile_affix(place, value, TEST_SUFFIX, TEST_SUFFIX_IGNORE_CASE, test);
}

static bool
compile_wildcard(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	if (!require_string(place, value))
		return false;
	set_text(place->arena, test, TEST_WILDCARD, value);
	return respond_pattern_wildcard(place, test);
}

/* One bound of "numeric": an operator and its number, at items[at]. */
static bool
compile_bound(PatternPlace *place, const JsonValue *array, size_t at, PatternTest *bound)
{
	const JsonValue *value;
	size_t		mark;

	if (at + 1 >= array->count)
		return respond_place_fail(place, "Write a number behind each operator, as in [\">\", 0, \"<=\", 5].",
								  "a number is missing");
	value = array->items[at + 1];
	mark = respond_place_enter_item(place, at + 1);
	if (value->kind != JSON_KIND_NUMBER)
		return respond_place_fail(place, "Write a number without quotes.",
								  "the value behind \"%.8s\" must be a number", array->items[at]->text);
	if (!compile_number(place, value, true, bound))
		return false;
	respond_place_leave(place, mark);
	return true;
}

static const char numeric_hint[] =
"Use [\"=\", n], [\"<\", n], [\"<=\", n], [\">\", n], [\">=\", n], or a lower and an upper bound as in [\">\", 0,"
" \"<=\", 5].";

static bool
operator_is(const JsonValue *item, const char *word)
{
	return item->kind == JSON_KIND_STRING && text_is(item->text, item->length, word);
}

static bool
compile_numeric(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	const JsonValue *first;
	PatternTest bound;
	bool		lower;
	bool		upper;
	size_t		used = 2;

	memset(test, 0, sizeof(*test));
	if (value->kind != JSON_KIND_ARRAY || value->count == 0)
		return respond_place_fail(place, numeric_hint, "the value must be an array");
	first = value->items[0];
	lower = operator_is(first, ">") || operator_is(first, ">=");
	upper = operator_is(first, "<") || operator_is(first, "<=");
	if (!lower && !upper && !operator_is(first, "="))
		return respond_place_fail(place, numeric_hint, "the first item must be one of = < <= > >=");
	if (!compile_bound(place, value, 0, &bound))
		return false;
	test->kind = TEST_RANGE;
	test->low = -INFINITY;
	test->high = INFINITY;
	if (!lower && !upper)
		*test = bound;
	if (upper)
	{
		test->high = bound.low;
		test->high_text = bound.text;
		test->high_open = operator_is(first, "<");
	}
	if (lower)
	{
		test->low = bound.low;
		test->low_text = bound.text;
		test->low_open = operator_is(first, ">");
		if (value->count > 2)
		{
			const JsonValue *second = value->items[2];

			if (!operator_is(second, "<") && !operator_is(second, "<="))
				return respond_place_fail(place, numeric_hint, "the upper bound must begin with < or <=");
			if (!compile_bound(place, value, 2, &bound))
				return false;
			test->high = bound.low;
			test->high_text = bound.text;
			test->high_open = operator_is(second, "<");
			if (respond_number_compare(test->low_text, test->low_text != NULL ? strlen(test->low_text) : 0, test->low,
									   bound.text, bound.length, bound.low) >= 0)
				return respond_place_fail(place, numeric_hint, "the lower bound must be less than the upper bound");
			used = 4;
		}
	}
	if (value->count > used)
		return respond_place_fail(place, numeric_hint, "too many items");
	return true;
}

static bool
compile_cidr(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	static const char hint[] = "Use an address, a slash and the number of leading bits, as in \"10.0.0.0/8\" or"
							   " \"2001:db8::/32\".";
	const char *slash;
	const char *at;
	int			bits = 0;

	if (!require_string(place, value))
		return false;
	set_text(place->arena, test, TEST_NETWORK, value);
	slash = memchr(test->text, '/', test->length);
	if (slash == NULL)
		return respond_place_fail(place, hint, "a slash and a number of bits are missing");
	if (!respond_address_read(test->text, (size_t) (slash - test->text), &test->network))
		return respond_place_fail(place, hint, "\"%.*s\" is not an IP address",
								  (int) (slash - test->text > 60 ? 60 : slash - test->text), test->text);
	for (at = slash + 1; *at >= '0' && *at <= '9' && bits <= 128; at++)
		bits = bits * 10 + (*at - '0');
	if (at == slash + 1 || at != test->text + test->length)
		return respond_place_fail(place, hint, "the number of bits must be a whole number");
	if (bits > test->network.bits)
		return respond_place_fail(place, hint, "the number of bits must be at most %d", test->network.bits);
	test->network_bits = bits;
	respond_address_mask(&test->network, bits);
	return true;
}

static bool
compile_exists(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	memset(test, 0, sizeof(*test));
	if (value->kind != JSON_KIND_BOOLEAN)
		return respond_place_fail(place, "Write true or false without quotes.", "the value must be true or false");
	test->kind = value->boolean ? TEST_EXISTS : TEST_ABSENT;
	return true;
}

typedef bool (*CompileOperator) (PatternPlace *place, const JsonValue *value, PatternTest *test);

/* A list of texts, or one text, each compiled by `operate`. */
static bool
compile_texts(PatternPlace *place, const JsonValue *value, CompileOperator operate, bool may_be_empty, TestList *list)
{
	size_t		count = value->kind == JSON_KIND_ARRAY ? value->count : 1;

	if (count == 0)
		return respond_place_fail(place, "List at least one value.", "empty arrays are not allowed");
	list->tests = respond_arena_alloc_zero(place->arena, count * sizeof(PatternTest));
	list->count = (int) count;
	for (size_t i = 0; i < count; i++)
	{
		const JsonValue *text = value->kind == JSON_KIND_ARRAY ? value->items[i] : value;
		size_t		mark = place->length;

		if (value->kind == JSON_KIND_ARRAY)
			respond_place_enter_item(place, i);
		if (!require_string(place, text))
			return false;
		if (text->length == 0 && !may_be_empty)
			return respond_place_fail(place, "Leave the empty text out: every string begins and ends with it.",
									  "an empty string is not allowed here");
		if (!operate(place, text, &list->tests[i]))
			return false;
		respond_place_leave(place, mark);
	}
	return true;
}

/* "anything-but" with an operator inside. */
static bool
compile_but_operator(PatternPlace *place, const JsonValue *object, TestList *list)
{
	static const struct
	{
		const char *name;
		CompileOperator operate;
		bool		may_be_empty;
	}			operators[] = {
		{"prefix", compile_prefix, false},
		{"suffix", compile_suffix, false},
		{"equals-ignore-case", compile_equals_ignore_case, true},
		{"wildcard", compile_wildcard, true}
	};
	static const char hint[] = "Use exactly one of prefix, suffix, equals-ignore-case and wildcard.";
	const JsonMember *member;
	size_t		mark;

	if (object->count != 1)
		return respond_place_fail(place, hint, "one operator is needed");
	member = &object->members[0];
	mark = respond_place_enter_member(place, member->name, member->name_length);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (text_is(member->name, member->name_length, operators[i].name))
		{
			if (!compile_texts(place, member->value, operators[i].operate, operators[i].may_be_empty, list))
				return false;
			respond_place_leave(place, mark);
			return true;
		}
	return respond_place_fail(place, hint, "this operator is not allowed in \"anything-but\"");
}

static bool
compile_anything_but(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	static const char hint[] = "Use one string, one number, a list of only strings, a list of only numbers, or an"
							   " object with one operator.";
	JsonKind	kind;
	size_t		count;

	memset(test, 0, sizeof(*test));
	test->kind = TEST_ANYTHING_BUT;
	if (value->kind == JSON_KIND_OBJECT)
		return compile_but_operator(place, value, &test->inner);
	count = value->kind == JSON_KIND_ARRAY ? value->count : 1;
	if (count == 0)
		return respond_place_fail(place, hint, "empty arrays are not allowed");
	test->inner.tests = respond_arena_alloc_zero(place->arena, count * sizeof(PatternTest));
	test->inner.count = (int) count;
	kind = value->kind == JSON_KIND_ARRAY ? value->items[0]->kind : value->kind;
	if (kind != JSON_KIND_STRING && kind != JSON_KIND_NUMBER)
		return respond_place_fail(place, hint, "the value must be a string or a number");
	for (size_t i = 0; i < count; i++)
	{
		const JsonValue *item = value->kind == JSON_KIND_ARRAY ? value->items[i] : value;
		size_t		mark = place->length;

		if (value->kind == JSON_KIND_ARRAY)
			respond_place_enter_item(place, i);
		if (item->kind != kind)
			return respond_place_fail(place, hint,
									  "strings and numbers cannot be mixed with each other or with other values");
		if (kind == JSON_KIND_STRING)
			set_text(place->arena, &test->inner.tests[i], TEST_STRING, item);
		else if (!compile_number(place, item, true, &test->inner.tests[i]))
			return false;
		respond_place_leave(place, mark);
	}
	respond_pattern_sort(&test->inner);
	return true;
}

static bool
compile_all_of(PatternPlace *place, const JsonValue *value, PatternTest *test)
{
	static const char hint[] = "Write tests that one value must satisfy together, as in {\"all-of\": [{\"prefix\":"
							   " \"a\"}, {\"anything-but\": \"ab\"}]}.";

	memset(test, 0, sizeof(*test));
	test->kind = TEST_ALL_OF;
	if (value->kind != JSON_KIND_ARRAY)
		return respond_place_fail(place, hint, "the value must be an array");
	if (value->count == 0)
		return respond_place_fail(place, hint, "empty arrays are not allowed");
	if (place->depth >= PATTERN_DEPTH_LIMIT)
		return respond_place_fail(place, "Make the pattern flatter.",
								  "nested deeper than %d levels", PATTERN_DEPTH_LIMIT);
	place->depth++;
	test->inner.tests = respond_arena_alloc_zero(place->arena, value->count * sizeof(PatternTest));
	test->inner.count = (int) value->count;
	for (size_t i = 0; i < value->count; i++)
	{
		size_t		mark = respond_place_enter_item(place, i);

		if (!compile_item(place, value->items[i], &test->inner.tests[i]))
			return false;
		if (test->inner.tests[i].kind == TEST_ABSENT)
			return respond_place_fail(place, "Put {\"exists\": false} beside \"all-of\", not into it.",
									  "an absent field has no value that could satisfy the other tests");
		respond_place_leave(place, mark);
	}
	place->depth--;
	respond_pattern_sort(&test->inner);
	return true;
}

static bool
compile_item(PatternPlace *place, const JsonValue *item, PatternTest *test)
{
	static const struct
	{
		const char *name;
		CompileOperator operate;
	}			operators[] = {
		{"exactly", compile_exactly},
		{"prefix", compile_prefix},
		{"suffix", compile_suffix},
		{"equals-ignore-case", compile_equals_ignore_case},
		{"wildcard", compile_wildcard},
		{"anything-but", compile_anything_but},
		{"numeric", compile_numeric},
		{"cidr", compile_cidr},
		{"exists", compile_exists},
		{"all-of", compile_all_of}
	};
	static const char hint[] = "Use one of exactly, prefix, suffix, equals-ignore-case, wildcard, anything-but,"
							   " numeric, cidr, exists, all-of.";
	const JsonMember *member;
	size_t		mark;

	if (item->kind != JSON_KIND_OBJECT)
		return compile_value(place, item, test);
	if (item->count == 0)
		return respond_place_fail(place, hint, "an operator is missing");
	if (item->count > 1)
		return respond_place_fail(place,
								  "Write each operator as an object of its own; AND them with {\"all-of\": [...]}.",
								  "only one operator is allowed in an object");
	member = &item->members[0];
	mark = respond_place_enter_member(place, member->name, member->name_length);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (text_is(member->name, member->name_length, operators[i].name))
		{
			if (!operators[i].operate(place, member->value, test))
				return false;
			respond_place_leave(place, mark);
			return true;
		}
	return respond_place_fail(place, hint, "\"%.60s\" is not an operator", member->name);
}

bool
respond_pattern_tests(PatternPlace *place, const JsonValue *array, TestList *list)
{
	if (array->count == 0)
		return respond_place_fail(place, "List at least one value or test, or leave the field out.",
								  "empty arrays are not allowed");
	list->tests = respond_arena_alloc_zero(place->arena, array->count * sizeof(PatternTest));
	list->count = (int) array->count;
	for (size_t i = 0; i < array->count; i++)
	{
		size_t		mark = respond_place_enter_item(place, i);

		if (!compile_item(place, array->items[i], &list->tests[i]))
			return false;
		respond_place_leave(place, mark);
	}
	respond_pattern_sort(list);
	return true;
}
