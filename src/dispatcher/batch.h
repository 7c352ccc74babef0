/*-------------------------------------------------------------------------
 * batch.h
 *	  One batch: events, their effects and the cursor in one transaction.
 *
 * src/dispatcher/batch.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BATCH_H
#define RESPOND_BATCH_H

#include "dispatcher/cursor.h"
#include "dispatcher/progress.h"
#include "dispatcher/window.h"
#include "worker/worker.h"

/* How the events of a batch are kept apart from each other. */
typedef enum BatchMode
{
	BATCH_TOGETHER,				/* one transaction for all */
	BATCH_ONE_BY_ONE,			/* a subtransaction for each: one of them raised an error */
	BATCH_CAREFUL				/* a transaction for each, announced by a committed marker: a
								 * process died */
} BatchMode;

typedef struct Dispatcher
{
	WorkerSlot *slot;
	int			lane;
	int			lanes;
	int64		seq;			/* of the last progress row */

	MemoryContext cursor_context;	/* of cursor alone; a new one for each batch */
	Cursor	   *cursor;			/* committed, or at least free of events */
	MemoryContext progress_context;
	Progress   *progress;		/* other divisions; NULL when they do not matter any more */
	TimestampTz stored_at;		/* when the cursor was last written */
	bool		stored;			/* whether the written cursor is the one in memory */

	MemoryContext window_context;
	Window	   *window;			/* NULL: to be collected */
	MemoryContext batch_context;	/* reset after each batch */

	TimestampTz sees_until;		/* all that was recorded by then is in the snapshot, DT_NOBEGIN: not asked */
	TimestampTz window_until;	/* the same of the window's snapshot */
	TimestampTz heard_until;	/* all that was recorded by then is handled */

	bool		continued;		/* the last batch was of runs that went on */
	bool		replayed;		/* the last batch was a replay */
	bool		retried;		/* the last batch was of events that had been set aside */
	BatchMode	mode;
	int			mode_left;		/* events to be handled in this mode before going back */
	bool		announced;		/* the marker of this process's first batch is committed */
	int64		last_runs;		/* that the last batch made */
	TimestampTz last_recorded_at;	/* of the event of the log that was looked at last */
	bool		proven;			/* this process completed a batch */
	int			errors;			/* in a row */
	int			transient_errors;	/* in a row, of those that may pass */
	ErrorData  *give_up;		/* error with which the next event is given up, else NULL */
	bool		lane_lost;		/* a rollback has let go of the lock of the lane */
	int64		marked;			/* event whose marker this process committed last, 0 if none */
	int			marked_tries;	/* what the marker says */
} Dispatcher;

/*
 * Handles the next events in one transaction.  False when there was nothing to
 * do.  Raises an error when the batch must be rolled back; the dispatcher is
 * then as it was before.
 */
extern bool respond_batch_run(Dispatcher *dispatcher);


#endif							/* RESPOND_BATCH_H */
