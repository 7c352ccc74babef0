/*-------------------------------------------------------------------------
 * caller_out.h
 *	  What a caller is sent.
 *
 * src/listener/caller_out.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CALLER_OUT_H
#define RESPOND_CALLER_OUT_H

#include "listener/caller.h"

/*
 * Sends these bytes, at once as far as that goes, and the rest as the caller
 * takes it.  False: the caller is closed.
 */
extern bool respond_caller_send(Caller *caller, const struct iovec *parts, int count);

/* The same, of bytes that others are sent too; at a later time. */
extern bool respond_caller_send_shared(Caller *caller, SharedBytes *shared, size_t start, size_t end);

/* Goes on sending; false: the caller is closed. */
extern bool respond_caller_write(Caller *caller);

/* The answer is given whole: when it is sent, the next request is read, or the connection ends. */
extern void respond_caller_answered(Caller *caller);

#endif							/* RESPOND_CALLER_OUT_H */
