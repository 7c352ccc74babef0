/*-------------------------------------------------------------------------
 * event_lane.c
 *	  Which events a dispatcher has something to do with.
 *
 * src/dispatcher/event_lane.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "dispatcher/event_lane.h"
#include "dispatcher/flow_lane.h"

bool
respond_event_is_ours(const Dispatcher *dispatcher, const Event *event)
{
	if (respond_progress_lane(event->subject, event->id, dispatcher->lanes) != dispatcher->lane)
		return false;
	return dispatcher->progress == NULL ||
		!respond_progress_passed(dispatcher->progress, dispatcher->lanes,
								 U64FromFullTransactionId(event->xid), event->id, event->subject);
}

bool
respond_event_is_heard(const Dispatcher *dispatcher, const Event *event)
{
	return !respond_flow_lane_is_here() ||
		(dispatcher->progress != NULL &&
		 respond_progress_heard(dispatcher->progress, dispatcher->lanes, U64FromFullTransactionId(event->xid),
								event->id));
}

bool
respond_event_concerns(const Dispatcher *dispatcher, const Event *event)
{
	return respond_event_is_ours(dispatcher, event) ||
		(!respond_event_is_heard(dispatcher, event) && respond_flow_lane_listens());
}
