/*-------------------------------------------------------------------------
 * test_pattern.c
 *	  Which patterns are refused, where and why; numbers, addresses, case.
 *
 * test/unit/test_pattern.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/matcher_harness.c test/unit/flatten_json.c test/unit/json_reader.c src/match/matcher.c
   src/match/matcher_intern.c src/match/matcher_index.c src/match/matcher_lookup.c src/match/matcher_verify.c
   src/match/matcher_explain.c src/match/test_text.c src/match/trigger.c src/match/value_test.c
   src/match/event_fields.c src/match/path_tree.c src/match/pattern.c src/match/pattern_test.c
   src/match/pattern_text.c src/match/pattern_place.c src/match/number.c src/match/address.c src/match/case_map.c
   src/common/arena.c */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "matcher_harness.h"
#include "match/number.h"

typedef struct Refusal
{
	const char *pattern;
	const char *place;
	const char *message;		/* its beginning */
} Refusal;

static const Refusal refusals[] = {
	{"[1, 2, 3]", "", "must be a JSON object"},
	{"'x'", "", "must be a JSON object"},
	{"{}", "", "empty objects"},
	{"{'a': {}}", "a", "empty objects"},
	{"{'a': []}", "a", "empty arrays"},
	{"{'a': 1}", "a", "the value must be an object or an array"},
	{"{'a': null}", "a", "the value must be an object or an array"},
	{"{'data': {'new': {'status': 'x'}}}", "data.new.status", "the value must be an object or an array"},
	{"{'a': [['x']]}", "a[0]", "an array is not allowed"},
	{"{'a': [{}]}", "a[0]", "an operator is missing"},
	{"{'a': ['x', {'x': 2}]}", "a[1].x", "\"x\" is not an operator"},
	{"{'a': [{'prefix': 'child', 'foo': []}]}", "a[0]", "only one operator"},
	{"{'a': [{'exactly': 33}]}", "a[0].exactly", "the value must be a string"},
	{"{'a': [{'prefix': 3}]}", "a[0].prefix", "the value must be a string"},
	{"{'a': [{'prefix': ['x']}]}", "a[0].prefix", "the value must be a string"},
	{"{'a': [{'suffix': null}]}", "a[0].suffix", "the value must be a string"},
	{"{'a': [{'prefix': {'x': 'y'}}]}", "a[0].prefix", "only \"equals-ignore-case\""},
	{"{'a': [{'prefix': {'equals-ignore-case': 5}}]}", "a[0].prefix.equals-ignore-case", "the value must be a string"},
	{"{'a': [{'suffix': {'equals-ignore-case': ['x']}}]}", "a[0].suffix.equals-ignore-case", "the value must be a string"},
	{"{'a': [{'suffix': {'equals-ignore-case': 'x', 'y': 1}}]}", "a[0].suffix", "only \"equals-ignore-case\""},
	{"{'a': [{'equals-ignore-case': ['abc']}]}", "a[0].equals-ignore-case", "the value must be a string"},
	{"{'a': [{'wildcard': 5}]}", "a[0].wildcard", "the value must be a string"},
	{"{'a': [{'wildcard': 'a**b'}]}", "a[0].wildcard", "consecutive wildcards at byte 1"},
	{"{'a': [{'wildcard': 'a\\\\b'}]}", "a[0].wildcard", "invalid escape at byte 1"},
	{"{'a': [{'wildcard': 'ab\\\\'}]}", "a[0].wildcard", "invalid escape at byte 2"},
	{"{'a': [{'wildcard': '\\\\***'}]}", "a[0].wildcard", "consecutive wildcards at byte 2"},
	{"{'a': [{'anything-but': true}]}", "a[0].anything-but", "the value must be a string or a number"},
	{"{'a': [{'anything-but': []}]}", "a[0].anything-but", "empty arrays"},
	{"{'a': [{'anything-but': [null]}]}", "a[0].anything-but", "the value must be a string or a number"},
	{"{'a': [{'anything-but': ['x', 111, 'y']}]}", "a[0].anything-but[1]", "strings and numbers cannot be mixed"},
	{"{'a': [{'anything-but': 1e400}]}", "a[0].anything-but", "the number 1e400 cannot be compared"},
	{"{'a': [{'anything-but': {'foo': 3}}]}", "a[0].anything-but.foo", "this operator is not allowed"},
	{"{'a': [{'anything-but': {'numeric': ['=', 3]}}]}", "a[0].anything-but.numeric", "this operator is not allowed"},
	{"{'a': [{'anything-but': {}}]}", "a[0].anything-but", "one operator"},
	{"{'a': [{'anything-but': {'prefix': 'x', 'suffix': 'y'}}]}", "a[0].anything-but", "one operator"},
	{"{'a': [{'anything-but': {'prefix': ''}}]}", "a[0].anything-but.prefix", "an empty string"},
	{"{'a': [{'anything-but': {'suffix': ['x', '']}}]}", "a[0].anything-but.suffix[1]", "an empty string"},
	{"{'a': [{'anything-but': {'suffix': [1]}}]}", "a[0].anything-but.suffix[0]", "the value must be a string"},
	{"{'a': [{'anything-but': {'prefix': []}}]}", "a[0].anything-but.prefix", "empty arrays"},
	{"{'a': [{'anything-but': {'wildcard': ['x', 'a**']}}]}", "a[0].anything-but.wildcard[1]", "consecutive wildcards"},
	{"{'a': [{'anything-but': {'prefix': {'equals-ignore-case': 'x'}}}]}", "a[0].anything-but.prefix", "the value must be a string"},
	{"{'a': [{'numeric': 5}]}", "a[0].numeric", "the value must be an array"},
	{"{'a': [{'numeric': []}]}", "a[0].numeric", "the value must be an array"},
	{"{'a': [{'numeric': ['=']}]}", "a[0].numeric", "a number is missing"},
	{"{'a': [{'numeric': ['=', true]}]}", "a[0].numeric[1]", "the value behind \"=\" must be a number"},
	{"{'a': [{'numeric': ['<', '5']}]}", "a[0].numeric[1]", "the value behind \"<\" must be a number"},
	{"{'a': [{'numeric': ['=', 2.0e422]}]}", "a[0].numeric[1]", "the number 2.0e422 cannot be compared"},
	{"{'a': [{'numeric': ['=', 1E309]}]}", "a[0].numeric[1]", "the number 1E309 cannot be compared"},
	{"{'a': [{'numeric': ['<', 1E-325]}]}", "a[0].numeric[1]", "the number 1E-325 cannot be compared"},
	{"{'a': [{'numeric': ['>', 0.30000000000000000001, '<', 0.30000000000000000001]}]}", "a[0].numeric", "the lower bound"},
	{"{'a': [{'numeric': ['>', 0.30000000000000000002, '<', 0.30000000000000000001]}]}", "a[0].numeric", "the lower bound"},
	{"{'a': [{'numeric': ['>', 1, '<', 0.99999999999999999999]}]}", "a[0].numeric", "the lower bound"},
	{"{'a': [{'numeric': ['<>', 1, '>', 0]}]}", "a[0].numeric", "the first item"},
	{"{'a': [{'numeric': ['==', 1]}]}", "a[0].numeric", "the first item"},
	{"{'a': [{'numeric': [1, '=']}]}", "a[0].numeric", "the first item"},
	{"{'a': [{'numeric': ['<', 1, '>', 0]}]}", "a[0].numeric", "too many items"},
	{"{'a': [{'numeric': ['=', 1, '=', 1]}]}", "a[0].numeric", "too many items"},
	{"{'a': [{'numeric': ['>', 1, '<', 1]}]}", "a[0].numeric", "the lower bound"},
	{"{'a': [{'numeric': ['>=', 30, '<', 1]}]}", "a[0].numeric", "the lower bound"},
	{"{'a': [{'numeric': ['>', 1, '<']}]}", "a[0].numeric", "a number is missing"},
	{"{'a': [{'numeric': ['>', 1, '=', 5]}]}", "a[0].numeric", "the upper bound"},
	{"{'a': [{'numeric': ['>', 1, '<', 30, false]}]}", "a[0].numeric", "too many items"},
	{"{'a': [{'cidr': 'foo'}]}", "a[0].cidr", "a slash"},
	{"{'a': [{'cidr': 5}]}", "a[0].cidr", "the value must be a string"},
	{"{'a': [{'cidr': 'snorkle/3'}]}", "a[0].cidr", "\"snorkle\" is not an IP address"},
	{"{'a': [{'cidr': '192.168.0.1/33'}]}", "a[0].cidr", "the number of bits must be at most 32"},
	{"{'a': [{'cidr': '2400:6500:FF00::36FB:1F80/222'}]}", "a[0].cidr", "the number of bits must be at most 128"},
	{"{'a': [{'cidr': '192.168.0.1/-4'}]}", "a[0].cidr", "the number of bits must be a whole number"},
	{"{'a': [{'cidr': '192.168.0.1/8x'}]}", "a[0].cidr", "the number of bits must be a whole number"},
	{"{'a': [{'cidr': '192.168.0.1/99999999999999999999'}]}", "a[0].cidr", "the number of bits must be"},
	{"{'a': [{'cidr': '10.10.10.10.10/3'}]}", "a[0].cidr", "\"10.10.10.10.10\" is not"},
	{"{'a': [{'cidr': '2.1.0.-1/3'}]}", "a[0].cidr", "\"2.1.0.-1\" is not"},
	{"{'a': [{'cidr': '2400:6500:3:3:3:3:3:3:3:3FF00::1/122'}]}", "a[0].cidr", "\"2400"},
	{"{'a': [{'cidr': '1::2::3/12'}]}", "a[0].cidr", "\"1::2::3\" is not"},
	{"{'a': [{'cidr': ':1/12'}]}", "a[0].cidr", "\":1\" is not"},
	{"{'a': [{'cidr': '1:2:3:4:5:6:7:/12'}]}", "a[0].cidr", "\"1:2:3:4:5:6:7:\" is not"},
	{"{'a': [{'cidr': '1:2:3:4:5:6:7::8:9/12'}]}", "a[0].cidr", "\"1:2"},
	{"{'a': [{'exists': 'true'}]}", "a[0].exists", "the value must be true or false"},
	{"{'a': [{'exists': true, 'x': 1}]}", "a[0]", "only one operator"},
	{"{'a': [{'all-of': 'x'}]}", "a[0].all-of", "the value must be an array"},
	{"{'a': [{'all-of': []}]}", "a[0].all-of", "empty arrays"},
	{"{'a': [{'all-of': [{'prefix': 'x'}, {'exists': false}]}]}", "a[0].all-of[1]", "an absent field"},
	{"{'a': [{'all-of': [{'prefix': 1}]}]}", "a[0].all-of[0].prefix", "the value must be a string"},
	{"{'$or': [{'a': [1]}]}", "$or", "\"$or\" must have at least two objects"},
	{"{'d': {'$or': [{'a': [1]}, {'b': [1]}, [{'c': [1]}]]}}", "d.$or[2]", "only objects"},
	{"{'$or': [{'a': [1]}, {}]}", "$or[1]", "empty objects"},
	{"{'$or': [{'a': [1]}, {'b': 2}]}", "$or[1].b", "the value must be an object or an array"},
	{"{'$or': [{'numeric': 123}, {'prefix': 'abc'}]}", "$or[0].numeric", "the operator \"numeric\" cannot be a field name"},
	{"{'$or': [{'a': {'regex': [1]}}, {'b': [1]}]}", "$or[0].a.regex", "the operator \"regex\" cannot be a field name"},
	{"{'a.b': [1], 'a': {'b': [2]}}", "a.b", "the field is given twice"}
};

