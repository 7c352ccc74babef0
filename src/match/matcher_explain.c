/*-------------------------------------------------------------------------
 * matcher_explain.c
 *	  Says why an event does not match a rule.
 *
 * src/match/matcher_explain.c
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "match/matcher_parts.h"
#include "match/test_text.h"

#define MOST_VALUES			3	/* values of a field that are shown */
#define MOST_ALTERNATIVES	3

static void
explain_condition(CutText *out, const MatchState *state, const Condition *condition)
{
	int			count;
	const int  *values = respond_event_values_of(state->event, condition->field, &count);

	respond_text_append(out, respond_path_tree_path(state->matcher->paths, condition->field));
	respond_text_append(out, ": ");
	if (count == 0)
	{
		respond_text_append(out, "the field is absent");
		return;
	}
	if (condition->accepts_absent && condition->tests.count == 1)
	{
		respond_text_append(out, "the field is present");
		return;
	}
	for (int i = 0; i < count && i < MOST_VALUES; i++)
	{
		if (i > 0)
			respond_text_append(out, ", ");
		respond_text_append_value(out, respond_event_value(state->event, values[i]));
	}
	respond_text_append(out, count > MOST_VALUES ? ", ... " : " ");
	respond_text_append_refusal(out, &condition->tests);
}

static void
explain_combination(CutText *out, MatchState *state, const Combination *combination)
{
	for (int i = 0; i < combination->condition_count; i++)
		if (!respond_condition_holds(state, combination->conditions[i]))
		{
			explain_condition(out, state, matcher_condition(state->matcher, combination->conditions[i]));
			return;
		}
	respond_text_append(out, "each field matches, but only in different elements of an array");
}

static bool
has_rule(const Combination *combination, int rule_no)
{
	for (int i = 0; i < combination->rule_count; i++)
		if (combination->rule_nos[i] == rule_no)
			return true;
	return false;
}

bool
respond_matcher_explain(MatchState *state, int rule_no, char *text, size_t room)
{
	CutText		out;
	int			refused = 0;
	const int  *rule_nos;
	int			count;

	/* Matching anew makes the memos those of this event. */
	respond_matcher_match(state, &rule_nos, &count);
	respond_text_begin(&out, text, room);
	for (int i = 0; i < count; i++)
		if (rule_nos[i] == rule_no)
			return true;
	for (int i = 0; i < state->matcher->combinations.count; i++)
	{
		const Combination *combination = matcher_combination(state->matcher, i);

		if (!has_rule(combination, rule_no))
			continue;
		if (++refused > MOST_ALTERNATIVES)
		{
			respond_text_append(&out, "; ...");
			break;
		}
		if (refused > 1)
			respond_text_append(&out, "; or ");
		explain_combination(&out, state, combination);
	}
	return false;
}
