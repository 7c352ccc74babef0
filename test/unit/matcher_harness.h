/*-------------------------------------------------------------------------
 * matcher_harness.h
 *	  Shortcuts of the matcher's tests: patterns and events as JSON text.
 *
 * Single quotes stand for double quotes, to keep the cases readable.
 *
 * test/unit/matcher_harness.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MATCHER_HARNESS_H
#define RESPOND_MATCHER_HARNESS_H

#include "match/matcher.h"

/* Aborts when the text is not JSON. */
extern const JsonValue *harness_json(Arena *arena, const char *text);

/* 1: matches, 0: does not, -1: the pattern is refused, with *error. */
extern int	harness_match(const char *pattern, const char *event, PatternError *error);

/* The explanation of a pattern that does not match, or "". */
extern const char *harness_explain(const char *type_glob, const char *pattern, const char *event);

#endif							/* RESPOND_MATCHER_HARNESS_H */
