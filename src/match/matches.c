/*-------------------------------------------------------------------------
 * matches.c
 *	  respond.matches(): does a document match a pattern?
 *
 * The dispatcher's matcher with one rule, so that a rule can be tried out in
 * SQL.  A call site usually has one pattern and many documents, so the matcher
 * is kept with the call site.
 *
 * src/match/matches.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "match/flatten_event.h"
#include "match/pattern_jsonb.h"

/* What a call site keeps in fn_extra. */
typedef struct MatchesCache
{
	MemoryContext context;		/* of all below */
	Jsonb	   *pattern;		/* NULL until a pattern compiled */
	MatchState *state;
} MatchesCache;

PG_FUNCTION_INFO_V1(respond_matches);

static MatchState *
find_state(FmgrInfo *call, Jsonb *pattern)
{
	MatchesCache *cache = call->fn_extra;
	Matcher    *matcher;
	ArenaSource source;
	PatternError error;
	Jsonb	   *copy;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(call->fn_mcxt, sizeof(MatchesCache));
		cache->context = AllocSetContextCreate(call->fn_mcxt, "pg_respond matches", ALLOCSET_DEFAULT_SIZES);
		call->fn_extra = cache;
	}
	if (cache->pattern != NULL && VARSIZE(cache->pattern) == VARSIZE(pattern) &&
		memcmp(cache->pattern, pattern, VARSIZE(pattern)) == 0)
		return cache->state;

	/* An error below must not leave the old pattern behind. */
	cache->pattern = NULL;
	MemoryContextReset(cache->context);
	source = respond_arena_source_in(cache->context);
	matcher = respond_matcher_begin(&source);
	if (!respond_matcher_add_jsonb(matcher, 0, NULL, pattern, &error))
		respond_pattern_report("pattern", &error);
	respond_matcher_finish(matcher);
	cache->state = respond_matcher_state_create(matcher, &source);
	respond_matcher_state_prepare(cache->state);
	copy = MemoryContextAlloc(cache->context, VARSIZE(pattern));
	memcpy(copy, pattern, VARSIZE(pattern));
	cache->pattern = copy;
	return cache->state;
}

/*
 * respond.matches(pattern jsonb, document jsonb) returns boolean
 */
Datum
respond_matches(PG_FUNCTION_ARGS)
{
	MatchState *state = find_state(fcinfo->flinfo, PG_GETARG_JSONB_P(0));
	const int  *rule_nos;
	int			count;

	respond_flatten_document(respond_state_event(state), PG_GETARG_JSONB_P(1));
	respond_matcher_match(state, &rule_nos, &count);
	PG_RETURN_BOOL(count > 0);
}
