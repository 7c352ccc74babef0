/*-------------------------------------------------------------------------
 * event_key.h
 *	  A second event with the same source and key is not recorded again.
 *
 * src/event/event_key.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_KEY_H
#define RESPOND_EVENT_KEY_H

#include "datatype/timestamp.h"

/* An event that wants its source and key for itself. */
typedef struct KeyClaim
{
	Oid			producer;		/* the role whose key it is */
	const char *source;
	const char *key;
	int64		id;				/* of the event */
	int64		owner;			/* out: 0: it has the key now; else the event that has it */
} KeyClaim;

/*
 * Claims keys, one after the other.  Waits for a transaction that claimed the
 * same key and is still open: its commit decides.  Under REPEATABLE READ and
 * above, a key that was waited for is a serialization failure; one that was
 * committed after our snapshot is known.
 */
extern void respond_event_keys_claim(KeyClaim *claims, int count, TimestampTz recorded_at);

#endif							/* RESPOND_EVENT_KEY_H */
