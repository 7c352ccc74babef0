/*-------------------------------------------------------------------------
 * batch_origin.h
 *	  Which rule and event a run of the present batch belongs to.
 *
 * The dispatcher writes the tickets and comments of a whole batch with one
 * statement, so the context of event_context.h cannot say on whose behalf each
 * row is written; the row's run_id does.  The dispatcher fills this before the
 * statement and empties it when the batch ends, however it ends.  In client
 * backends it is always empty.
 *
 * src/event/batch_origin.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_BATCH_ORIGIN_H
#define RESPOND_BATCH_ORIGIN_H

#include "event/event_context.h"

/* Remembers a run; event_id 0: started by hand without an event.  The name of the rule is copied. */
extern void respond_batch_origin_add(int64 event_id, int64 run_id, const char *rule, int32 depth);

/* The run's context, or NULL when the run is not of this batch; valid until the reset. */
extern const EventContext *respond_batch_origin_find(int64 run_id);

extern void respond_batch_origin_reset(void);

#endif							/* RESPOND_BATCH_ORIGIN_H */
