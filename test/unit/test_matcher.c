/*-------------------------------------------------------------------------
 * test_matcher.c
 *	  What matches and what does not: the semantics, case by case.
 *
 * test/unit/test_matcher.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/matcher_harness.c test/unit/flatten_json.c test/unit/json_reader.c src/match/matcher.c
   src/match/matcher_intern.c src/match/matcher_index.c src/match/matcher_lookup.c src/match/matcher_verify.c
   src/match/matcher_explain.c src/match/test_text.c src/match/trigger.c src/match/value_test.c
   src/match/event_fields.c src/match/path_tree.c src/match/pattern.c src/match/pattern_test.c
   src/match/pattern_text.c src/match/pattern_place.c src/match/number.c src/match/address.c src/match/case_map.c
   src/common/arena.c */
#include "check.h"
#include "flatten_json.h"
#include "matcher_harness.h"

typedef struct Case
{
	const char *name;
	const char *pattern;
	const char *event;
	bool		matches;
} Case;

static const Case cases[] = {
	/* values */
	{"a string equals", "{'a': ['x']}", "{'a': 'x'}", true},
	{"a longer string does not", "{'a': ['x']}", "{'a': 'xy'}", false},
	{"one of several values is enough", "{'a': ['x', 'y', 3]}", "{'a': 'y'}", true},
	{"a long list of values finds each", "{'a': ['k','b','cc','d','eee','f','g','h','ii','j']}", "{'a': 'cc'}", true},
	{"a long list of values has no other", "{'a': ['k','b','cc','d','eee','f','g','h','ii','j']}", "{'a': 'c'}", false},
	{"the empty string equals itself", "{'a': ['']}", "{'a': ''}", true},
	{"a string is not a number", "{'a': ['3']}", "{'a': 3}", false},
	{"a number is not a string", "{'a': [3]}", "{'a': '3'}", false},
	{"true is true", "{'a': [true]}", "{'a': true}", true},
	{"true is not false", "{'a': [true]}", "{'a': false}", false},
	{"true is not its name", "{'a': [true]}", "{'a': 'true'}", false},
	{"null is a value", "{'a': [null]}", "{'a': null}", true},
	{"null is not an absent field", "{'a': [null]}", "{'b': 1}", false},
	{"all fields must match", "{'a': ['x'], 'b': ['y']}", "{'a': 'x', 'b': 'z'}", false},
	{"other fields of the event do not matter", "{'a': ['x']}", "{'a': 'x', 'b': 'z'}", true},
	{"nested fields", "{'a': {'b': {'c': [1]}}}", "{'a': {'b': {'c': 1}}}", true},
	{"exactly is the long form", "{'a': [{'exactly': 'x'}]}", "{'a': 'x'}", true},
	{"an object is not a value", "{'a': ['x']}", "{'a': {'x': 1}}", false},

	/* numbers */
	{"numbers equal by value", "{'a': [35]}", "{'a': 3.5e1}", true},
	{"trailing zeros do not matter", "{'a': [35]}", "{'a': 35.000}", true},
	{"minus zero is zero", "{'a': [0]}", "{'a': -0.0}", true},
	{"0.1 equals 0.10", "{'a': [0.1]}", "{'a': 0.10}", true},
	{"an account number of 12 digits", "{'a': [123456789012]}", "{'a': 123456789012}", true},
	{"20 digits equal themselves", "{'a': [12345678901234567890]}", "{'a': 12345678901234567890}", true},
	{"20 digits differ in the last", "{'a': [12345678901234567890]}", "{'a': 12345678901234567891}", false},
	{"a huge number equals itself", "{'a': [1e131071]}", "{'a': 1e131071}", true},
	{"numeric =", "{'a': [{'numeric': ['=', 3.018e2]}]}", "{'a': 301.8}", true},
	{"numeric < excludes the bound", "{'a': [{'numeric': ['<', 5]}]}", "{'a': 5}", false},
	{"numeric <= includes the bound", "{'a': [{'numeric': ['<=', 5]}]}", "{'a': 5.0}", true},
	{"numeric > excludes the bound", "{'a': [{'numeric': ['>', 5]}]}", "{'a': 5}", false},
	{"numeric > is near the bound", "{'a': [{'numeric': ['>', 5]}]}", "{'a': 5.000000000000001}", true},
	{"numeric >= includes the bound", "{'a': [{'numeric': ['>=', -5]}]}", "{'a': -5}", true},
	{"a range includes what lies in it", "{'a': [{'numeric': ['>', 0, '<=', 5]}]}", "{'a': 5}", true},
	{"a range excludes its open end", "{'a': [{'numeric': ['>', 0, '<=', 5]}]}", "{'a': 0}", false},
	{"negative ranges", "{'a': [{'numeric': ['>=', -10, '<', -1.5]}]}", "{'a': -1.6}", true},
	{"numeric needs a number", "{'a': [{'numeric': ['>', 0]}]}", "{'a': '5'}", false},
	{"the smallest numbers compare", "{'a': [{'numeric': ['<', 1E-319]}]}", "{'a': 1E-320}", true},
	{"an average is in a range", "{'a': [{'numeric': ['>', 1000]}]}", "{'a': 1000.3333333333333333}", true},
	{"it is below the next number", "{'a': [{'numeric': ['<', 1000.3333333333333334]}]}", "{'a': 1000.3333333333333333}", true},
	{"and above the one before", "{'a': [{'numeric': ['>', 1000.3333333333333332, '<=', 1000.3333333333333333]}]}", "{'a': 1000.3333333333333333}", true},
	{"a long bound is open", "{'a': [{'numeric': ['>', 1000.3333333333333333]}]}", "{'a': 1000.3333333333333333}", false},
	{"a long bound is closed", "{'a': [{'numeric': ['>=', 1000.3333333333333333]}]}", "{'a': 1000.33333333333333330}", true},
	{"a long bound and a short value", "{'a': [{'numeric': ['>', 0.99999999999999999999]}]}", "{'a': 1}", true},
	{"a long bound and a short value below", "{'a': [{'numeric': ['>', 1.00000000000000000001]}]}", "{'a': 1}", false},
	{"a little more than one", "{'a': [{'numeric': ['>', 1]}]}", "{'a': 1.00000000000000000000001}", true},
	{"a little more than one is not less", "{'a': [{'numeric': ['<=', 1]}]}", "{'a': 1.00000000000000000000001}", false},
	{"a little less than minus one", "{'a': [{'numeric': ['<', -1]}]}", "{'a': -1.00000000000000000000001}", true},
	{"negative and long", "{'a': [{'numeric': ['>', -1]}]}", "{'a': -0.99999999999999999999999}", true},
	{"a number beyond binary64 is in a range", "{'a': [{'numeric': ['>', 0]}]}", "{'a': 1e400}", true},
	{"and not below the largest one", "{'a': [{'numeric': ['<=', 1.7976931348623157e308]}]}", "{'a': 1e400}", false},
	{"a huge negative number", "{'a': [{'numeric': ['<', -5]}]}", "{'a': -123456789e131000}", true},
	{"a tiny number is more than zero", "{'a': [{'numeric': ['>', 0]}]}", "{'a': 1e-5000}", true},
	{"a tiny number is not less than zero", "{'a': [{'numeric': ['<=', 0]}]}", "{'a': 1e-5000}", false},
	{"a tiny negative number", "{'a': [{'numeric': ['<', 0]}]}", "{'a': -1e-5000}", true},
	{"two to the 60th", "{'a': [{'numeric': ['>', 1152921504606846975, '<', 1152921504606846977]}]}", "{'a': 1152921504606846976}", true},
	{"an account number", "{'a': [{'numeric': ['>=', 12345678901234567890, '<', 12345678901234567892]}]}", "{'a': 12345678901234567891}", true},
	{"the next account number", "{'a': [{'numeric': ['>=', 12345678901234567890, '<', 12345678901234567892]}]}", "{'a': 12345678901234567892}", false},
	{"numeric = compares all digits", "{'a': [{'numeric': ['=', 1000.3333333333333333]}]}", "{'a': 1000.3333333333333334}", false},
	{"numeric = of a long number", "{'a': [{'numeric': ['=', 1000.3333333333333333]}]}", "{'a': 10003.333333333333333e-1}", true},
	{"anything-but a long number", "{'a': [{'anything-but': [1000.3333333333333333]}]}", "{'a': 1000.3333333333333333}", false},
	{"anything-but a long number accepts the next", "{'a': [{'anything-but': [1000.3333333333333333]}]}", "{'a': 1000.3333333333333334}", true},
	{"all-of over a long number", "{'a': [{'all-of': [{'numeric': ['>', 1000]}, {'numeric': ['<', 1001]}]}]}", "{'a': 1000.3333333333333333}", true},
	{"long numbers in an array", "{'a': [{'numeric': ['>', 1000.3333333333333333]}]}", "{'a': [1, 1000.3333333333333334]}", true},
	{"large powers of ten compare", "{'a': [{'numeric': ['=', 1e300]}]}", "{'a': 1e300}", true},
	{"17 digits compare", "{'a': [{'numeric': ['=', 0.30000000000000004]}]}", "{'a': 0.30000000000000004}", true},
	{"the largest number is below the upper end", "{'a': [{'numeric': ['>', 0]}]}", "{'a': 1.7976931348623157e308}", true},

	/* texts */
	{"prefix", "{'a': [{'prefix': 'ab'}]}", "{'a': 'abc'}", true},
	{"prefix is anchored", "{'a': [{'prefix': 'ab'}]}", "{'a': 'cab'}", false},
	{"prefix may be all", "{'a': [{'prefix': 'ab'}]}", "{'a': 'ab'}", true},
	{"the empty prefix matches strings", "{'a': [{'prefix': ''}]}", "{'a': ''}", true},
	{"the empty prefix matches no number", "{'a': [{'prefix': ''}]}", "{'a': 1}", false},
	{"suffix", "{'a': [{'suffix': '.png'}]}", "{'a': 'x.png'}", true},
	{"suffix is anchored", "{'a': [{'suffix': '.png'}]}", "{'a': 'x.png.gz'}", false},
	{"suffix of characters of several bytes", "{'a': [{'suffix': '雨'}]}", "{'a': '大雨'}", true},
	{"the empty suffix matches strings", "{'a': [{'suffix': ''}]}", "{'a': 'x'}", true},
	{"a prefix longer than what is indexed", "{'a': [{'prefix': '0123456789012345678901234567890123456789012345678901234567890123456789x'}]}",
	"{'a': '0123456789012345678901234567890123456789012345678901234567890123456789xy'}", true},
	{"and one that differs only at its end", "{'a': [{'prefix': '0123456789012345678901234567890123456789012345678901234567890123456789x'}]}",
	"{'a': '0123456789012345678901234567890123456789012345678901234567890123456789y'}", false},
	{"ignore case", "{'a': [{'equals-ignore-case': 'JaVa'}]}", "{'a': 'jAvA'}", true},
	{"ignore case is not a prefix", "{'a': [{'equals-ignore-case': 'JaVa'}]}", "{'a': 'javas'}", false},
	{"ignore case with forms of different length", "{'a': [{'equals-ignore-case': 'ⱥB'}]}", "{'a': 'Ⱥb'}", true},
	{"ignore case of Greek and Cyrillic", "{'a': [{'equals-ignore-case': 'ΣΊΣΥΦΟΣ Жук'}]}", "{'a': 'σίσυφοσ жУК'}", true},
	{"straße is not STRASSE when the pattern has ss", "{'a': [{'equals-ignore-case': 'STRASSE'}]}", "{'a': 'straße'}", false},
	{"the Kelvin sign is no form of k", "{'a': [{'equals-ignore-case': 'k'}]}", "{'a': '\\u212a'}", false},
	{"ignore case of the empty string", "{'a': [{'equals-ignore-case': ''}]}", "{'a': ''}", true},
	{"prefix that ignores case", "{'a': [{'prefix': {'equals-ignore-case': 'ÄB'}}]}", "{'a': 'äbc'}", true},
	{"prefix that ignores case is anchored", "{'a': [{'prefix': {'equals-ignore-case': 'AB'}}]}", "{'a': 'cab'}", false},
	{"suffix that ignores case", "{'a': [{'suffix': {'equals-ignore-case': '.PnG'}}]}", "{'a': 'x.pNg'}", true},
	{"suffix that ignores case, several bytes", "{'a': [{'suffix': {'equals-ignore-case': 'ⱥÉ'}}]}", "{'a': 'xȺé'}", true},
	{"suffix that ignores case is anchored", "{'a': [{'suffix': {'equals-ignore-case': 'png'}}]}", "{'a': 'pngx'}", false},

	/* wildcards */
	{"a wildcard between texts", "{'a': [{'wildcard': 'a*c'}]}", "{'a': 'abbbc'}", true},
	{"a wildcard may be empty", "{'a': [{'wildcard': 'a*c'}]}", "{'a': 'ac'}", true},
	{"texts around a wildcard do not overlap", "{'a': [{'wildcard': 'ab*ba'}]}", "{'a': 'aba'}", false},
	{"several wildcards", "{'a': [{'wildcard': '/api/*/x/*/done'}]}", "{'a': '/api/1/x/2/3/done'}", true},
	{"only a wildcard", "{'a': [{'wildcard': '*'}]}", "{'a': ''}", true},
	{"only a wildcard needs a string", "{'a': [{'wildcard': '*'}]}", "{'a': 1}", false},
	{"a wildcard at both ends", "{'a': [{'wildcard': '*bc*'}]}", "{'a': 'abcd'}", true},
	{"a wildcard at both ends must find it", "{'a': [{'wildcard': '*bc*'}]}", "{'a': 'abdc'}", false},
	{"a wildcard tries later places", "{'a': [{'wildcard': '*ab*abc'}]}", "{'a': 'ababcabc'}", true},
	{"a wildcard spans lines", "{'a': [{'wildcard': 'a*b'}]}", "{'a': 'a\\n\\nb'}", true},
	{"an escaped star is a star", "{'a': [{'wildcard': 'a\\\\*c'}]}", "{'a': 'a*c'}", true},
	{"an escaped star is nothing else", "{'a': [{'wildcard': 'a\\\\*c'}]}", "{'a': 'abc'}", false},
	{"an escaped backslash is a backslash", "{'a': [{'wildcard': 'a\\\\\\\\*'}]}", "{'a': 'a\\\\bc'}", true},
	{"an escaped star before a wildcard", "{'a': [{'wildcard': 'a\\\\**'}]}", "{'a': 'a*bc'}", true},
	{"a question mark is a question mark", "{'a': [{'wildcard': 'a?c'}]}", "{'a': 'abc'}", false},
	{"a wildcard without a star is a text", "{'a': [{'wildcard': 'abc'}]}", "{'a': 'abc'}", true},
	{"the empty wildcard", "{'a': [{'wildcard': ''}]}", "{'a': ''}", true},

	/* anything-but */
	{"anything-but excludes its value", "{'a': [{'anything-but': 'x'}]}", "{'a': 'x'}", false},
	{"anything-but accepts another value", "{'a': [{'anything-but': 'x'}]}", "{'a': 'y'}", true},
	{"anything-but a text accepts a number", "{'a': [{'anything-but': '5'}]}", "{'a': 5}", true},
	{"anything-but accepts null", "{'a': [{'anything-but': 'x'}]}", "{'a': null}", true},
	{"anything-but accepts true", "{'a': [{'anything-but': 5}]}", "{'a': true}", true},
	{"anything-but needs a field", "{'a': [{'anything-but': 'x'}]}", "{'b': 'y'}", false},
	{"anything-but a list", "{'a': [{'anything-but': ['x', 'y']}]}", "{'a': 'y'}", false},
	{"anything-but a list of numbers", "{'a': [{'anything-but': [1, 2.0]}]}", "{'a': 2}", false},
	{"anything-but a number accepts another", "{'a': [{'anything-but': [1, 2]}]}", "{'a': 3}", true},
	{"anything-but a number accepts a huge one", "{'a': [{'anything-but': 1}]}", "{'a': 1e400}", true},
	{"anything-but an address is about its text", "{'a': [{'anything-but': '::1'}]}", "{'a': '0::1'}", true},
	{"anything-but prefix", "{'a': [{'anything-but': {'prefix': 'ab'}}]}", "{'a': 'abc'}", false},
	{"anything-but prefix accepts others", "{'a': [{'anything-but': {'prefix': ['ab', 'cd']}}]}", "{'a': 'ba'}", true},
	{"anything-but prefixes exclude each", "{'a': [{'anything-but': {'prefix': ['ab', 'cd']}}]}", "{'a': 'cde'}", false},
	{"anything-but suffix", "{'a': [{'anything-but': {'suffix': ['.a', '.b']}}]}", "{'a': 'x.b'}", false},
	{"anything-but suffix accepts a number", "{'a': [{'anything-but': {'suffix': '5'}}]}", "{'a': 5}", true},
	{"anything-but ignoring case", "{'a': [{'anything-but': {'equals-ignore-case': ['ab', 'cd']}}]}", "{'a': 'CD'}", false},
	{"anything-but ignoring case accepts others", "{'a': [{'anything-but': {'equals-ignore-case': 'ab'}}]}", "{'a': 'abc'}", true},
	{"anything-but wildcard", "{'a': [{'anything-but': {'wildcard': '*/bin/*.jar'}}]}", "{'a': '/x/bin/y.jar'}", false},
	{"anything-but wildcards", "{'a': [{'anything-but': {'wildcard': ['*.jar', '*.class']}}]}", "{'a': 'y.c'}", true},
	{"anything-but is true if some element differs", "{'a': [{'anything-but': 'x'}]}", "{'a': ['x', 'y']}", true},
	{"anything-but is false if no element differs", "{'a': [{'anything-but': 'x'}]}", "{'a': ['x', 'x']}", false},

	/* addresses */
	{"cidr", "{'a': [{'cidr': '10.0.0.0/24'}]}", "{'a': '10.0.0.255'}", true},
	{"cidr ends", "{'a': [{'cidr': '10.0.0.0/24'}]}", "{'a': '10.0.1.0'}", false},
	{"cidr may have host bits", "{'a': [{'cidr': '54.240.196.171/16'}]}", "{'a': '54.240.0.1'}", true},
	{"cidr 0 is every address", "{'a': [{'cidr': '0.0.0.0/0'}]}", "{'a': '255.1.2.3'}", true},
	{"cidr 32 is one address", "{'a': [{'cidr': '10.0.0.1/32'}]}", "{'a': '10.0.0.1'}", true},
	{"cidr 32 is no other", "{'a': [{'cidr': '10.0.0.1/32'}]}", "{'a': '10.0.0.2'}", false},
	{"cidr 128 is one address", "{'a': [{'cidr': '2001:db8::1/128'}]}", "{'a': '2001:DB8:0:0:0:0:0:1'}", true},
	{"cidr of IPv6", "{'a': [{'cidr': '2400:6500:FF00::36FB:1F80/122'}]}", "{'a': '2400:6500:ff00::36fb:1fbf'}", true},
	{"cidr of IPv6 ends", "{'a': [{'cidr': '2400:6500:FF00::36FB:1F80/122'}]}", "{'a': '2400:6500:ff00::36fb:1fc0'}", false},
	{"cidr needs an address", "{'a': [{'cidr': '10.0.0.0/8'}]}", "{'a': '10.0.0'}", false},
	{"cidr of IPv4 has no IPv6", "{'a': [{'cidr': '10.0.0.0/8'}]}", "{'a': 'a00::1'}", false},
	{"an address equals its other spellings", "{'a': ['::1']}", "{'a': '0:0:0:0:0:0:0:1'}", true},
	{"a mapped address is the IPv4 one", "{'a': ['1.2.3.4']}", "{'a': '::ffff:102:304'}", true},
	{"what only looks like an address is a text", "{'a': ['300.1.2.3']}", "{'a': '300.1.2.3'}", true},

	/* exists */
	{"exists true", "{'a': [{'exists': true}]}", "{'a': null}", true},
	{"exists true, absent", "{'a': [{'exists': true}]}", "{'b': 1}", false},
	{"exists false", "{'a': [{'exists': false}]}", "{'b': 1}", true},
	{"exists false, present", "{'a': [{'exists': false}]}", "{'a': 1}", false},
	{"an object is not a leaf", "{'a': [{'exists': true}]}", "{'a': {'b': 1}}", false},
	{"an object counts as absent", "{'a': [{'exists': false}]}", "{'a': {'b': 1}}", true},
	{"an empty array counts as absent", "{'a': [{'exists': false}]}", "{'a': []}", true},
	{"an array of values exists", "{'a': [{'exists': true}]}", "{'a': [1]}", true},
	{"exists false beside other values", "{'a': ['x', {'exists': false}]}", "{'b': 1}", true},
	{"the other value beside exists false", "{'a': ['x', {'exists': false}]}", "{'a': 'x'}", true},
	{"a third value beside exists false", "{'a': ['x', {'exists': false}]}", "{'a': 'y'}", false},
	{"exists false in an empty event", "{'a': {'b': [{'exists': false}]}}", "{}", true},
	{"two absent fields", "{'a': [{'exists': false}], 'b': [{'exists': false}]}", "{'c': 1}", true},

	/* all-of */
	{"all-of needs all tests", "{'a': [{'all-of': [{'prefix': 'a'}, {'anything-but': 'ab'}]}]}", "{'a': 'ac'}", true},
	{"all-of fails with one", "{'a': [{'all-of': [{'prefix': 'a'}, {'anything-but': 'ab'}]}]}", "{'a': 'ab'}", false},
	{"all-of is about one value", "{'a': [{'all-of': [{'prefix': 'a'}, {'suffix': 'b'}]}]}", "{'a': ['ac', 'bb']}", false},
	{"all-of finds the value", "{'a': [{'all-of': [{'prefix': 'a'}, {'suffix': 'b'}]}]}", "{'a': ['ac', 'ab']}", true},
	{"all-of of ranges", "{'a': [{'all-of': [{'numeric': ['>', 0]}, {'anything-but': [3, 4]}]}]}", "{'a': 5}", true},
	{"all-of beside others", "{'a': ['x', {'all-of': [{'prefix': 'a'}]}]}", "{'a': 'x'}", true},
	{"all-of nests", "{'a': [{'all-of': [{'exists': true}, {'all-of': ['x']}]}]}", "{'a': 'x'}", true},

	/* $or */
	{"$or, first", "{'$or': [{'a': [1]}, {'b': [2]}]}", "{'a': 1}", true},
	{"$or, second", "{'$or': [{'a': [1]}, {'b': [2]}]}", "{'b': 2}", true},
	{"$or, neither", "{'$or': [{'a': [1]}, {'b': [2]}]}", "{'a': 2, 'b': 1}", false},
	{"$or beside a field", "{'c': [3], '$or': [{'a': [1]}, {'b': [2]}]}", "{'a': 1, 'c': 4}", false},
	{"$or with and inside", "{'$or': [{'a': [1], 'b': [2]}, {'c': [3]}]}", "{'a': 1}", false},
	{"two $or on different levels", "{'$or': [{'a': [1]}, {'b': [2]}], 'd': {'$or': [{'a': [1]}, {'b': [2]}]}}", "{'a': 1, 'd': {'b': 2}}", true},
	{"nested $or", "{'$or': [{'a': [1], '$or': [{'b': [2]}, {'c': [3]}]}, {'d': [4]}]}", "{'a': 1, 'c': 3}", true},
	{"nested $or needs its and", "{'$or': [{'a': [1], '$or': [{'b': [2]}, {'c': [3]}]}, {'d': [4]}]}", "{'c': 3}", false},
	{"$or replaces the outer field", "{'name': ['a', 'b'], '$or': [{'name': [{'anything-but': 'a'}]}, {'x': [1]}]}", "{'name': 'c'}", true},
	{"$or keeps the outer field elsewhere", "{'name': ['a', 'b'], '$or': [{'name': [{'anything-but': 'a'}]}, {'x': [1]}]}", "{'name': 'a', 'x': 1}", true},
	{"$or as a name: an object", "{'$or': {'a': [1]}}", "{'$or': {'a': 1}}", true},
	{"$or as a name: one item", "{'$or': [{'cidr': '10.0.0.0/24'}]}", "{'$or': '10.0.0.9'}", true},
	{"$or as a name: items are operators", "{'d': {'$or': [{'numeric': ['>', 0, '<=', 5]}, {'numeric': ['>', 10]}]}}", "{'d': {'$or': 11}}", true},
	{"$or as a name: values", "{'$or': ['x', 'y']}", "{'$or': 'y'}", true},

	/* dots */
	{"a dot in the pattern", "{'a.b': [1]}", "{'a': {'b': 1}}", true},
	{"a dot in the event", "{'a': {'b': [1]}}", "{'a.b': 1}", true},
	{"dots on both sides, differently", "{'a.b': {'c': [1]}}", "{'a': {'b.c': 1}}", true},
	{"an empty name", "{'': [1]}", "{'': 1}", true},

	/* arrays */
	{"any element may match", "{'a': ['x']}", "{'a': ['y', 'x']}", true},
	{"no element matches", "{'a': ['x']}", "{'a': ['y', 'z']}", false},
	{"arrays in arrays are flat", "{'a': ['x']}", "{'a': [['y'], [['x']]]}", true},
	{"objects in an array", "{'a': {'b': [1]}}", "{'a': [{'b': 2}, {'b': 1}]}", true},
	{"two fields of one element", "{'a': {'b': [1], 'c': [2]}}", "{'a': [{'b': 1, 'c': 2}]}", true},
	{"two fields of two elements", "{'a': {'b': [1], 'c': [2]}}", "{'a': [{'b': 1}, {'c': 2}]}", false},
	{"the third element has both", "{'a': {'b': [1], 'c': [2]}}", "{'a': [{'b': 1}, {'c': 2}, {'c': 2, 'b': 1}]}", true},
	{"three fields in three elements", "{'a': {'b': [1], 'c': [2], 'd': [3]}}", "{'a': [{'b': 1, 'c': 2}, {'c': 2, 'd': 3}, {'b': 1, 'd': 3}]}", false},
	{"sibling arrays are independent", "{'a': {'x': [1]}, 'b': {'x': [2]}}", "{'a': [{'x': 3}, {'x': 1}], 'b': [{'x': 2}]}", true},
	{"inner arrays of one element", "{'u': {'t': {'k': ['c'], 'v': ['b']}}}", "{'u': [{'t': [{'k': 'c', 'v': 'b'}]}]}", true},
	{"inner arrays, different inner elements", "{'u': {'t': {'k': ['c'], 'v': ['b']}}}", "{'u': [{'t': [{'k': 'c'}, {'v': 'b'}]}]}", false},
	{"outer elements differ", "{'u': {'n': ['x'], 't': {'v': ['b']}}}", "{'u': [{'n': 'x'}, {'t': [{'v': 'b'}]}]}", false},
	{"an outer field beside any inner element", "{'u': {'n': ['x'], 't': {'v': ['b']}}}", "{'u': [{'n': 'x', 't': [{'v': 'a'}, {'v': 'b'}]}]}", true},
	{"values of one array of values agree", "{'a': {'t': ['x'], 'n': [1]}}", "{'a': {'t': ['y', 'x'], 'n': [2, 1]}}", true},
	{"an array of arrays of values has elements", "{'a': ['x'], 'b': ['y']}", "{'a': [['x']], 'b': [['y']]}", true},
	{"a field outside of the array", "{'u': {'n': ['x']}, 'v': [1]}", "{'u': [{'n': 'x'}], 'v': 1}", true},
	{"exists false beside an element", "{'d': {'a': [1], 'b': [{'exists': false}]}}", "{'d': [{'a': 1}]}", true},
	{"exists false, present in the element", "{'d': {'a': [1], 'b': [{'exists': false}]}}", "{'d': [{'a': 1, 'b': 2}]}", false},
	{"exists false, present in another element", "{'d': {'a': [1], 'b': [{'exists': false}]}}", "{'d': [{'a': 1}, {'a': 2, 'b': 3}]}", true},
	{"exists false before the element is chosen", "{'d': {'a': [{'exists': false}], 'b': [1]}}", "{'d': [{'b': 1}, {'a': 2}]}", false},
	{"exists false alone sees all elements", "{'d': {'a': [{'exists': false}]}}", "{'d': [{'b': 1}, {'a': 2}]}", false},
	{"exists false tries all elements", "{'d': {'a': [1], 'b': [{'exists': false}]}}", "{'d': [{'a': 1, 'b': 2}, {'a': 1}]}", true},
	{"an empty array has no fields", "{'d': {'a': [{'exists': true}]}}", "{'d': []}", false}
};

