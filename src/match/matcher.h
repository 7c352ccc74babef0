/*-------------------------------------------------------------------------
 * matcher.h
 *	  Many rules compiled into one matcher: which of them does an event match?
 *
 * Use:
 *
 *		Matcher    *matcher = respond_matcher_begin(&source);
 *
 *		respond_matcher_add(matcher, 7, "payment.*", 9, pattern_json, &error);
 *		respond_matcher_finish(matcher);
 *		state = respond_matcher_state_create(matcher, &source);
 *		... for each event:
 *		respond_flatten_event(respond_state_event(state), &envelope);
 *		respond_matcher_match(state, &rules, &count);
 *
 * A matcher does not change after respond_matcher_finish and may be shared by
 * any number of states; a state belongs to one consumer.  Both take all their
 * memory from the source they are given.  In the server give them
 * respond_arena_source_in of a memory context of their own: deleting the context
 * frees them, and an error raised half way leaves nothing behind.
 *
 * The cost of an event is that of looking its values up, plus the rules whose
 * most selective test it meets.  It does not grow with the others.
 *
 * src/match/matcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MATCHER_H
#define RESPOND_MATCHER_H

#include "match/event_fields.h"
#include "match/pattern.h"

typedef struct Matcher Matcher;
typedef struct MatchState MatchState;

/*
 * Told how many values were looked at so far to verify candidates of one event,
 * every few thousand.  Need not return: the state takes the next event all the
 * same.
 */
typedef void (*MatchTick) (uint64_t work);

extern Matcher *respond_matcher_begin(const ArenaSource *source);
extern void respond_matcher_destroy(Matcher *matcher);

/*
 * Adds a rule.  rule_no is the caller's own number for it; a number may be
 * added several times and then matches when one of its rules does.
 * type_glob is the event type, exact or with "*" for any run of characters,
 * or NULL for any event.  pattern may be NULL: then every event of the type
 * matches.  Returns false and fills *error when the pattern is invalid; the
 * matcher is then as before.
 */
extern bool respond_matcher_add(Matcher *matcher, int rule_no,
								const char *type_glob, size_t type_length,
								const JsonValue *pattern, PatternError *error);

/* Builds the index; nothing may be added afterwards. */
extern void respond_matcher_finish(Matcher *matcher);

/* Bytes the matcher takes, and how many rules no index leads to. */
extern size_t respond_matcher_size(const Matcher *matcher);
extern int	respond_matcher_scan_count(const Matcher *matcher);

/* The paths that an event must be walked along to fill respond_state_event. */
extern const PathTree *respond_matcher_paths(const Matcher *matcher);

/*
 * Scratch memory of one consumer.  After some events it has grown to what the
 * events need, and no event allocates any more.
 */
extern MatchState *respond_matcher_state_create(const Matcher *matcher, const ArenaSource *source);
extern void respond_matcher_state_destroy(MatchState *state);

/* Large events with arrays within arrays can take long; this lets the caller have a say. */
extern void respond_matcher_state_set_tick(MatchState *state, MatchTick tick);

/* The event of a state: begin, add and seal it with event_fields.h. */
extern EventFields *respond_state_event(MatchState *state);

/*
 * Matches the state's event, which must be sealed.  *rule_nos is sorted, has
 * no duplicates, and lives until the next match with this state.
 */
extern void respond_matcher_match(MatchState *state, const int **rule_nos, int *count);

/*
 * How many combinations of tests the last match looked at: what it cost,
 * apart from looking values up.
 */
extern int	respond_state_tried(const MatchState *state);

/*
 * Says in words why the state's event does not match a rule, naming the first
 * test that failed, as in: data.new.status: "paid" is not one of "failed".
 * Writes at most room bytes with the terminating NUL, cut between characters.
 * Returns true, and writes an empty text, when the rule does match.
 */
extern bool respond_matcher_explain(MatchState *state, int rule_no, char *text, size_t room);

#endif							/* RESPOND_MATCHER_H */
