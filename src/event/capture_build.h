/*-------------------------------------------------------------------------
 * capture_build.h
 *	  From a change of a row to its event, whatever the row holds.
 *
 * src/event/capture_build.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_BUILD_H
#define RESPOND_CAPTURE_BUILD_H

#include "event/capture_data.h"
#include "event/event_write.h"

/*
 * Fills the event in the current memory context; returns false when the
 * trigger's condition says that there shall be none.  Raises only what must not
 * be swallowed (error_class.h).
 */
extern bool respond_capture_build(CaptureChange *change, NewEvent *event);

#endif							/* RESPOND_CAPTURE_BUILD_H */