static void
check_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PatternError error = {"", "", ""};
		int			result = harness_match(cases[i].pattern, cases[i].event, &error);

		if (!check(result == cases[i].matches, "%s", cases[i].name))
			printf("#   pattern %s\n#   event   %s\n#   result  %d %s %s\n",
				   cases[i].pattern, cases[i].event, result, error.place, error.message);
	}
}

static void
check_explanations(void)
{
	check_string(harness_explain(NULL, "{'data': {'new': {'status': ['failed']}}}", "{'data': {'new': {'status': 'paid'}}}"),
			   "data.new.status: \"paid\" is not \"failed\"", "explains one value");
	check_string(harness_explain(NULL, "{'a': ['x', 'y']}", "{'a': [1, true]}"),
			   "a: 1, true is not one of \"x\", \"y\"", "explains several values");
	check_string(harness_explain(NULL, "{'a': ['x']}", "{'b': 1}"),
			   "a: the field is absent", "explains an absent field");
	check_string(harness_explain(NULL, "{'a': [{'exists': false}]}", "{'a': 1}"),
			   "a: the field is present", "explains a present field");
	check_string(harness_explain("pay.*", "{'a': [1]}", "{'type': 'order.new', 'a': 1}"),
			   "type: \"order.new\" does not satisfy wildcard \"pay.*\"", "explains the event type");
	check_string(harness_explain(NULL, "{'a': [{'numeric': ['>', 0.1, '<=', 5]}, {'prefix': 'p'}]}", "{'a': 7}"),
			   "a: 7 satisfies none of prefix \"p\", numeric > 0.1 and <= 5", "explains operators");
	check_string(harness_explain(NULL, "{'a': [{'anything-but': {'suffix': ['x', 'y']}}]}", "{'a': 'by'}"),
			   "a: \"by\" does not satisfy anything-but suffix \"x\", suffix \"y\"", "explains anything-but");
	check_string(harness_explain(NULL, "{'$or': [{'a': [1]}, {'b': [null]}]}", "{'a': 2}"),
			   "a: 2 is not 1; or b: the field is absent", "explains each alternative");
	check_string(harness_explain(NULL, "{'a': {'b': [1], 'c': [2]}}", "{'a': [{'b': 1}, {'c': 2}]}"),
			   "each field matches, but only in different elements of an array", "explains disagreement");
	check_string(harness_explain(NULL, "{'a': [1]}", "{'a': 1}"), "", "explains nothing when it matches");
}

