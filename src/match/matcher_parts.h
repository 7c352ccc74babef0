/*-------------------------------------------------------------------------
 * matcher_parts.h
 *	  Shared by the files of the matcher: its parts and who owns them.
 *
 * Conditions (a field and its tests) and combinations (conditions that must
 * hold together: one alternative of a pattern with its event type) are
 * interned: equal ones are the same one, so an event evaluates each at most
 * once, however many rules share it.
 *
 *		matcher.c			adds rules, matches events
 *		matcher_intern.c	makes equal conditions one
 *		matcher_index.c		builds the index
 *		matcher_lookup.c	leads an event to candidate combinations
 *		matcher_verify.c	decides whether a candidate holds
 *		matcher_explain.c	says why it does not
 *
 * src/match/matcher_parts.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MATCHER_PARTS_H
#define RESPOND_MATCHER_PARTS_H

#include "match/matcher.h"
#include "match/matcher_index.h"

typedef struct Condition
{
	uint64_t	hash;
	int			field;
	bool		accepts_absent;
	TestList	tests;
} Condition;

typedef struct Combination
{
	uint64_t	hash;
	int			condition_count;
	const int  *conditions;		/* event type first, then by path */
	int			rule_count;
	int			rule_room;
	int		   *rule_nos;
} Combination;

/* Interned items; a hash table of item numbers + 1 finds equal ones. */
typedef struct Interned
{
	int			count;
	int			room;
	void	   *items;
	size_t		table_size;
	int		   *table;
} Interned;

struct Matcher
{
	ArenaSource source;
	Arena	   *arena;
	Arena	   *scratch;		/* what compiling one pattern needs */
	PathTree   *paths;
	Interned	conditions;		/* Condition */
	Interned	combinations;	/* Combination */
	RuleIndex  *index;			/* NULL until finished */
};

struct MatchState
{
	const Matcher *matcher;
	ArenaSource source;
	EventFields *event;
	uint32_t	stamp;			/* number of the event, 1 .. MATCH_STAMP_LAST */
	uint32_t   *condition_memos;	/* stamp and verdict of each condition */
	uint32_t   *combination_seen;	/* stamp of the last event it was tried for */
	uint32_t   *node_seen;		/* the same of each node of the index */
	int			tried;			/* combinations verified for the last event */
	uint64_t	work;			/* values looked at to verify them */
	MatchTick	tick;			/* told of the work now and then; may be NULL */
	int			rule_count;
	int			rule_room;
	int		   *rule_nos;
};

/* The tick is told whenever so much was done. */
#define MATCH_TICK_WORK		((uint64_t) 1 << 14)

static inline void
match_work(MatchState *state, int values)
{
	uint64_t	before = state->work;

	state->work += (uint64_t) values;
	if ((before ^ state->work) >= MATCH_TICK_WORK && state->tick != NULL)
		state->tick(state->work);
}

/* A memo is the stamp shifted by the bits of a verdict. */
#define MATCH_VERDICT_BITS	2
#define MATCH_STAMP_LAST	(UINT32_MAX >> MATCH_VERDICT_BITS)

static inline const Condition *
matcher_condition(const Matcher *matcher, int number)
{
	return &((const Condition *) matcher->conditions.items)[number];
}

static inline Combination *
matcher_combination(const Matcher *matcher, int number)
{
	return &((Combination *) matcher->combinations.items)[number];
}

/*
 * The number of a condition or combination equal to the given one, which is
 * copied when there was none.
 */
extern int	respond_intern_condition(Matcher *matcher, int field, const TestList *tests);
extern int	respond_intern_combination(Matcher *matcher, const int *conditions, int count);

/* Does every condition of the combination hold, in values that agree? */
extern bool respond_combination_holds(MatchState *state, int combination);

/* Does a condition hold alone, whatever values the others use? */
extern bool respond_condition_holds(MatchState *state, int condition);

/* Called for each candidate combination, maybe several times. */
extern void respond_match_candidate(MatchState *state, int combination);

#endif							/* RESPOND_MATCHER_PARTS_H */
