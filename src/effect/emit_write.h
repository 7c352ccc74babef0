/*-------------------------------------------------------------------------
 * emit_write.h
 *	  Events and lines of the audit log in the buffer of effects.
 *
 * src/effect/emit_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EMIT_WRITE_H
#define RESPOND_EMIT_WRITE_H

#include "effect/run.h"
#include "event/event_write.h"

/*
 * An event caused by the run's event; cause, depth and actor are filled in.
 * With now it is written at once and its id returned, 0 when its key was known;
 * else it is buffered and 0 returned.  The buffer has to be empty of events before
 * one is written at once.  audit, when not NULL, goes into the audit
 * log as a line about the event, with its id.
 */
extern int64 respond_effects_emit(const FlowRun *run, const NewEvent *event, bool now, Jsonb *audit);

/* Whether events wait in the buffer; one that is written at once would get ahead of them. */
extern bool respond_emits_buffered(void);

/* A line of the audit log, put down to the rule; object_id 0: none. */
extern void respond_effects_audit(const FlowRun *run, const char *action, const char *object_type,
								  int64 object_id, Jsonb *new);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_emits_flush(void);
extern void respond_emits_forget(void);

#endif							/* RESPOND_EMIT_WRITE_H */
