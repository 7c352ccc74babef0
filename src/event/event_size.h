/*-------------------------------------------------------------------------
 * event_size.h
 *	  Whether the data of an event is small enough for rules.
 *
 * src/event/event_size.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_SIZE_H
#define RESPOND_EVENT_SIZE_H

#include "event/event.h"

/*
 * Takes data away from the event when it is larger than
 * pg_respond.max_event_size, as it is stored or as JSON text; data_size then
 * says how large it is.
 */
extern void respond_event_limit_data(Event *event);

/*
 * Whether data that is not TOASTed would be left to such an event: who meets senders
 * asks before it is recorded.
 */
extern bool respond_event_data_fits(const Jsonb *data);

/* What is wrong with an event whose data was taken away, palloc'd. */
extern char *respond_event_size_fault(const Event *event);

#endif							/* RESPOND_EVENT_SIZE_H */
