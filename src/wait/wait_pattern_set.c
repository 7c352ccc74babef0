/*-------------------------------------------------------------------------
 * wait_pattern_set.c
 *	  Patterns of awaited events, compiled together.
 *
 * There are as many as wait steps in use.  A matcher cannot be added to, so it is
 * made anew by the first event after patterns were added.
 *
 * src/wait/wait_pattern_set.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/arena_server.h"
#include "common/grow.h"
#include "match/flatten_event.h"
#include "match/hash.h"
#include "match/pattern_jsonb.h"
#include "wait/wait_pattern_set.h"

struct WaitPatternSet
{
	MemoryContext context;
	int			count;
	int			room;
	KnownPattern *patterns;
	HTAB	   *by_id;			/* of PatternPlace */
	MemoryContext matcher_context;	/* NULL: the matcher has to be made */
	MatchState *state;
};

/* The first one with an id. */
typedef struct PatternPlace
{
	int64		id;				/* hash key */
	int			number;
} PatternPlace;

static uint64
hash_text(uint64 hash, const char *text)
{
	return respond_hash_bytes(hash, text, strlen(text) + 1);
}

int64
respond_wait_pattern_id(const WaitPattern *pattern)
{
	uint64		hash = hash_text(0, pattern->rule);

	hash = hash_text(hash, pattern->step);
	hash = hash_text(hash, pattern->event_type);
	hash = hash_text(hash, pattern->event_key);
	hash = respond_hash_combine(hash, pattern->rule_version);
	hash = respond_hash_combine(hash, pattern->alternative);
	if (pattern->pattern != NULL)
		hash = respond_hash_bytes(hash, (const char *) &pattern->pattern->root, VARSIZE(pattern->pattern) - VARHDRSZ);
	return (int64) hash;
}

WaitPatternSet *
respond_wait_set_create(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pg_respond patterns of waits",
												  ALLOCSET_DEFAULT_SIZES);
	WaitPatternSet *set = MemoryContextAllocZero(context, sizeof(WaitPatternSet));
	HASHCTL		control = {.keysize = sizeof(int64),.entrysize = sizeof(PatternPlace),.hcxt = context};

	set->context = context;
	set->by_id = hash_create("pg_respond patterns of waits", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return set;
}

MemoryContext
respond_wait_set_context(const WaitPatternSet *set)
{
	return set->context;
}

void
respond_wait_set_destroy(WaitPatternSet *set)
{
	MemoryContextDelete(set->context);
}

int
respond_wait_set_count(const WaitPatternSet *set)
{
	return set->count;
}

const KnownPattern *
respond_wait_set_get(const WaitPatternSet *set, int number)
{
	return &set->patterns[number];
}

const KnownPattern *
respond_wait_set_find(const WaitPatternSet *set, int64 id, const char *rule, int32 rule_version, const char *step,
					  int alternative)
{
	const PatternPlace *place = hash_search(set->by_id, &id, HASH_FIND, NULL);

	for (int number = place != NULL ? place->number : -1; number >= 0; number = set->patterns[number].next)
	{
		const KnownPattern *known = &set->patterns[number];

		if (known->pattern.alternative == alternative && known->pattern.rule_version == rule_version &&
			strcmp(known->pattern.step, step) == 0 && strcmp(known->pattern.rule, rule) == 0)
			return known;
	}
	return NULL;
}

static void
copy_pattern(WaitPattern *to, const WaitPattern *from)
{
	*to = *from;
	to->rule = pstrdup(from->rule);
	to->step = pstrdup(from->step);
	to->event_type = pstrdup(from->event_type);
	to->event_key = pstrdup(from->event_key);
	if (from->pattern != NULL)
	{
		to->pattern = palloc(VARSIZE(from->pattern));
		memcpy(to->pattern, from->pattern, VARSIZE(from->pattern));
	}
}

void
respond_wait_set_add(WaitPatternSet *set, int64 id, const WaitPattern *pattern)
{
	KnownPattern *known;
	PatternPlace *place;
	MemoryContext caller;
	WaitKey    *key;
	bool		found;

	if (respond_wait_set_find(set, id, pattern->rule, pattern->rule_version, pattern->step, pattern->alternative))
		return;
	if (pattern->pattern != NULL)
		respond_pattern_check_jsonb("pattern", pattern->pattern);
	key = respond_wait_key_compile(set->context, pattern->event_key, "event_key");
	set->patterns = respond_grow(set->context, set->patterns, set->count, &set->room, sizeof(KnownPattern));
	known = &set->patterns[set->count];
	caller = MemoryContextSwitchTo(set->context);
	copy_pattern(&known->pattern, pattern);
	MemoryContextSwitchTo(caller);
	known->id = id;
	known->key = key;
	place = hash_search(set->by_id, &id, HASH_ENTER, &found);
	known->next = found ? place->number : -1;
	place->number = set->count++;
	if (set->matcher_context != NULL)
		MemoryContextDelete(set->matcher_context);
	set->matcher_context = NULL;
}

static void
make_matcher(WaitPatternSet *set)
{
	MemoryContext context = AllocSetContextCreate(set->context, "pg_respond matcher of waits",
												  ALLOCSET_DEFAULT_SIZES);
	ArenaSource source = respond_arena_source_in(context);
	Matcher    *matcher = respond_matcher_begin(&source);
	PatternError error;

	for (int i = 0; i < set->count; i++)
	{
		const WaitPattern *pattern = &set->patterns[i].pattern;

		if (!respond_matcher_add_jsonb(matcher, i, pattern->event_type, pattern->pattern, &error))
			respond_pattern_report("pattern", &error);
	}
	respond_matcher_finish(matcher);
	set->state = respond_matcher_state_create(matcher, &source);
	respond_matcher_state_prepare(set->state);
	set->matcher_context = context;
}

int
respond_wait_set_match(WaitPatternSet *set, const Event *event, const int **numbers)
{
	int			count;

	if (set->matcher_context == NULL)
		make_matcher(set);
	respond_flatten_event(respond_state_event(set->state), event);
	respond_matcher_match(set->state, numbers, &count);
	return count;
}

bool
respond_wait_set_meets(WaitPatternSet *set, const KnownPattern *known, const Event *event)
{
	const int  *numbers;
	int			count = respond_wait_set_match(set, event, &numbers);

	for (int i = 0; i < count; i++)
		if (numbers[i] == known - set->patterns)
			return true;
	return false;
}