/* Type globs beside patterns, one rule number for several rules. */
static void
check_types(void)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	MatchState *state;
	PatternError error;
	const JsonValue *one = harness_json(arena, "{'a': [1]}");
	const int  *rule_nos;
	int			count;

	respond_matcher_add(matcher, 40, "payment.*", 9, one, &error);
	respond_matcher_add(matcher, 30, "payment.updated", 15, one, &error);
	respond_matcher_add(matcher, 20, "*", 1, NULL, &error);
	respond_matcher_add(matcher, 10, "*.updated", 9, NULL, &error);
	respond_matcher_add(matcher, 10, NULL, 0, one, &error);
	respond_matcher_add(matcher, 50, "order.*", 7, one, &error);
	check(!respond_matcher_add(matcher, 60, NULL, 0, harness_json(arena, "{'a': 1}"), &error),
		  "a bad pattern is refused");
	respond_matcher_finish(matcher);
	state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
	for (int round = 0; round < 2; round++)
	{
		flatten_json(respond_state_event(state), harness_json(arena, "{'type': 'payment.updated', 'a': 1}"));
		respond_matcher_match(state, &rule_nos, &count);
		check(count == 4 && rule_nos[0] == 10 && rule_nos[1] == 20 && rule_nos[2] == 30 && rule_nos[3] == 40,
			  "rules are sorted and unique, round %d", round);
		flatten_json(respond_state_event(state), harness_json(arena, "{'type': 'payment', 'a': 2}"));
		respond_matcher_match(state, &rule_nos, &count);
		check(count == 1 && rule_nos[0] == 20, "another event with the same state, round %d", round);
	}
	check(respond_matcher_scan_count(matcher) == 1, "only the rule for everything is scanned");
	respond_matcher_state_destroy(state);
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
}

