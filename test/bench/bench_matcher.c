/*-------------------------------------------------------------------------
 * bench_matcher.c
 *	  Events per second through the matcher alone, on one core.
 *
 * What is measured: reading an event of about 600 bytes from its stored form
 * (a jsonb as the server lays it out, and the texts of the envelope) along the
 * paths of the rules, and matching it.  "read only" is the same without the
 * matching.  Events are taken in turn from 4,096 different ones, so that they
 * do not all stay in the nearest cache.  Fetching rows, detoasting and what
 * follows a match are not in it.
 *
 *		bench_matcher [SECONDS [SHAPE RULES]]
 *
 * prints one line for each shape and size, or for the one that is asked for:
 * shape, rules, events/s, read only/s, matches per event, bytes per event,
 * MB of the matcher, ms to build it.
 *
 * test/bench/bench_matcher.c
 *-------------------------------------------------------------------------
 */
/* links: test/bench/jsonb_writer.c test/unit/json_reader.c src/match/flatten_jsonb.c src/match/flatten_number.c
   src/match/matcher.c src/match/matcher_intern.c src/match/matcher_index.c src/match/matcher_lookup.c
   src/match/matcher_verify.c src/match/matcher_explain.c src/match/test_text.c src/match/trigger.c
   src/match/value_test.c src/match/event_fields.c src/match/path_tree.c src/match/pattern.c
   src/match/pattern_test.c src/match/pattern_text.c src/match/pattern_place.c src/match/number.c
   src/match/address.c src/match/case_map.c src/common/arena.c */
#include "postgres.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "json_reader.h"
#include "jsonb_writer.h"
#include "match/flatten_jsonb.h"
#include "match/matcher.h"

/* This program is not the server: it wants the C library's own. */
#undef printf
#undef snprintf
#undef vsnprintf

#define EVENTS		4096
#define REPEAT		3

typedef struct BenchEvent
{
	char		type[40];
	char		subject[40];
	const JsonbContainer *data;
	size_t		size;
} BenchEvent;

typedef struct Shape
{
	const char *name;
	void		(*rule) (char *out, size_t room, char *type, size_t type_room, int number, int rules);
	int			(*types) (int rules);
} Shape;

static uint64_t random_state = 88172645463325252;

static unsigned
below(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned) (random_state >> 33) % limit;
}

/* Processor time, so that other work on the machine does not count. */
static double
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double) at.tv_sec + (double) at.tv_nsec / 1e9;
}

static int
types_tenth(int rules)
{
	return rules < 100 ? 10 : rules / 10;
}

static int
types_all(int rules)
{
	return rules;
}

static int
types_one(int rules)
{
	return 1;
}

/* Exact type and two values of one field. */
static void
rule_exact(char *out, size_t room, char *type, size_t type_room, int number, int rules)
{
	int			types = types_tenth(rules);
	int			turn = number % types + number / types;

	snprintf(type, type_room, "type.%d.updated", number % types);
	snprintf(out, room, "{\"data\": {\"plan\": [\"plan-%d\", \"plan-%d\"]}}", turn * 7 % 100, turn * 13 % 100);
}

/* Exact, prefix, interval, wildcard, anything-but, in turn. */
static void
rule_mix(char *out, size_t room, char *type, size_t type_room, int number, int rules)
{
	int			t = number % types_tenth(rules);

	snprintf(type, type_room, number % 5 == 1 ? "type.%d.*" : "type.%d.updated", t);
	switch (number % 5)
	{
		case 0:
		case 1:
			snprintf(out, room, "{\"data\": {\"plan\": [\"plan-%d\"]}}", number % 100);
			break;
		case 2:
			snprintf(out, room, "{\"data\": {\"amount\": [{\"numeric\": [\">\", %d, \"<=\", %d]}], \"plan\": [\"plan-%d\"]}}",
					 number % 9000, number % 9000 + 500, number % 100);
			break;
		case 3:
			snprintf(out, room, "{\"data\": {\"path\": [{\"wildcard\": \"/api/%d/*/done\"}]}}", number % 1000);
			break;
		default:
			snprintf(out, room, "{\"data\": {\"status\": [{\"anything-but\": [\"paid\", \"open\"]}], \"customer\": {\"country\": [\"C%d\"]}}}",
					 number % 50);
	}
}

/* The hard shape: a type of its own, beside two tests that all rules share. */
static void
rule_hard(char *out, size_t room, char *type, size_t type_room, int number, int rules)
{
	snprintf(type, type_room, "type.%d.updated", number);
	snprintf(out, room, "{\"data\": {\"refund\": [{\"exists\": false}], \"path\": [{\"suffix\": \"/done\"}]}}");
}

/* The same with one type for all: only the plan and a range tell rules apart. */
static void
rule_one_type(char *out, size_t room, char *type, size_t type_room, int number, int rules)
{
	snprintf(type, type_room, "type.0.updated");
	snprintf(out, room, "{\"data\": {\"refund\": [{\"exists\": false}], \"path\": [{\"suffix\": \"/done\"}], "
			 "\"plan\": [\"plan-%d\"], \"amount\": [{\"numeric\": [\">=\", %d, \"<\", %d]}]}}",
			 number % 100, number / 100 * 100, number / 100 * 100 + 10);
}

