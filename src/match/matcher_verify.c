/*-------------------------------------------------------------------------
 * matcher_verify.c
 *	  Decides whether a candidate combination holds for an event.
 *
 * First each condition alone, remembered per event.  That is the whole answer
 * unless values from elements of arrays are involved.  Then the values must
 * agree (event_fields.h), and a search chooses them field by field in the
 * order of paths, the order in which event-ruler goes.  The order matters for
 * one thing: {"exists": false} holds when no value of the field agrees with
 * the values chosen before it.
 *
 * A search that fails says which earlier choices excluded something.  A
 * choice that is not among them need not be tried with another value, so
 * independent arrays cost their sum and not their product.  Nor need a value be
 * tried that the fields to come cannot tell from one that failed: the two lie in
 * elements of an array in which those have no values.
 *
 * src/match/matcher_verify.c
 *-------------------------------------------------------------------------
 */
#include "match/matcher_parts.h"

#include <string.h>

#include "match/value_test.h"

typedef enum Verdict
{
	VERDICT_NO,
	VERDICT_FREE,				/* holds, and excludes nothing elsewhere */
	VERDICT_BOUND,				/* holds with a value in an element */
	VERDICT_BOUND_ABSENT		/* may hold as absent, beside other elements */
} Verdict;

/* Levels at and above the last bit share it. */
#define BLAME(level)		((uint64_t) 1 << ((level) < 63 ? (level) : 63))

typedef struct Search
{
	const Matcher *matcher;
	MatchState *state;
	const EventFields *event;
	const Combination *combination;
	int			fields[PATTERN_FIELD_LIMIT + 1];	/* of the conditions */
	int			bound_count;
	int			bound_levels[PATTERN_FIELD_LIMIT + 1];
	int			bound_elements[PATTERN_FIELD_LIMIT + 1];
} Search;

static bool search_level(Search *search, int level, uint64_t *blame);

static Verdict
evaluate(MatchState *state, const Condition *condition)
{
	const EventFields *event = state->event;
	Verdict		verdict = VERDICT_NO;
	int			count;
	const int  *values = respond_event_values_of(event, condition->field, &count);

	/* cheap, compared with values that must agree */
	match_work(state, count / 16);
	if (count == 0)
		return condition->accepts_absent ? VERDICT_FREE : VERDICT_NO;
	for (int i = 0; i < count; i++)
	{
		const FieldValue *value = respond_event_value(event, values[i]);

		if (verdict != VERDICT_NO && value->element != NO_ELEMENT)
			continue;
		if (!respond_any_test_holds(&condition->tests, value))
			continue;
		if (value->element == NO_ELEMENT)
			return VERDICT_FREE;
		verdict = VERDICT_BOUND;
	}
	if (verdict == VERDICT_NO && condition->accepts_absent &&
		respond_event_may_be_absent(event, condition->field))
		return VERDICT_BOUND_ABSENT;
	return verdict;
}

static Verdict
verdict_of(MatchState *state, int number)
{
	uint32_t	memo = state->condition_memos[number];
	Verdict		verdict;

	if (memo >> MATCH_VERDICT_BITS == state->stamp)
		return (Verdict) (memo & ((1 << MATCH_VERDICT_BITS) - 1));
	verdict = evaluate(state, matcher_condition(state->matcher, number));
	state->condition_memos[number] = state->stamp << MATCH_VERDICT_BITS | (uint32_t) verdict;
	return verdict;
}

bool
respond_condition_holds(MatchState *state, int condition)
{
	return verdict_of(state, condition) != VERDICT_NO;
}

/* Does the element agree with all choices so far? */
static bool
agrees(const Search *search, int element, int *resume, uint64_t *blame)
{
	for (int i = 0; i < search->bound_count; i++)
		if (!respond_event_agree(search->event, search->bound_elements[i], element, resume))
		{
			*blame |= BLAME(search->bound_levels[i]);
			return false;
		}
	return true;
}

static bool
search_with(Search *search, int level, int element, uint64_t *blame)
{
	bool		found;

	if (element == NO_ELEMENT)
		return search_level(search, level + 1, blame);
	search->bound_levels[search->bound_count] = level;
	search->bound_elements[search->bound_count] = element;
	search->bound_count++;
	found = search_level(search, level + 1, blame);
	search->bound_count--;
	return found;
}

/*
 * Which choices could have hidden a value in this element: those of fields
 * that have values in the same array.
 */
