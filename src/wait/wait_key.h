/*-------------------------------------------------------------------------
 * wait_key.h
 *	  The field of an awaited event that has to be the key of a wait.
 *
 * src/wait/wait_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_KEY_H
#define RESPOND_WAIT_KEY_H

#include "event/event.h"

typedef struct WaitKey WaitKey;

/*
 * Compiles a path as templates have it ("data.payment_id", "subject",
 * "data.new[\"my column\"]") into context.  Raises ERRCODE_RESPOND_INVALID_RULE
 * when it is none that an event can have; owner ("steps[2].event_key") begins
 * the message.
 */
extern WaitKey *respond_wait_key_compile(MemoryContext context, const char *path, const char *owner);

/*
 * The value there as text, as a template would write it, palloc'd; NULL when it
 * is missing, empty, an object or an array.
 */
extern char *respond_wait_key_read(const WaitKey *key, const Event *event);

/* Keys are looked up by it. */
extern int64 respond_wait_key_hash(const char *key);

/* Hashes of the values of the event that some path could make its key, at most so many; palloc'd. */
extern int64 *respond_wait_key_candidates(const Event *event, int limit, int *count);

#endif							/* RESPOND_WAIT_KEY_H */
