/*-------------------------------------------------------------------------
 * test_matcher_random.c
 *	  Random rules and events: the matcher against a naive interpreter.
 *
 * Few names and few values, so that rules share tests (which fills the deeper
 * nodes of the index) and events match often enough.  The seed is fixed; give
 * another one, and a number of rounds, as arguments.
 *
 * test/unit/test_matcher_random.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/naive_matcher.c test/unit/matcher_harness.c test/unit/flatten_json.c
   test/unit/json_reader.c src/match/matcher.c src/match/matcher_intern.c src/match/matcher_index.c
   src/match/matcher_lookup.c src/match/matcher_verify.c src/match/matcher_explain.c src/match/test_text.c
   src/match/trigger.c src/match/value_test.c src/match/event_fields.c src/match/path_tree.c src/match/pattern.c
   src/match/pattern_test.c src/match/pattern_text.c src/match/pattern_place.c src/match/number.c
   src/match/address.c src/match/case_map.c src/common/arena.c */
#include <stdlib.h>

#include "check.h"
#include "flatten_json.h"
#include "matcher_harness.h"
#include "naive_matcher.h"

#define RULES			150
#define EVENTS			60
#define TEXT_ROOM		32768

typedef struct Random
{
	uint64_t	state;
	char	   *out;			/* end of the text being written */
	char	   *limit;
	bool		arrays;			/* events of this round are mostly arrays of small objects */
} Random;

static unsigned
below(Random *random, unsigned limit)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (unsigned) (random->state >> 33) % limit;
}

static void
put(Random *random, const char *text)
{
	size_t		length = strlen(text);

	if ((size_t) (random->limit - random->out) <= length)
		abort();
	memcpy(random->out, text, length + 1);
	random->out += length;
}

static void
put_one(Random *random, const char *const *choices, unsigned count)
{
	put(random, choices[below(random, count)]);
}

#define PUT_ONE(random, ...) \
	do { \
		static const char *const choices_[] = {__VA_ARGS__}; \
		put_one(random, choices_, sizeof(choices_) / sizeof(choices_[0])); \
	} while (0)

static void
put_name(Random *random)
{
	PUT_ONE(random, "'a'", "'b'", "'c'", "'d'", "'a'", "'b'", "'c'", "'a.b'");
}

static void
put_text(Random *random)
{
	PUT_ONE(random, "'x'", "'xy'", "'Xyz'", "'yz'", "''", "'xyxy'", "'z/done'", "'a/done'", "'long text with done'",
			"'10.0.0.1'", "'10.0.1.9'", "'::1'", "'2001:db8::5'", "'XY'", "'zy*x'");
}

static void
put_number(Random *random)
{
	/* some that a binary64 does not hold; the naive matcher tells them apart by long double */
	PUT_ONE(random, "0", "1", "-1", "2.5", "3", "1e2", "100", "-0.5", "7", "12", "100.000000000000005", "2.500000000000000000",
			"1.000000000000000001", "-1.000000000000000001", "99.999999999999999", "1000.33333333333333");
}

static void
put_scalar(Random *random)
{
	switch (below(random, 8))
	{
		case 0:
			PUT_ONE(random, "true", "false", "null");
			break;
		case 1:
		case 2:
			put_number(random);
			break;
		default:
			put_text(random);
	}
}

static void
put_texts(Random *random, const char *const *choices, unsigned count)
{
	unsigned	items = below(random, 3);

	if (items == 0)
	{
		put_one(random, choices, count);
		return;
	}
	put(random, "[");
	for (unsigned i = 0; i < items; i++)
	{
		put(random, i > 0 ? "," : "");
		put_one(random, choices, count);
	}
	put(random, "]");
}

#define PUT_TEXTS(random, ...) \
	do { \
		static const char *const choices_[] = {__VA_ARGS__}; \
		put_texts(random, choices_, sizeof(choices_) / sizeof(choices_[0])); \
	} while (0)

static void
put_but(Random *random)
{
	put(random, "{'anything-but':");
	switch (below(random, 6))
	{
		case 0:
			PUT_TEXTS(random, "'x'", "'xy'", "'yz'", "''");
			break;
		case 1:
			PUT_TEXTS(random, "0", "1", "2.5", "100");
			break;
		case 2:
			put(random, "{'prefix':");
			PUT_TEXTS(random, "'x'", "'xy'", "'z'");
			put(random, "}");
			break;
		case 3:
			put(random, "{'suffix':");
			PUT_TEXTS(random, "'y'", "'done'", "'z'");
			put(random, "}");
			break;
		case 4:
			put(random, "{'equals-ignore-case':");
			PUT_TEXTS(random, "'xY'", "'XYZ'", "''");
			put(random, "}");
			break;
		default:
			put(random, "{'wildcard':");
			PUT_TEXTS(random, "'x*'", "'*y*'", "'*done'", "'x*y'");
			put(random, "}");
	}
	put(random, "}");
}