static uint64_t
blame_for_presence(const Search *search, int level, int element)
{
	uint64_t	blame = 0;

	if (element == NO_ELEMENT)
		return 0;
	for (int i = 0; i < level; i++)
	{
		const Condition *condition = matcher_condition(search->matcher, search->combination->conditions[i]);

		if (respond_event_shares_array(search->event, condition->field, element))
			blame |= BLAME(i);
	}
	return blame;
}

static bool
search_level(Search *search, int level, uint64_t *blame)
{
	const Condition *condition;
	uint64_t	own_blame = 0;
	int			witness = -1;	/* a value that agrees: the field is not absent */
	bool		any_tried = false;
	int			tried = NO_ELEMENT; /* what the fields to come saw of the last value */
	int			later = level + 1;
	int			later_count = search->combination->condition_count - later;
	int			count;
	const int  *values;

	if (level == search->combination->condition_count)
		return true;
	condition = matcher_condition(search->matcher, search->combination->conditions[level]);
	values = respond_event_values_of(search->event, condition->field, &count);
	for (int i = 0; i < count;)
	{
		const FieldValue *value = respond_event_value(search->event, values[i]);
		uint64_t	inner_blame = 0;
		int			resume;
		int			anchor;

		match_work(search->state, 1);
		if (!agrees(search, value->element, &resume, &own_blame))
		{
			i = respond_event_skip_to(values, i + 1, count, resume);
			continue;
		}
		witness = values[i++];
		if (!respond_any_test_holds(&condition->tests, value))
			continue;
		anchor = respond_event_anchor(search->event, value->element, search->fields + later, later_count);
		if (any_tried && tried == anchor)
			continue;
		if (search_with(search, level, value->element, &inner_blame))
			return true;
		if ((inner_blame & BLAME(level)) == 0)
		{
			*blame |= inner_blame;
			return false;
		}
		own_blame |= level < 63 ? inner_blame & ~BLAME(level) : inner_blame;
		any_tried = true;
		tried = anchor;
	}
	if (condition->accepts_absent)
	{
		if (witness < 0 && search_with(search, level, NO_ELEMENT, &own_blame))
			return true;
		if (witness >= 0)
			own_blame |= blame_for_presence(search, level, respond_event_value(search->event, witness)->element);
	}
	*blame |= own_blame;
	return false;
}

bool
respond_combination_holds(MatchState *state, int number)
{
	const Combination *combination = matcher_combination(state->matcher, number);
	int			bound = 0;
	int			bound_absent = 0;
	Search		search;
	uint64_t	blame = 0;

	for (int i = 0; i < combination->condition_count; i++)
		switch (verdict_of(state, combination->conditions[i]))
		{
			case VERDICT_NO:
				return false;
			case VERDICT_FREE:
				break;
			case VERDICT_BOUND:
				bound++;
				break;
			case VERDICT_BOUND_ABSENT:
				bound_absent++;
				break;
		}

	/* One value in an element cannot disagree with anything. */
	if (bound_absent == 0 && bound <= 1)
		return true;
	search.matcher = state->matcher;
	search.state = state;
	search.event = state->event;
	search.combination = combination;
	search.bound_count = 0;
	for (int i = 0; i < combination->condition_count; i++)
		search.fields[i] = matcher_condition(state->matcher, combination->conditions[i])->field;
	return search_level(&search, 0, &blame);
}

static void
append_matches(MatchState *state, const Combination *combination)
{
	while (state->rule_room - state->rule_count < combination->rule_count)
	{
		int			room = state->rule_room == 0 ? 64 : state->rule_room * 2;
		int		   *rule_nos = state->source.allocate(state->source.owner, (size_t) room * sizeof(int));

		if (state->rule_nos != NULL)
		{
			memcpy(rule_nos, state->rule_nos, (size_t) state->rule_count * sizeof(int));
			state->source.release(state->source.owner, state->rule_nos);
		}
		state->rule_nos = rule_nos;
		state->rule_room = room;
	}
	memcpy(state->rule_nos + state->rule_count, combination->rule_nos,
		   (size_t) combination->rule_count * sizeof(int));
	state->rule_count += combination->rule_count;
}

void
respond_match_candidate(MatchState *state, int combination)
{
	if (state->combination_seen[combination] == state->stamp)
		return;
	state->combination_seen[combination] = state->stamp;
	state->tried++;
	if (respond_combination_holds(state, combination))
		append_matches(state, matcher_combination(state->matcher, combination));
}