static void
check_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
	{
		const Refusal *refusal = &refusals[i];
		PatternError error = {"", "", ""};
		int			result = harness_match(refusal->pattern, "{}", &error);
		bool		as_wanted = result == -1 && strcmp(error.place, refusal->place) == 0 &&
			strncmp(error.message, refusal->message, strlen(refusal->message)) == 0 && error.hint[0] != '\0';

		if (!check(as_wanted, "refused: %s", refusal->pattern))
			printf("#   result %d, place %s, message %s\n", result, error.place, error.message);
	}
}

/* A pattern of `count` copies of `front`, a middle, and as many of `back`. */
static int
match_repeated(const char *front, int count, const char *middle, const char *back, PatternError *error)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char	   *text = respond_arena_alloc(arena, (strlen(front) + strlen(back)) * (size_t) count + strlen(middle) + 1);
	int			result;

	text[0] = '\0';
	for (int i = 0; i < count; i++)
		strcat(text, front);
	strcat(text, middle);
	for (int i = 0; i < count; i++)
		strcat(text, back);
	result = harness_match(text, "{}", error);
	respond_arena_destroy(arena);
	return result;
}

static void
check_limits(void)
{
	PatternError error;
	char		pattern[20000];
	char	   *out = pattern;

	check(match_repeated("{'a':", 64, "[1]", "}", &error) == 0, "64 levels are accepted");
	check(match_repeated("{'a':", 65, "[1]", "}", &error) == -1, "65 levels are refused");
	check_string(error.message, "nested deeper than 64 levels", "the message names the limit");
	check(match_repeated("{'$or':[{'x':[1]},", 70, "{'y':[1]}", "]}", &error) == -1, "70 levels of $or are refused");
	check_string(error.message, "nested deeper than 64 levels", "that is its reason");
	check(match_repeated("{'a':[{'all-of':[", 1, "{'all-of':['x']}", "]}]}", &error) == 0, "all-of in all-of is accepted");

	out += sprintf(out, "{'$or': [");
	for (int i = 0; i < 32; i++)
		out += sprintf(out, "%s{'f%d': [1]}", i > 0 ? "," : "", i);
	out += sprintf(out, "], 'x': {'$or': [");
	for (int i = 0; i < 32; i++)
		out += sprintf(out, "%s{'f%d': [1]}", i > 0 ? "," : "", i);
	sprintf(out, "]}}");
	check(harness_match(pattern, "{}", &error) == -1, "1,024 alternatives are refused");
	check_string(error.message, "\"$or\" multiplies out to more than 1000 alternatives", "the message names the limit of alternatives");

	out = pattern;
	*out++ = '{';
	for (int i = 0; i < 257; i++)
		out += sprintf(out, "%s'f%d': [1]", i > 0 ? "," : "", i);
	sprintf(out, "}");
	check(harness_match(pattern, "{}", &error) == -1, "257 fields are refused");
	check_string(error.message, "more than 256 fields", "the message names the limit of fields");

	memset(pattern, 'n', 9000);
	memcpy(pattern, "{'", 2);
	strcpy(pattern + 9000, "': [1]}");
	check(harness_match(pattern, "{}", &error) == -1, "a name of 9,000 bytes is refused");
	check(strlen(error.place) < sizeof(error.place) && strstr(error.place, "...") != NULL, "its place is cut");
}