static int	allocations = 0;

static void *
count_allocation(void *owner, size_t size)
{
	allocations++;
	return respond_arena_malloc_source.allocate(owner, size);
}

/* In the steady state an event costs no allocation, whatever is in it. */
static void
check_allocations(void)
{
	ArenaSource source = {count_allocation, respond_arena_malloc_source.release, NULL};
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	MatchState *state;
	PatternError error;
	const JsonValue *events[2];
	const int  *rule_nos;
	int			count;
	int			before = 0;

	for (int i = 0; i < 100; i++)
		respond_matcher_add(matcher, i, NULL, 0,
							harness_json(arena, "{'a': {'b': [1, 1e400], 'c': [{'exists': false}, 'x']}}"), &error);
	respond_matcher_finish(matcher);
	state = respond_matcher_state_create(matcher, &source);
	events[0] = harness_json(arena, "{'a': [{'b': 1}, {'b': 1e400, 'c': 'x'}, {'b': 3}, {'c': 'y'}]}");
	events[1] = harness_json(arena, "{'a': {'b': 1e400}}");
	for (int i = 0; i < 1000; i++)
	{
		if (i == 100)
			before = allocations;
		flatten_json(respond_state_event(state), events[i % 2]);
		respond_matcher_match(state, &rule_nos, &count);
		if (count != 100)
			break;
	}
	check(before > 0 && allocations == before, "no allocation in the steady state");
	check(count == 100, "equal rules match together");
	respond_matcher_state_destroy(state);
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
}

