/*-------------------------------------------------------------------------
 * pattern_jsonb.c
 *	  Patterns that come from SQL, and errors that go there.
 *
 * src/match/pattern_jsonb.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/errors.h"
#include "common/json_value_jsonb.h"
#include "common/recode.h"
#include "match/pattern_jsonb.h"
#include "match/pattern_recode.h"

/* What no pattern reaches that the compiler would accept: two per level, and a test. */
#define JSON_DEPTH_LIMIT	(2 * PATTERN_DEPTH_LIMIT + 8)

/* A few seconds.  Who can record events could otherwise keep a worker busy for hours. */
#define MATCH_WORK_LIMIT	((uint64) 1 << 24)

/*
 * The tree is made, and the compiler goes through it, by recursion, so the
 * depth is checked first, by an iterator that does not recurse.
 */
static bool
is_too_deep(Jsonb *pattern)
{
	JsonbIterator *iterator = JsonbIteratorInit(&pattern->root);
	JsonbIteratorToken token;
	JsonbValue	part;
	int			depth = 0;

	while ((token = JsonbIteratorNext(&iterator, &part, false)) != WJB_DONE)
	{
		if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
		{
			if (++depth > JSON_DEPTH_LIMIT)
				return true;
		}
		else if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
			depth--;
	}
	return false;
}

bool
respond_matcher_add_jsonb(Matcher *matcher, int rule_no, const char *type_glob,
						  Jsonb *pattern, PatternError *error)
{
	size_t		type_length = type_glob != NULL ? strlen(type_glob) : 0;
	MemoryContext context;
	JsonValue  *json;
	bool		added;

	if (type_glob != NULL)
		type_glob = respond_to_utf8(type_glob, &type_length);
	if (pattern == NULL)
		return respond_matcher_add(matcher, rule_no, type_glob, type_length, NULL, error);
	if (is_too_deep(pattern))
	{
		memset(error, 0, sizeof(*error));
		snprintf(error->message, sizeof(error->message), "nested deeper than %d levels", PATTERN_DEPTH_LIMIT);
		strlcpy(error->hint, "Make the pattern flatter.", sizeof(error->hint));
		return false;
	}
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond pattern", ALLOCSET_SMALL_SIZES);
	json = respond_json_value_from_jsonb(respond_arena_create_in(context), pattern);
	respond_tree_to_utf8(json);
	added = respond_matcher_add(matcher, rule_no, type_glob, type_length, json, error);
	if (!added)
		respond_pattern_error_from_utf8(error);
	MemoryContextDelete(context);
	return added;
}

void
respond_pattern_check_jsonb(const char *name, Jsonb *pattern)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond pattern", ALLOCSET_SMALL_SIZES);
	ArenaSource source = respond_arena_source_in(context);
	PatternError error;

	if (!respond_matcher_add_jsonb(respond_matcher_begin(&source), 0, NULL, pattern, &error))
		respond_pattern_report(name, &error);
	MemoryContextDelete(context);
}

static void
match_tick(uint64 work)
{
	CHECK_FOR_INTERRUPTS();
	if (work > MATCH_WORK_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_RESPOND_LIMIT),
				 errmsg("event takes too long to match"),
				 errdetail("Its nested arrays hold too many values that patterns combine."),
				 errhint("Put fewer elements into one event, or test fewer fields of the elements.")));
}

void
respond_matcher_state_prepare(MatchState *state)
{
	respond_matcher_state_set_tick(state, match_tick);
	if (respond_recodes())
		respond_event_fields_set_recode(respond_state_event(state), respond_event_to_utf8);
}

void
respond_pattern_report(const char *name, const PatternError *error)
{
	ereport(ERROR,
			errcode(ERRCODE_RESPOND_INVALID_RULE),
			errmsg("%s%s%s: %s", name, error->place[0] != '\0' ? "." : "", error->place, error->message),
			errhint("%s", error->hint));
}
