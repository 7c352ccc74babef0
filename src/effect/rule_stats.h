/*-------------------------------------------------------------------------
 * rule_stats.h
 *	  How often each rule fired, in shared memory.
 *
 * src/effect/rule_stats.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_STATS_H
#define RESPOND_RULE_STATS_H

/* Asks for the memory and installs callbacks; at load. */
extern void respond_rule_stats_initialize(void);

/*
 * Counts a run of the rule that ended with that status.  Takes effect when the
 * transaction commits, and not at all if it is rolled back.
 */
extern void respond_rule_stats_count(const char *rule, const char *status);

#endif							/* RESPOND_RULE_STATS_H */
