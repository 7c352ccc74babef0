/*-------------------------------------------------------------------------
 * matcher_harness.c
 *	  Shortcuts of the matcher's tests: patterns and events as JSON text.
 *
 * test/unit/matcher_harness.c
 *-------------------------------------------------------------------------
 */
#include "matcher_harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flatten_json.h"
#include "json_reader.h"

const JsonValue *
harness_json(Arena *arena, const char *text)
{
	char	   *copy = respond_arena_copy(arena, text, strlen(text));
	const JsonValue *value;

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	value = json_read(arena, copy, strlen(copy));
	if (value == NULL)
	{
		fprintf(stderr, "not JSON: %s\n", text);
		abort();
	}
	return value;
}

int
harness_match(const char *pattern, const char *event, PatternError *error)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	int			result = -1;

	if (respond_matcher_add(matcher, 1, NULL, 0, harness_json(arena, pattern), error))
	{
		MatchState *state;
		const int  *rule_nos;

		respond_matcher_finish(matcher);
		state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
		flatten_json(respond_state_event(state), harness_json(arena, event));
		respond_matcher_match(state, &rule_nos, &result);
		respond_matcher_state_destroy(state);
	}
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
	return result;
}

const char *
harness_explain(const char *type_glob, const char *pattern, const char *event)
{
	static char text[400];
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	PatternError error;
	MatchState *state;

	if (!respond_matcher_add(matcher, 1, type_glob, type_glob != NULL ? strlen(type_glob) : 0,
							 harness_json(arena, pattern), &error))
		abort();
	respond_matcher_finish(matcher);
	state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
	flatten_json(respond_state_event(state), harness_json(arena, event));
	respond_matcher_explain(state, 1, text, sizeof(text));
	respond_matcher_state_destroy(state);
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
	return text;
}
