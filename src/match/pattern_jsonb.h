/*-------------------------------------------------------------------------
 * pattern_jsonb.h
 *	  Patterns that come from SQL, and errors that go there.
 *
 * src/match/pattern_jsonb.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PATTERN_JSONB_H
#define RESPOND_PATTERN_JSONB_H

#include "utils/jsonb.h"

#include "common/pg_compat.h"
#include "match/matcher.h"

/*
 * Adds a rule whose pattern is a jsonb (NULL: every event of the type).
 * Returns false and fills *error as respond_matcher_add does.
 */
extern bool respond_matcher_add_jsonb(Matcher *matcher, int rule_no, const char *type_glob,
									  Jsonb *pattern, PatternError *error);

/*
 * Checks a pattern on its own.  Raises ERRCODE_RESPOND_INVALID_RULE as
 * respond_pattern_report does.
 */
extern void respond_pattern_check_jsonb(const char *name, Jsonb *pattern);

/*
 * Raises the error of an invalid pattern: name, place and message, as
 * "pattern.data.status[0].numeric: ...", with its hint.
 */
pg_noreturn extern void respond_pattern_report(const char *name, const PatternError *error);

/*
 * Makes a new state ready for events of this database: interrupts are let in, an
 * event that takes too long raises, texts are recoded if need be.
 */
extern void respond_matcher_state_prepare(MatchState *state);

#endif							/* RESPOND_PATTERN_JSONB_H */
