/*-------------------------------------------------------------------------
 * wait_passed.h
 *	  Events that pass while runs do not know yet under which key they will wait.
 *
 * A wait whose key comes out of a step before it is armed without one meanwhile.
 * Each event that meets its pattern leaves a small row, with the hash of its key.
 * When the key is known, one look into an index finds those that the run has to
 * hear, however many others have passed.  Where no run waits so, nothing is written.
 *
 * The rows are in the order in which the first lane of the dispatchers has handled
 * the events.  An event that it looks back at for a run, which began or went on
 * late, is written for that run alone.
 *
 * src/wait/wait_passed.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_PASSED_H
#define RESPOND_WAIT_PASSED_H

#include "nodes/pg_list.h"

#include "common/shape.h"
#include "event/event.h"
#include "wait/wait_pattern_set.h"
#include "wait/wait_row.h"

extern const Shape respond_shape_passed;

/* One that has passed. */
typedef struct PassedEvent
{
	int64		id;				/* order in which they passed */
	int64		event_id;
	TimestampTz recorded_at;
} PassedEvent;

/* What passes from now on has greater ids. */
extern int64 respond_passed_now(void);

/* The event met the pattern, of waits without a key; it is written if there are any, which is then the result. */
extern bool respond_passed_note(const KnownPattern *known, const Event *event);

/* The same for one run alone, which looks back. */
extern void respond_passed_note_for(const KnownPattern *known, const Event *event, int64 run_id);

/* Too many have passed while it looked back. */
extern void respond_passed_give_up(const Wait *wait);

/* Whether what has passed this wait, which has no key, is known. */
extern bool respond_passed_is_known(const Wait *wait);

/*
 * What has passed it behind this id under this key, in order: a list of at most
 * `limit` PassedEvent *.  Events with other keys may be among them.
 */
extern List *respond_passed_find(const Wait *wait, const char *key, int64 after, int limit);

/* For wait_rows.c: writes what was noted; forgets it. */
extern void respond_passed_flush(void);
extern void respond_passed_forget(void);

#endif							/* RESPOND_WAIT_PASSED_H */
