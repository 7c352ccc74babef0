/*-------------------------------------------------------------------------
 * wait_match.h
 *	  The waits that an event meets.
 *
 * src/wait/wait_match.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_MATCH_H
#define RESPOND_WAIT_MATCH_H

#include "nodes/pg_list.h"

#include "event/event.h"
#include "wait/wait_row.h"

/* Whether any run waits for an event.  Cheap enough to be asked for each event. */
extern bool respond_waits_listen(void);

/*
 * Armed waits that the event meets by type, pattern and key, as a list of Wait *
 * in the order of run, step and alternative.  What this transaction has armed
 * counts; those that were due before the event was recorded do not.
 */
extern List *respond_waits_hit(const Event *event);

/*
 * The same for runs behind `after`, and for about `limit` waits: a million runs
 * can wait for one event.  *last is the run to go on behind, PG_INT64_MAX when
 * there are no more.
 */
extern List *respond_waits_hit_after(const Event *event, int64 after, int limit, int64 *last);

#endif							/* RESPOND_WAIT_MATCH_H */
