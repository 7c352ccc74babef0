/*-------------------------------------------------------------------------
 * naive_matcher.h
 *	  The pattern language interpreted in the most obvious way, as an oracle.
 *
 * It shares no code with the compiler and the matcher: it reads the pattern
 * as JSON each time and tries every choice of values.  ASCII letters only.
 *
 * test/unit/naive_matcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NAIVE_MATCHER_H
#define RESPOND_NAIVE_MATCHER_H

#include "common/arena.h"
#include "common/json_value.h"

typedef struct Naive Naive;

/* Takes a document apart; the result lives in arena. */
extern Naive *naive_read(Arena *arena, const JsonValue *document);

/* pattern must be valid, without two fields of one path on one level. */
extern bool naive_matches(const Naive *naive, const JsonValue *pattern);

#endif							/* RESPOND_NAIVE_MATCHER_H */
