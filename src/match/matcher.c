/*-------------------------------------------------------------------------
 * matcher.c
 *	  Many rules compiled into one matcher: which of them does an event match?
 *
 * src/match/matcher.c
 *-------------------------------------------------------------------------
 */
#include "match/matcher.h"

#include <stdlib.h>
#include <string.h>

#include "match/matcher_parts.h"

Matcher *
respond_matcher_begin(const ArenaSource *source)
{
	Arena	   *arena = respond_arena_create(source);
	Matcher    *matcher = respond_arena_alloc_zero(arena, sizeof(Matcher));

	matcher->source = *source;
	matcher->arena = arena;
	matcher->scratch = respond_arena_create(source);
	matcher->paths = respond_path_tree_create(arena);
	return matcher;
}

void
respond_matcher_destroy(Matcher *matcher)
{
	if (matcher->scratch != NULL)
		respond_arena_destroy(matcher->scratch);
	respond_arena_destroy(matcher->arena);
}

/* "*" alone, or nothing, accepts every type. */
static bool
accepts_every_type(const char *glob, size_t length)
{
	if (glob == NULL || length == 0)
		return glob == NULL;
	for (size_t i = 0; i < length; i++)
		if (glob[i] != '*')
			return false;
	return true;
}

static int
intern_type(Matcher *matcher, const char *glob, size_t length)
{
	PatternTest test = respond_pattern_glob(matcher->scratch, glob, length);
	TestList	list = {1, test.kind == TEST_STRING, &test};

	return respond_intern_condition(matcher, respond_path_tree_add(matcher->paths, "type", 4), &list);
}

static void
append_rule(Matcher *matcher, int number, int rule_no)
{
	Combination *combination = matcher_combination(matcher, number);

	if (combination->rule_count == combination->rule_room)
	{
		int			room = combination->rule_room == 0 ? 1 : combination->rule_room * 2;
		int		   *rule_nos = respond_arena_alloc(matcher->arena, (size_t) room * sizeof(int));

		if (combination->rule_count > 0)
			memcpy(rule_nos, combination->rule_nos, (size_t) combination->rule_count * sizeof(int));
		combination->rule_nos = rule_nos;
		combination->rule_room = room;
	}
	combination->rule_nos[combination->rule_count++] = rule_no;
}

bool
respond_matcher_add(Matcher *matcher, int rule_no, const char *type_glob, size_t type_length,
					const JsonValue *json, PatternError *error)
{
	PatternAlternative empty = {0, NULL};
	const Pattern anything = {1, &empty};
	const Pattern *pattern = &anything;
	int			conditions[PATTERN_FIELD_LIMIT + 1];
	int			first = 0;

	respond_arena_reset(matcher->scratch);
	if (json != NULL)
	{
		pattern = respond_pattern_compile(matcher->scratch, json, error);
		if (pattern == NULL)
			return false;
	}
	if (!accepts_every_type(type_glob, type_length))
		conditions[first++] = intern_type(matcher, type_glob, type_length);
	for (int a = 0; a < pattern->alternative_count; a++)
	{
		const PatternAlternative *alternative = &pattern->alternatives[a];
		int			count = first;

		for (int f = 0; f < alternative->field_count; f++)
		{
			const PatternField *field = alternative->fields[f];
			int			number = respond_path_tree_add(matcher->paths, field->path, field->path_length);

			conditions[count++] = respond_intern_condition(matcher, number, &field->tests);
		}
		append_rule(matcher, respond_intern_combination(matcher, conditions, count), rule_no);
	}
	return true;
}

void
respond_matcher_finish(Matcher *matcher)
{
	respond_arena_destroy(matcher->scratch);
	matcher->scratch = NULL;
	matcher->index = respond_index_build(matcher, matcher->arena, &matcher->source);
}

size_t
respond_matcher_size(const Matcher *matcher)
{
	return respond_arena_size(matcher->arena);
}

int
respond_matcher_scan_count(const Matcher *matcher)
{
	return matcher->index->scan_total;
}

const PathTree *
respond_matcher_paths(const Matcher *matcher)
{
	return matcher->paths;
}

static uint32_t *
allocate_stamps(const ArenaSource *source, int count)
{
	size_t		size = ((size_t) count + 1) * sizeof(uint32_t);

	return memset(source->allocate(source->owner, size), 0, size);
}

static void
clear_stamps(MatchState *state)
{
	const Matcher *matcher = state->matcher;

	memset(state->condition_memos, 0, (size_t) matcher->conditions.count * sizeof(uint32_t));
	memset(state->combination_seen, 0, (size_t) matcher->combinations.count * sizeof(uint32_t));
	memset(state->node_seen, 0, (size_t) matcher->index->node_count * sizeof(uint32_t));
	state->stamp = 1;
}

MatchState *
respond_matcher_state_create(const Matcher *matcher, const ArenaSource *source)
{
	MatchState *state = source->allocate(source->owner, sizeof(MatchState));

	memset(state, 0, sizeof(*state));
	state->matcher = matcher;
	state->source = *source;
	state->event = respond_event_fields_create(source, matcher->paths);
	state->condition_memos = allocate_stamps(source, matcher->conditions.count);
	state->combination_seen = allocate_stamps(source, matcher->combinations.count);
	state->node_seen = allocate_stamps(source, matcher->index->node_count);
	return state;
}

void
respond_matcher_state_destroy(MatchState *state)
{
	ArenaSource source = state->source;

	respond_event_fields_destroy(state->event);
	source.release(source.owner, state->condition_memos);
	source.release(source.owner, state->combination_seen);
	source.release(source.owner, state->node_seen);
	if (state->rule_nos != NULL)
		source.release(source.owner, state->rule_nos);
	source.release(source.owner, state);
}

void
respond_matcher_state_set_tick(MatchState *state, MatchTick tick)
{
	state->tick = tick;
}

EventFields *
respond_state_event(MatchState *state)
{
	return state->event;
}

int
respond_state_tried(const MatchState *state)
{
	return state->tried;
}

static int
compare_numbers(const void *left, const void *right)
{
	int			a = *(const int *) left;
	int			b = *(const int *) right;

	return (a > b) - (a < b);
}

static void
sort_matches(MatchState *state)
{
	int			kept = 0;

	if (state->rule_count < 2)
		return;
	qsort(state->rule_nos, (size_t) state->rule_count, sizeof(int), compare_numbers);
	for (int i = 0; i < state->rule_count; i++)
		if (i == 0 || state->rule_nos[i] != state->rule_nos[kept - 1])
			state->rule_nos[kept++] = state->rule_nos[i];
	state->rule_count = kept;
}

void
respond_matcher_match(MatchState *state, const int **rule_nos, int *count)
{
	if (state->stamp == MATCH_STAMP_LAST)
		clear_stamps(state);
	else
		state->stamp++;
	state->rule_count = 0;
	state->tried = 0;
	state->work = 0;
	respond_index_lookup(state);
	sort_matches(state);
	*rule_nos = state->rule_nos;
	*count = state->rule_count;
}
