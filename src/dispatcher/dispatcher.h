/*-------------------------------------------------------------------------
 * dispatcher.h
 *	  What the files of the dispatcher share.
 *
 * src/dispatcher/dispatcher.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_DISPATCHER_H
#define RESPOND_DISPATCHER_H

#include "dispatcher/cursor.h"
#include "dispatcher/progress.h"
#include "dispatcher/reader.h"
#include "rule/rule_set.h"
#include "worker/worker.h"

/* Data of the events of a batch, in bytes, behind which the batch takes no more. */
#define RESPOND_BATCH_BYTES		((int64) 16 * 1024 * 1024)

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

	bool		replayed;		/* the last batch was a replay */
	bool		retried;		/* the last batch was of events that had been set aside */
	BatchMode	mode;
	int			mode_left;		/* events to be handled in this mode before going back */
	bool		announced;		/* the marker of this process's first batch is committed */
	int64		last_runs;		/* that the last batch made */
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

/* Counts the commits that recorded events or asked for something to be done again. */
extern uint64 respond_batch_wakes(void);

/*
 * Applies the rules to one event; effects go into the buffer of the flow room.
 * contained: each rule in a subtransaction, in which its effects are written; one
 * that fails for a reason that may pass leaves the event set aside for this rule.
 */
extern void respond_batch_apply(RuleSet *rules, Event *event, bool contained);

/* Takes the lane for this process; in a transaction. */
extern void respond_lane_take(Dispatcher *dispatcher);

/*
 * Gives an event up: a row of respond_internal.dead_event, in this transaction.
 * sqlerrcode: that of an error whose message is not for everybody, else 0.
 */
extern void respond_dead_event(const Event *event, const char *rule,
							   const char *reason, const char *error, int sqlerrcode);

/*
 * Markers of events that may have killed a process, each in a transaction of
 * its own that is flushed when the call returns.  raise counts one more try and
 * returns the number of tries so far, this one included.
 */
extern int	respond_suspect_raise(int64 id);
/* In the current transaction: the event turned out to be harmless or was given up. */
extern void respond_suspect_clear(int64 id);
/* The marker of a dispatcher's first batch, in the same table. */
extern int64 respond_suspect_lane(int lanes, int lane);

#endif							/* RESPOND_DISPATCHER_H */
