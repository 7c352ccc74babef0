/*-------------------------------------------------------------------------
 * capture_order.h
 *	  Events of nested statements come after those of the statement around them.
 *
 * src/event/capture_order.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_ORDER_H
#define RESPOND_CAPTURE_ORDER_H

#include "event/capture_trigger.h"
#include "event/event_write.h"

/*
 * Keeps the events for later, copied, when the statement that made them was run
 * by a trigger of another one; otherwise returns false, and they can be written.
 */
extern bool respond_capture_order_defer(const CaptureTrigger *capture, const NewEvent *events, int count);

/* At load; write is called for what was deferred. */
typedef void (*CaptureWrite) (const CaptureTrigger *capture, NewEvent *events, int count);

extern void respond_capture_order_initialize(CaptureWrite write);

#endif							/* RESPOND_CAPTURE_ORDER_H */
