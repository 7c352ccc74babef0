/*-------------------------------------------------------------------------
 * capture_write.h
 *	  Recording captured events without ever failing the change they tell of.
 *
 * src/event/capture_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_WRITE_H
#define RESPOND_CAPTURE_WRITE_H

#include "event/capture_trigger.h"
#include "event/event_write.h"

/*
 * Records the events of a trigger, in the order of the array, now or when the
 * outermost statement is done.  An event that cannot be recorded is lost with a
 * WARNING, and health() tells of it.
 */
extern void respond_capture_write(CaptureTrigger *capture, NewEvent *events, int count);

/* At load. */
extern void respond_capture_write_initialize(void);

#endif							/* RESPOND_CAPTURE_WRITE_H */
