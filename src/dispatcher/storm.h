/*-------------------------------------------------------------------------
 * storm.h
 *	  Rules that multiply their own events are stopped.
 *
 * src/dispatcher/storm.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STORM_H
#define RESPOND_STORM_H

#include "event/event.h"
#include "rule/rule_set.h"

/* In each transaction that applies rules, before it does: which rules are stopped. */
extern void respond_storm_look(uint64 wakes);

/* After a rollback. */
extern void respond_storm_forget(void);

/*
 * Whether the rule is stopped, so that it must not be applied to an event that a
 * rule caused; then the event is a dead letter for it.  Stops the rule when it
 * multiplies its own events.
 */
extern bool respond_storm_stops(const Rule *rule, const Event *event);

/* The rule caused so many things when it was applied to the event. */
extern void respond_storm_count(const Rule *rule, const Event *event, int64 caused);

#endif							/* RESPOND_STORM_H */
