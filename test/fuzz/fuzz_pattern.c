/*-------------------------------------------------------------------------
 * fuzz_pattern.c
 *	  No pattern and no event break the compiler and the matcher.
 *
 * Input: a pattern, a line "%%", and JSON for an event.  Checked besides
 * memory: a refusal has a message and a hint; a rule that does not match is
 * explained, one that matches is not; and the index does not miss a rule each
 * of whose tests holds.
 *
 * test/fuzz/fuzz_pattern.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/flatten_json.c test/unit/json_reader.c src/match/matcher.c src/match/matcher_intern.c
   src/match/matcher_index.c src/match/matcher_lookup.c src/match/matcher_verify.c src/match/matcher_explain.c
   src/match/test_text.c src/match/trigger.c src/match/value_test.c src/match/event_fields.c src/match/path_tree.c
   src/match/pattern.c src/match/pattern_test.c src/match/pattern_text.c src/match/pattern_place.c
   src/match/number.c src/match/address.c src/match/case_map.c src/common/arena.c */
#define _GNU_SOURCE				/* memmem */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flatten_json.h"
#include "json_reader.h"
#include "match/matcher.h"
#include "insist.h"

#define SEPARATOR		"\n%%\n"

static void
match_event(const Matcher *matcher, const JsonValue *document)
{
	MatchState *state = respond_matcher_state_create(matcher, &respond_arena_malloc_source);
	char		text[200];
	const int  *rule_nos;
	int			count;

	flatten_json(respond_state_event(state), document);
	respond_matcher_match(state, &rule_nos, &count);
	insist(count == 0 || (count == 1 && rule_nos[0] == 7), "one rule matches once");
	insist(respond_matcher_explain(state, 7, text, sizeof(text)) == (count == 1), "the explanation agrees with the match");
	insist((text[0] == '\0') == (count == 1), "what does not match is explained");
	insist(respond_event_has_elements(respond_state_event(state)) || strncmp(text, "each field matches", 18) != 0,
		   "the index misses no rule");
	respond_matcher_state_destroy(state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena	   *arena = respond_arena_create(&respond_arena_malloc_source);
	Matcher    *matcher = respond_matcher_begin(&respond_arena_malloc_source);
	const char *text = (const char *) data;
	const char *separator = memmem(text, size, SEPARATOR, strlen(SEPARATOR));
	const JsonValue *pattern = NULL;
	const JsonValue *document = NULL;
	PatternError error;

	if (separator != NULL)
	{
		const char *rest = separator + strlen(SEPARATOR);

		pattern = json_read(arena, text, (size_t) (separator - text));
		document = json_read(arena, rest, size - (size_t) (rest - text));
	}
	if (pattern != NULL)
	{
		if (!respond_matcher_add(matcher, 7, NULL, 0, pattern, &error))
			insist(error.message[0] != '\0' && error.hint[0] != '\0', "a refusal says why and what to do");
		else
		{
			respond_matcher_finish(matcher);
			if (document != NULL && document->kind == JSON_KIND_OBJECT)
				match_event(matcher, document);
		}
	}
	respond_matcher_destroy(matcher);
	respond_arena_destroy(arena);
	return 0;
}
