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
#include "wait/wait_pattern_set.h"
#include "wait/wait_row.h"

/* Whether any run waits for an event.  Cheap enough to be asked for each event. */
extern bool respond_waits_listen(void);

/*
 * Armed waits that the event meets by type, pattern and key, as a list of Wait *,
 * run by run, of runs behind `after`.  What this transaction has armed counts;
 * those that were due before the event was recorded do not.  It ends behind about
 * `limit` of them: *last is the run to go on behind, PG_INT64_MAX when there are
 * no more.
 *
 * Of a run, each step is there once, with the first of its alternatives that the
 * event meets.  Steps that the run has not reached come first: they have to hear
 * the event before the run goes on with it and reaches them.
 */
extern List *respond_waits_hit(const Event *event, int64 after, int limit, int64 *last);

/* The same with patterns of a session's own, see respond_wait_patterns_read(). */
extern List *respond_waits_hit_of(WaitPatternSet *set, const Event *event, int64 after, int limit, int64 *last);

/*
 * All of them, piece by piece: a million runs can wait for one event.  What is
 * armed after open does not count.  next gives NIL at the end.  passes: the event
 * comes in its turn, and is noted for waits that do not know their key yet.
 */
typedef struct WaitHits WaitHits;
extern WaitHits *respond_waits_hits_open(const Event *event, bool passes);
extern bool respond_waits_hits_noted(const WaitHits *hits);
extern List *respond_waits_hits_next(WaitHits *hits);
extern void respond_waits_hits_close(WaitHits *hits);

/* The event is noted for those of these waits (Wait *), which have no key, that it meets and that hear it. */
extern void respond_waits_note_for(const List *waits, const Event *event, bool (*hears) (void *state, Wait *wait),
								   void *state);

#endif							/* RESPOND_WAIT_MATCH_H */
