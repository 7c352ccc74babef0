/*-------------------------------------------------------------------------
 * wait_rows.h
 *	  Arming, finding and taking waits.
 *
 * The first lane of the dispatchers arms and hears.  What it arms is buffered like
 * other effects: respond_waits_flush() writes it, respond_waits_discard()
 * forgets it after a rollback.
 *
 * src/wait/wait_rows.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_ROWS_H
#define RESPOND_WAIT_ROWS_H

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "event/event.h"
#include "wait/wait_filter.h"
#include "wait/wait_row.h"

/* Arms it; what it has heard already comes with it. */
extern void respond_wait_arm(const Wait *wait);
/* How many this process has armed, those of transactions that were rolled back included. */
extern uint64 respond_waits_armed(void);

/* From now on, what this process arms is let through by the filter; NULL: by none. */
extern void respond_waits_let_through(WaitFilter *filter);

/* It has heard one more event. */
extern void respond_wait_hear(const Wait *wait, const Event *event);

/* How many events it has heard and not used; whether this one is among them. */
extern int	respond_wait_heard_count(const Wait *wait);
extern bool respond_wait_has_heard(const Wait *wait, int64 event_id);

/* All waits of a run, as a list of Wait * without what they have heard; what this transaction has armed counts. */
extern List *respond_waits_of_run(int64 run_id);

/*
 * All waits of a run with what they have heard, as a list of Wait *, which are
 * disarmed by this transaction.  Any session may call it that has locked the run's
 * row; the caller's privileges do not count.
 */
extern List *respond_waits_take(int64 run_id);

/*
 * Waits with this pattern and key of runs behind `after`, as a list of Wait * in
 * no order.  It ends behind `limit` of them, with all of the last run: *last is
 * that run, or PG_INT64_MAX when there are no more.  snapshot: NULL for what this
 * transaction has armed so far, too.
 */
extern List *respond_waits_find(int64 pattern, const char *key, Snapshot snapshot, int64 after, int limit,
								int64 *last);

extern void respond_waits_flush(void);
extern void respond_waits_discard(void);

#endif							/* RESPOND_WAIT_ROWS_H */
