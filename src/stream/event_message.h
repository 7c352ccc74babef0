/*-------------------------------------------------------------------------
 * event_message.h
 *	  An event as streams send it, and which of them it is for.
 *
 * No event stops the streams, whatever it holds.
 *
 * src/stream/event_message.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_MESSAGE_H
#define RESPOND_EVENT_MESSAGE_H

#include "event/event.h"
#include "stream/stream_group.h"

/*
 * Finds the groups that want the event, as respond_stream_group_match(); those
 * with a pattern do not want one that cannot be looked into.  Patterns see what is
 * sent: nobody finds out what is masked by asking for it.
 */
extern int	respond_event_message_match(const Event *event, StreamGroup ***met);

/*
 * The event in the JSON format of CloudEvents, masked, in UTF-8, palloc'd.  Data
 * that cannot be sent is null.
 */
extern const char *respond_event_message(const Event *event, size_t *length);

#endif							/* RESPOND_EVENT_MESSAGE_H */
