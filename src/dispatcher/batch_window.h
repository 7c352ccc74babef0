/*-------------------------------------------------------------------------
 * batch_window.h
 *	  The window that batches go through, and how far they are in it.
 *
 * src/dispatcher/batch_window.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BATCH_WINDOW_H
#define RESPOND_BATCH_WINDOW_H

#include "dispatcher/batch.h"

/* An arena in a new context of this name, a constant, which takes the place of the one before. */
extern Arena *respond_batch_arena(MemoryContext *context, const char *name);

/* The next window, under the active snapshot. */
extern void respond_batch_collect(Dispatcher *dispatcher);

/* Once a window is handled, all that was recorded until its snapshot is. */
extern void respond_batch_note_heard(Dispatcher *dispatcher);

/* Says in shared memory how far this lane is; wakes were counted before the snapshot. */
extern void respond_batch_publish(const Dispatcher *dispatcher, uint64 wakes);

#endif							/* RESPOND_BATCH_WINDOW_H */
