/*-------------------------------------------------------------------------
 * wait_pattern.h
 *	  The patterns of all wait steps that runs stand at.
 *
 * They are rows of respond_internal.wait_pattern, which only the first lane of the
 * dispatchers writes, and in its memory.  Workers and tests alone ask here.
 *
 * src/wait/wait_pattern.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_PATTERN_H
#define RESPOND_WAIT_PATTERN_H

#include "utils/snapshot.h"

#include "common/shape.h"
#include "wait/wait_pattern_set.h"

extern const Shape respond_shape_wait_pattern;

/*
 * The id of a pattern, whose row is inserted in this transaction when it is new.
 * Raises ERRCODE_RESPOND_INVALID_RULE when it is invalid.  Ask for it each time
 * that a wait is armed, right before: patterns that nobody waits for are removed.
 */
extern int64 respond_wait_pattern(const WaitPattern *pattern);

/* All that there are, loaded when they are not; good until the next call of this function. */
extern WaitPatternSet *respond_wait_patterns(void);

/* What others have committed by the next call of it counts there, whether or not they have told of it yet. */
extern void respond_wait_patterns_reload(void);

/* Whether it is in memory. */
extern bool respond_wait_pattern_is_known(int64 id, const char *rule, int32 rule_version, const char *step,
										  int alternative);

/* Removes patterns that no row needs, if there are more than when that was last done; nothing must be buffered. */
extern void respond_wait_patterns_clean(void);

/* Reads the rows that the snapshot sees into a set; those of other databases do not count. */
extern void respond_wait_patterns_read(WaitPatternSet *set, Snapshot snapshot);

#endif							/* RESPOND_WAIT_PATTERN_H */