static void
put_test(Random *random, bool in_all_of)
{
	/* Few outcomes make it likely that elements hold for some fields only. */
	if (random->arrays && below(random, 4) > 0)
	{
		PUT_ONE(random, "'x'", "'xy'", "'x'", "{'anything-but': 'x'}", "{'exists': true}");
		return;
	}
	switch (below(random, 16))
	{
		case 0:
			put(random, "{'prefix':");
			PUT_ONE(random, "'x'", "'xy'", "''", "'long'", "'z/'", "{'equals-ignore-case': 'xY'}", "{'equals-ignore-case': ''}");
			put(random, "}");
			break;
		case 1:
			put(random, "{'suffix':");
			PUT_ONE(random, "'y'", "'/done'", "''", "'yz'", "{'equals-ignore-case': 'Z'}", "{'equals-ignore-case': '/DONE'}");
			put(random, "}");
			break;
		case 2:
			put(random, "{'equals-ignore-case':");
			PUT_ONE(random, "'xyZ'", "'Xy'", "''", "'X'");
			put(random, "}");
			break;
		case 3:
			put(random, "{'wildcard':");
			PUT_ONE(random, "'*'", "'x*'", "'*y*'", "'*/done'", "'x*y'", "'*text*with*'", "'x'", "'*yx*y'", "'z*\\\\*x'");
			put(random, "}");
			break;
		case 4:
		case 5:
			put(random, "{'numeric':");
			PUT_ONE(random, "['=', 1]", "['<', 1]", "['<=', 2.5]", "['>', 0]", "['>=', 3]", "['>', 0, '<', 3]", "['>', 2.4999999999999999, '<', 100.000000000000005]", "['=', 1.000000000000000001]",
					"['>=', 1.000000000000000001]", "['<', -1]", "['>', 1]", "['<=', 100]",
					"['>=', -1, '<=', 100]", "['>', 5, '<=', 12]", "['=', 100.0]");
			put(random, "}");
			break;
		case 6:
			put(random, "{'cidr':");
			PUT_ONE(random, "'10.0.0.0/24'", "'10.0.0.0/8'", "'10.0.0.1/32'", "'0.0.0.0/0'", "'2001:db8::/32'", "'::1/128'");
			put(random, "}");
			break;
		case 7:
			put(random, in_all_of ? "{'exists': true}" : below(random, 2) ? "{'exists': true}" : "{'exists': false}");
			break;
		case 8:
			put_but(random);
			break;
		case 9:
			put(random, "{'all-of': [");
			put_test(random, true);
			put(random, ",");
			put_test(random, true);
			put(random, "]}");
			break;
		default:
			put_scalar(random);
	}
}

static void
put_tests(Random *random)
{
	unsigned	items = random->arrays ? 1 : 1 + below(random, 3);

	put(random, "[");
	for (unsigned i = 0; i < items; i++)
	{
		put(random, i > 0 ? "," : "");
		put_test(random, false);
	}
	put(random, below(random, 5) == 0 ? ", {'exists': false}]" : "]");
}

static void
put_pattern(Random *random, int depth)
{
	unsigned	members = 1 + below(random, random->arrays ? 4 : 3);
	unsigned	nested = random->arrays ? 2 : 3;

	put(random, "{");
	for (unsigned i = 0; i < members; i++)
	{
		put(random, i > 0 ? "," : "");
		if (depth < 2 && below(random, 10) == 0)
		{
			put(random, "'$or': [");
			put_pattern(random, depth + 1);
			put(random, ",");
			put_pattern(random, depth + 1);
			put(random, "]");
			continue;
		}
		put_name(random);
		put(random, ":");
		if (depth < 2 && below(random, nested) == 0)
			put_pattern(random, depth + 1);
		else
			put_tests(random);
	}
	put(random, "}");
}

static void
put_document(Random *random, int depth)
{
	unsigned	members = (random->arrays ? 2 : 1) + below(random, 4);
	unsigned	kind;

	put(random, "{");
	for (unsigned i = 0; i < members; i++)
	{
		put(random, i > 0 ? "," : "");
		put_name(random);
		put(random, ":");
		kind = below(random, 8);
		if (depth < 3 && kind < 2)
			put_document(random, depth + 1);
		else if (depth < 3 && kind < 6 && random->arrays)
		{
			unsigned	items = below(random, 5);

			put(random, "[");
			for (unsigned item = 0; item < items; item++)
			{
				put(random, item > 0 ? "," : "");
				if (below(random, 6) == 0)
					put(random, "[['x'], 1]");
				else if (below(random, 4) == 0)
					put_scalar(random);
				else
					put_document(random, depth + 1);
			}
			put(random, "]");
		}
		else if (random->arrays)
			PUT_ONE(random, "'x'", "'xy'");
		else
			put_scalar(random);
	}
	if (depth == 0)
	{
		put(random, ",'type':");
		PUT_ONE(random, "'order.new'", "'order.paid'", "'user.new'");
	}
	put(random, "}");
}

