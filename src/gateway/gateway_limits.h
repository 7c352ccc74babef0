/*-------------------------------------------------------------------------
 * gateway_limits.h
 *	  Telling the program how large requests may be.
 *
 * src/gateway/gateway_limits.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_LIMITS_H
#define RESPOND_GATEWAY_LIMITS_H

#include "companion/frame.h"

/*
 * Writes FRAME_LIMITS if the program does not know it (is_new), or something of it has changed.
 * Raises nothing; what could not be read is read again
 * with the next call.
 */
extern void respond_gateway_limits_tell(FrameBuffer *out, bool is_new);

#endif							/* RESPOND_GATEWAY_LIMITS_H */