static void
make_event(Arena *arena, BenchEvent *event, int number, int types)
{
	static const char *const statuses[] = {"paid", "open", "failed", "void"};
	char		text[2000];
	size_t		length;

	snprintf(event->type, sizeof(event->type), "type.%u.updated", below((unsigned) types));
	snprintf(event->subject, sizeof(event->subject), "payment/%d", number);
	length = (size_t) snprintf(text, sizeof(text),
							   "{\"op\": \"UPDATE\", \"table\": \"payment\", \"plan\": \"plan-%u\", \"amount\": %u.%02u, \"currency\": \"EUR\", "
							   "\"status\": \"%s\", \"path\": \"/api/%u/orders/%u/done\", \"attempt\": %u, \"live\": true, \"note\": null, %s"
							   "\"customer\": {\"id\": %u, \"email\": \"customer-%u@shop.example\", \"country\": \"C%u\", \"since\": \"2019-04-0%u\"}, "
							   "\"lines\": [{\"sku\": \"A-%u\", \"quantity\": %u, \"price\": 12.50}, {\"sku\": \"B-%u\", \"quantity\": 1, \"price\": 7}], "
							   "\"tags\": [\"web\", \"eu\", \"returning\"], \"gateway\": \"gateway-%u\", \"reference\": \"0b5f%08x-77aa\", "
							   "\"description\": \"Order of the web shop, to be delivered by the usual carrier\"}",
							   below(100), below(10000), below(100), statuses[below(4)], below(1000), below(100000), below(5),
							   below(2) ? "\"refund\": 5, " : "", below(1000000), below(1000000), below(50), 1 + below(9),
							   below(5000), 1 + below(9), below(5000), below(9), below(1U << 30));
	event->data = jsonb_write(arena, json_read(arena, text, length), &event->size);
}

static void
add_text(EventFields *event, const char *name, const char *text)
{
	const PathTree *tree = respond_event_fields_tree(event);
	const PathNode *node = respond_path_step(tree, respond_path_tree_root(tree), name, strlen(name), false);

	if (node != NULL && node->field >= 0)
		respond_event_add_text(event, node, NO_ELEMENT, VALUE_STRING, text, strlen(text));
}

/* What respond_flatten_event does, without the calls that need a server. */
static void
read_event(EventFields *fields, const BenchEvent *event)
{
	const PathTree *tree = respond_event_fields_tree(fields);
	const PathNode *node;

	respond_event_begin(fields);
	add_text(fields, "type", event->type);
	add_text(fields, "source", "respond.watch");
	add_text(fields, "subject", event->subject);
	add_text(fields, "actor", "shop");
	node = respond_path_step(tree, respond_path_tree_root(tree), "data", 4, false);
	if (node != NULL)
		respond_flatten_container(fields, node, event->data);
	respond_event_seal(fields);
}

/* Events per second; the best of several turns. */
static double
measure(MatchState *state, const BenchEvent *events, bool match, double seconds, double *matches)
{
	double		best = 0;

	for (int turn = 0; turn < REPEAT; turn++)
	{
		double		start = now();
		double		took;
		long		done = 0;
		long		found = 0;

		do
		{
			for (int i = 0; i < EVENTS; i++)
			{
				const int  *rule_nos;
				int			count;

				read_event(respond_state_event(state), &events[i]);
				if (!match)
					continue;
				respond_matcher_match(state, &rule_nos, &count);
				found += count;
			}
			done += EVENTS;
			took = now() - start;
		} while (took < seconds);
		if (done / took > best)
			best = done / took;
		if (match)
			*matches = (double) found / done;
	}
	return best;
}

static void
run(const Shape *shape, int rules, double seconds)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	BenchEvent *events = respond_arena_alloc(arena, sizeof(BenchEvent) * EVENTS);
	MatchState *state;
	double		start = now();
	double		built;
	double		bytes = 0;
	double		read_only;
	double		rate;
	double		matches = 0;

	for (int i = 0; i < rules; i++)
	{
		char		type[64];
		char		text[512];
		PatternError error;

		shape->rule(text, sizeof(text), type, sizeof(type), i, rules);
		if (!respond_matcher_add(matcher, i, type, strlen(type), json_read(arena, text, strlen(text)), &error))
			abort();
	}
	respond_matcher_finish(matcher);
	built = now() - start;
	for (int i = 0; i < EVENTS; i++)
	{
		make_event(arena, &events[i], i, shape->types(rules));
		bytes += (double) (events[i].size + strlen(events[i].type) + strlen(events[i].subject));
	}
	state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
	read_only = measure(state, events, false, seconds, &matches);
	rate = measure(state, events, true, seconds, &matches);
	printf("%-10s %7d %9.0f %9.0f %7.2f %5.0f %7.1f %7.0f\n", shape->name, rules, rate, read_only, matches,
		   bytes / EVENTS, (double) respond_matcher_size(matcher) / 1e6, built * 1e3);
	fflush(stdout);
	respond_matcher_state_destroy(state);
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
}

int
main(int argc, char **argv)
{
	static const Shape shapes[] = {
		{"exact", rule_exact, types_tenth},
		{"mix", rule_mix, types_tenth},
		{"hard", rule_hard, types_all},
		{"one-type", rule_one_type, types_one}
	};
	static const int sizes[] = {10, 100, 1000, 10000, 100000};
	double		seconds = argc > 1 ? atof(argv[1]) : 0.3;

	for (size_t s = 0; s < lengthof(shapes); s++)
	{
		if (argc > 3 && strcmp(argv[2], shapes[s].name) != 0)
			continue;
		for (size_t n = 0; argc <= 3 && n < lengthof(sizes); n++)
			run(&shapes[s], sizes[n], seconds);
		if (argc > 3)
			run(&shapes[s], atoi(argv[3]), seconds);
	}
	return 0;
}