/* Two fields of one large array, and two large arrays: no product of sizes. */
static void
check_large_arrays(void)
{
	enum
	{
		ITEMS = 20000
	};
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char	   *text = respond_arena_alloc(arena, ITEMS * 60);
	char	   *out = text;
	PatternError error;

	out += sprintf(out, "{'a': [");
	for (int i = 0; i < ITEMS; i++)
		out += sprintf(out, "%s{'b': 1, 'c': %d}", i > 0 ? "," : "", i);
	out += sprintf(out, "], 'd': [");
	for (int i = 0; i < ITEMS; i++)
		out += sprintf(out, "%s{'b': 1, 'c': 2}", i > 0 ? "," : "");
	sprintf(out, "]}");
	check(harness_match("{'a': {'b': [1], 'c': [19999]}}", text, &error) == 1, "finds the last element of a large array");
	check(harness_match("{'a': {'b': [1], 'c': [-1]}}", text, &error) == 0, "finds nothing in a large array");
	check(harness_match("{'a': {'b': [1]}, 'd': {'b': [1], 'c': [1, {'exists': false}]}}", text, &error) == 0,
		  "finds nothing in two large arrays");
	respond_arena_destroy(arena);
}

int
main(void)
{
	check_cases();
	check_explanations();
	check_types();
	check_allocations();
	check_large_arrays();
	return check_done();
}