static bool
comparable(const char *text, double *number)
{
	char		digits[400];
	Decimal		decimal;

	return respond_decimal_read(text, strlen(text), digits, &decimal) && respond_decimal_to_double(&decimal, number);
}

static void
check_numbers(void)
{
	static const char *const yes[] = {
		"0", "-0", "0e999", "1", "-1", "0.1", "123456789012345", "1e22", "1e23", "5.0e-5", "9007199254740992",
		"1.7976931348623157e308", "2.2250738585072014E-308", "4.9e-324", "1E-320", "0.30000000000000004",
		"100000000000000000000000000000000000000", "0.00000000000000000000000000001"
	};
	static const char *const no[] = {
		"9007199254740993", "1e309", "-1e309", "1e-325", "0.1000000000000000055", "12345678901234567890",
		"1.7976931348623159e308", "5e-324", "1152921504606846976", "1e99999999999999999999"
	};
	static const char *const malformed[] = {"", "-", "1.", ".5", "1e", "1e+", "0x10", "1 ", "NaN", "+1", "1.2.3"};
	double		number;
	int			wrong = 0;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		check(comparable(yes[i], &number) && number == atof(yes[i]), "%s is comparable", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		check(!comparable(no[i], &number), "%s is not comparable", no[i]);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
	{
		char		digits[40];
		Decimal		decimal;

		check(!respond_decimal_read(malformed[i], strlen(malformed[i]), digits, &decimal), "\"%s\" is not a number", malformed[i]);
	}

	/* Every spelling that the C library finds shortest is comparable and exact. */
	for (uint64_t i = 1; i <= 20000; i++)
	{
		uint64_t	bits = i * UINT64_C(0x9E3779B97F4A7C15);
		double		value;
		char		text[40];
		int			precision = 1;

		memcpy(&value, &bits, sizeof(value));
		if (isnan(value) || isinf(value) || fabs(value) < 1e-300)
			continue;
		do
			snprintf(text, sizeof(text), "%.*e", precision, value);
		while (++precision < 18 && atof(text) != value);
		wrong += !comparable(text, &number) || number != value;
	}
	check(wrong == 0, "shortest spellings are comparable (%d are not)", wrong);
}

/* What respond_case_fold promises, for all of Unicode. */
static void
check_fold(void)
{
	int			wrong = 0;

	for (uint32_t code = 1; code < 0x20000; code++)
	{
		CaseForm	forms[2] = {respond_case_lower(code), respond_case_upper(code)};

		for (int i = 0; i < 2; i++)
		{
			uint32_t	form;

			if (respond_utf8_read(forms[i].bytes, forms[i].length, &form) == forms[i].length)
				wrong += respond_case_fold(form) != respond_case_fold(code);
		}
	}
	check(wrong == 0, "a character and its one-to-one case forms fold alike (%d do not)", wrong);
}

int
main(void)
{
	check_refusals();
	check_limits();
	check_numbers();
	check_fold();
	return check_done();
}
