/*-------------------------------------------------------------------------
 * test_matcher_index.c
 *	  What an event costs does not grow with rules that do not match it.
 *
 * The cost is counted in combinations of tests that are looked at, not in
 * time.  Each shape is one that makes simpler indexes slow.
 *
 * test/unit/test_matcher_index.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/matcher_harness.c test/unit/flatten_json.c test/unit/json_reader.c src/match/matcher.c
   src/match/matcher_intern.c src/match/matcher_index.c src/match/matcher_lookup.c src/match/matcher_verify.c
   src/match/matcher_explain.c src/match/test_text.c src/match/trigger.c src/match/value_test.c
   src/match/event_fields.c src/match/path_tree.c src/match/pattern.c src/match/pattern_test.c
   src/match/pattern_text.c src/match/pattern_place.c src/match/number.c src/match/address.c src/match/case_map.c
   src/common/arena.c */
#include <stdlib.h>

#include "check.h"
#include "flatten_json.h"
#include "matcher_harness.h"

#define RULES	10000

typedef struct Shape
{
	const char *name;
	const char *type;			/* with one %d, or none */
	const char *pattern;		/* with up to two %d, both the number */
	int			modulus;		/* of the number in the pattern */
	const char *event;
	int			matches;
	int			may_try;
} Shape;

static const Shape shapes[] = {
	{"type exact, field absent, common suffix", "t.%d", "{'data': {'refund': [{'exists': false}], 'path': [{'suffix': '/done'}]}}", 1,
	"{'type': 't.77', 'data': {'path': '/api/done'}}", 1, 1},
	{"the same with one type and a value", "t.1", "{'data': {'refund': [{'exists': false}], 'path': [{'suffix': '/done'}], 'plan': ['p%d']}}", RULES,
	"{'type': 't.1', 'data': {'path': '/api/done', 'plan': 'p5'}}", 1, 1},
	{"the same with one type and a prefix", "t.1", "{'data': {'refund': [{'exists': false}], 'path': [{'suffix': '/done'}], 'plan': [{'prefix': 'p%d-'}]}}", RULES,
	"{'type': 't.1', 'data': {'path': '/api/done', 'plan': 'p5-x'}}", 1, 1},
	{"a shared value and narrow ranges", "*", "{'data': {'kind': ['k'], 'amount': [{'numeric': ['>=', %d, '<', %d.5]}]}}", RULES,
	"{'type': 't', 'data': {'kind': 'k', 'amount': 77.2}}", 1, 1},
	{"shared ranges and a value of its own", "*", "{'data': {'amount': [{'numeric': ['>=', 0]}], 'plan': ['p%d']}}", RULES,
	"{'type': 't', 'data': {'plan': 'p9', 'amount': 5}}", 1, 1},
	{"two values, each shared by many", "t.*", "{'data': {'a': ['a%d'], 'status': ['failed'], 'plan': [{'anything-but': 'p%d'}]}}", 100,
	"{'type': 't.1', 'data': {'status': 'failed', 'a': 'a7', 'plan': 'x'}}", 100, 1},
	{"lists of values that overlap", "t", "{'data': {'a': ['x', 'a%d', 'y'], 'b': ['z', 'b%d']}}", RULES,
	"{'type': 't', 'data': {'a': 'x', 'b': 'b12'}}", 1, 1},
	{"wildcards with a text in the middle", "t", "{'data': {'path': [{'wildcard': '*/n%d/*'}]}}", RULES,
	"{'type': 't', 'data': {'path': '/api/n4711/x'}}", 1, 200},
	{"suffixes that ignore case", "t", "{'data': {'path': [{'suffix': {'equals-ignore-case': '-É%d'}}]}}", RULES,
	"{'type': 't', 'data': {'path': 'x-é4711'}}", 1, 1},
	{"networks", "t", "{'data': {'ip': [{'cidr': '10.%d.0.0/16'}]}}", 256,
	"{'type': 't', 'data': {'ip': '10.7.1.1'}}", 40, 1},
	{"all-of with a prefix of its own", "t", "{'data': {'a': [{'all-of': [{'anything-but': 'x'}, {'prefix': 'q%d.'}]}]}}", RULES,
	"{'type': 't', 'data': {'a': 'q12.5'}}", 1, 1},
	{"$or of two fields", "t", "{'$or': [{'a': ['v%d']}, {'b': ['w%d']}]}", RULES,
	"{'type': 't', 'a': 'v5', 'b': 'w6'}", 2, 2},
	{"types by prefix", "t%d.*", "{'a': [{'exists': true}]}", RULES,
	"{'type': 't1234.x', 'a': 1}", 1, 1},
	{"an event of another type", "t.%d", "{'data': {'refund': [{'exists': false}]}}", RULES,
	"{'type': 'other', 'data': {}}", 0, 0}
};

static void
check_shape(const Shape *shape)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	MatchState *state;
	const int  *rule_nos;
	int			count;

	for (int i = 0; i < RULES; i++)
	{
		char		type[64];
		char		pattern[400];
		PatternError error;
		int			number = i % shape->modulus;

		/* The formats are those of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
		snprintf(type, sizeof(type), shape->type, i);
		snprintf(pattern, sizeof(pattern), shape->pattern, number, number);
#pragma GCC diagnostic pop
		if (!respond_matcher_add(matcher, i, type, strlen(type), harness_json(arena, pattern), &error))
			abort();
	}
	respond_matcher_finish(matcher);
	state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
	flatten_json(respond_state_event(state), harness_json(arena, shape->event));
	respond_matcher_match(state, &rule_nos, &count);
	check(count == shape->matches, "%s: %d of %d rules match", shape->name, shape->matches, RULES);
	check(respond_state_tried(state) <= shape->may_try, "%s: at most %d tried", shape->name, shape->may_try);
	if (count != shape->matches || respond_state_tried(state) > shape->may_try)
		printf("#   matched %d, tried %d, scanned %d\n", count, respond_state_tried(state), respond_matcher_scan_count(matcher));
	check(respond_matcher_size(matcher) < (size_t) RULES * 3000, "%s: %zu bytes for each rule", shape->name,
		  respond_matcher_size(matcher) / RULES);
	respond_matcher_state_destroy(state);
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		check_shape(&shapes[i]);
	return check_done();
}
