/*-------------------------------------------------------------------------
 * capture_limit.h
 *	  Which columns fit into an event.
 *
 * src/event/capture_limit.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CAPTURE_LIMIT_H
#define RESPOND_CAPTURE_LIMIT_H

#include "event/capture_data.h"

/*
 * Whether the rows are so small that there is nothing to leave out, and all of
 * their values are in the rows themselves.  Sets change->small, and small_text.
 */
extern bool respond_capture_limit_is_far(CaptureChange *change);

/*
 * Sets change->included so that the data is likely to stay within
 * pg_respond.max_event_size; looks at sizes only, no value is fetched.
 */
extern void respond_capture_limit(CaptureChange *change);

/*
 * Given the data that came out: when it is beyond the limit, as it is stored or as
 * text, and there is more to leave out, leaves it out and returns true.
 */
extern bool respond_capture_limit_again(CaptureChange *change, Jsonb *data);

#endif							/* RESPOND_CAPTURE_LIMIT_H */
