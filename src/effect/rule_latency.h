/*-------------------------------------------------------------------------
 * rule_latency.h
 *	  How long the runs of each rule took, in shared memory.
 *
 * src/effect/rule_latency.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RULE_LATENCY_H
#define RESPOND_RULE_LATENCY_H

/* Asks for the memory; at load. */
extern void respond_rule_latency_initialize(void);

/*
 * A run was committed.  latency_us: since its event was recorded; negative: it
 * has none, or a replay.  duration_us: since the run started.
 */
extern void respond_rule_latency_count(uint64 key, int64 latency_us, int64 duration_us);

#endif							/* RESPOND_RULE_LATENCY_H */
