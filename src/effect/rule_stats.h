/*-------------------------------------------------------------------------
 * rule_stats.h
 *	  How often each rule fired, in shared memory.
 *
 * src/effect/rule_stats.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_STATS_H
#define RESPOND_RULE_STATS_H

#include "datatype/timestamp.h"

typedef struct EndedRun
{
	const char *rule;
	const char *status;
	TimestampTz recorded_at;	/* of its event; 0: it has none, or a replay */
	TimestampTz started_at;
	TimestampTz finished_at;
} EndedRun;

/* Asks for the memory and installs callbacks; at load. */
extern void respond_rule_stats_initialize(void);

/*
 * Counts a run.  Takes effect when the transaction commits, and not at all if it
 * is rolled back.
 */
extern void respond_rule_stats_count(const EndedRun *run);

/* For the metrics: what so many runs (METRIC_RUN_STATUSES) are called, and how many the rule of this key had. */
extern const char *respond_rule_status_word(int status);
extern uint64 respond_rule_stats_read(uint64 key, int status);

#endif							/* RESPOND_RULE_STATS_H */
