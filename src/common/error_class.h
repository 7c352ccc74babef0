/*-------------------------------------------------------------------------
 * error_class.h
 *	  Errors that may be gone at the next try, as opposed to those that stay.
 *
 * src/common/error_class.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_ERROR_CLASS_H
#define RESPOND_ERROR_CLASS_H

#include "utils/elog.h"

/*
 * Whether the same work may succeed when it is tried again: a lost connection,
 * a serialization failure or deadlock, missing resources, a cancel or shutdown,
 * a lock that was not to be had.
 */
extern bool respond_error_is_transient(int sqlerrcode);

/*
 * Whether an error that is transient by its class may be the fault of what raises
 * it when it does so for long.  A disk that is full is not, however long it is.
 */
extern bool respond_error_may_last(int sqlerrcode);

/*
 * Whether no error counts as transient from now on: the same work was tried
 * often enough.
 */
extern void respond_error_set_lasting(bool lasting);

/*
 * Whether work may go on without what raised this: not when somebody wants it
 * to end (cancel, timeout, termination), nor when the server's promises for the
 * transaction hang on it (serialization, deadlock).
 */
extern bool respond_error_may_be_swallowed(int sqlerrcode);

/*
 * The beginning of an error's message, at most 8 kB: messages may quote whole
 * documents, and go into runs, events and the audit log.
 */
extern const char *respond_error_clip(const char *message);

/* Code and message of an error alone, to be kept; FreeErrorData() frees it. */
extern ErrorData *respond_error_copy(const ErrorData *error);

#endif							/* RESPOND_ERROR_CLASS_H */
