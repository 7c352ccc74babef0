/*-------------------------------------------------------------------------
 * flow_lane.h
 *	  The dispatcher where runs wait: the first one.
 *
 * Runs begin in the lane of their event.  One that comes to a step that may wait
 * goes over to the first lane, and stays there: that lane hears the events of all
 * lanes for it, in their order, and has its timers.  So nothing that a run waits for
 * can be decided by two processes.
 *
 * src/dispatcher/flow_lane.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_FLOW_LANE_H
#define RESPOND_FLOW_LANE_H

#include "dispatcher/awakening.h"
#include "effect/run.h"

/* At the start of a process. */
extern void respond_flow_lane_open(int lane);

/* The same in its first transaction. */
extern void respond_flow_lane_load(void);

/* Whether it is this process. */
extern bool respond_flow_lane_is_here(void);

/* Whether it is, and runs wait for events. */
extern bool respond_flow_lane_listens(void);

/* Says where a run may wait, or who takes it over. */
extern void respond_flow_lane_prepare(FlowRun *run);

/*
 * Lets the runs that wait for the event go on; in the first lane, for events of any
 * lane.  True when there were some, or when it was noted for runs that have yet to wait for it.
 */
extern bool respond_flow_lane_hear(Event *event, bool contained);

/*
 * Notes for runs, and their timers that are due, as a list of Awakening *; at most
 * limit.  A timer counts as due when all was heard that was recorded up to its time.
 */
extern List *respond_flow_lane_take(int limit, uint64 wakes, TimestampTz heard_until);
extern void respond_flow_lane_wake(const List *awakenings, bool contained);

/* Lets runs hear what they should have heard before; at the end of a batch. */
extern void respond_flow_lane_settle(bool contained);

/* After a rollback. */
extern void respond_flow_lane_forget(void);

/*
 * Up to when all is in the snapshot that is taken next which was recorded by
 * then: a transaction that is open may hold events that were recorded when it began.
 * DT_NOBEGIN while no timer is due, when nobody needs to know.
 */
extern TimestampTz respond_flow_lane_sees_until(void);

/* Whether timers can be decided now. */
extern bool respond_flow_lane_has_due(TimestampTz heard_until);

/* In how many ms there is something to do; 0: now, -1: nothing is known. */
extern long respond_flow_lane_due(uint64 wakes);

#endif							/* RESPOND_FLOW_LANE_H */
