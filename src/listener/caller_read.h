/*-------------------------------------------------------------------------
 * caller_read.h
 *	  Requests, read from what a caller sends.
 *
 * src/listener/caller_read.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_READ_H
#define RESPOND_CALLER_READ_H

#include "listener/caller.h"

/* Goes on reading, as far as there is something to read and the state of the caller wants it. */
extern void respond_caller_read(Caller *caller);

/* The time for the rest of a body is over. */
extern void respond_caller_body_late(Caller *caller);

#endif							/* RESPOND_CALLER_READ_H */
