/*-------------------------------------------------------------------------
 * event_lane.h
 *	  Which events a dispatcher has something to do with.
 *
 * src/dispatcher/event_lane.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_LANE_H
#define RESPOND_EVENT_LANE_H

#include "dispatcher/batch.h"

/* Whether this dispatcher has to apply the rules to the event. */
extern bool respond_event_is_ours(const Dispatcher *dispatcher, const Event *event);

/* Whether runs that wait have heard it, or will hear it elsewhere. */
extern bool respond_event_is_heard(const Dispatcher *dispatcher, const Event *event);

/* Whether there is something to do about the event here. */
extern bool respond_event_concerns(const Dispatcher *dispatcher, const Event *event);

#endif							/* RESPOND_EVENT_LANE_H */