static const char *
put_glob(Random *random)
{
	static const char *const globs[] = {"*", "order.*", "*.new", "order.new", "user.new", "o*r.*w", "order.paid"};

	return globs[below(random, sizeof(globs) / sizeof(globs[0]))];
}

/* What the type glob means, told once more. */
static bool
glob_matches(const char *glob, const char *type)
{
	if (*glob == '*')
		return glob_matches(glob + 1, type) || (*type != '\0' && glob_matches(glob, type + 1));
	return *glob == *type && (*glob == '\0' || glob_matches(glob + 1, type + 1));
}

static const char *
type_of(const JsonValue *document)
{
	for (size_t i = 0; i < document->count; i++)
		if (strcmp(document->members[i].name, "type") == 0)
			return document->members[i].value->text;
	return "";
}

typedef struct Round
{
	Arena	   *arena;
	Matcher    *matcher;
	MatchState *state;
	int			rule_count;
	const char *globs[RULES];
	char	   *texts[RULES];
	const JsonValue *patterns[RULES];
	long		matches;
	long		mistakes;
} Round;

static void
add_rules(Round *round, Random *random)
{
	for (int tries = 0; tries < RULES; tries++)
	{
		char	   *text = respond_arena_alloc(round->arena, TEXT_ROOM);
		int			number = round->rule_count;
		PatternError error;

		random->out = text;
		random->limit = text + TEXT_ROOM;
		put_pattern(random, 0);
		round->texts[number] = text;
		round->globs[number] = put_glob(random);
		round->patterns[number] = harness_json(round->arena, text);

		/* One path twice, which has no meaning of its own, is the only reason to refuse one. */
		if (respond_matcher_add(round->matcher, number, round->globs[number], strlen(round->globs[number]),
								round->patterns[number], &error))
			round->rule_count++;
		else if (strcmp(error.message, "the field is given twice") != 0)
		{
			printf("# refused %s: %s: %s\n", text, error.place, error.message);
			round->mistakes++;
		}
	}
	respond_matcher_finish(round->matcher);
	round->state = respond_matcher_state_create(round->matcher, &respond_arena_malloc_source);
}

static void
compare_event(Round *round, Random *random)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	char	   *text = respond_arena_alloc(arena, TEXT_ROOM);
	const JsonValue *document;
	const Naive *naive;
	const int  *rule_nos;
	int			count;
	int			at = 0;

	random->out = text;
	random->limit = text + TEXT_ROOM;
	put_document(random, 0);
	document = harness_json(arena, text);
	naive = naive_read(arena, document);
	flatten_json(respond_state_event(round->state), document);
	respond_matcher_match(round->state, &rule_nos, &count);
	for (int i = 0; i < round->rule_count; i++)
	{
		bool		found = at < count && rule_nos[at] == i;
		bool		wanted = glob_matches(round->globs[i], type_of(document)) &&
			naive_matches(naive, round->patterns[i]);

		at += found;
		round->matches += wanted;
		if (found != wanted)
		{
			printf("# type %s pattern %s\n# event %s\n# naive %d matcher %d\n",
				   round->globs[i], round->texts[i], text, wanted, found);
			round->mistakes++;
		}
	}
	round->mistakes += at != count;
	respond_arena_destroy(arena);
}

int
main(int argc, char **argv)
{
	Random		random = {argc > 1 ? strtoull(argv[1], NULL, 0) : 20261124, NULL, NULL, false};
	int			rounds = argc > 2 ? atoi(argv[2]) : 24;
	long		matches = 0;

	for (int i = 0; i < rounds; i++)
	{
		Round		round;

		memset(&round, 0, sizeof(round));
		random.arrays = i % 2 == 1;
		round.arena = respond_arena_create(&respond_arena_malloc_source);
		round.matcher = respond_matcher_begin(&respond_arena_malloc_source);
		add_rules(&round, &random);
		for (int e = 0; e < EVENTS; e++)
			compare_event(&round, &random);
		check(round.mistakes == 0, "round %d, %s arrays: %d rules and %d events", i,
			  random.arrays ? "with" : "without", round.rule_count, EVENTS);
		matches += round.matches;
		respond_matcher_state_destroy(round.state);
		respond_matcher_destroy(round.matcher);
		respond_arena_destroy(round.arena);
	}
	check(matches > rounds * 100, "events match often enough to tell something (%ld)", matches);
	return check_done();
}
