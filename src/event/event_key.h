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

/*
 * Claims (source, key) of this producer, a role, for the event with this id.
 * Returns 0 when it is now ours, else the id of the event that has it.  Waits for a transaction that
 * claimed the same key and is still open: its commit decides.  Under REPEATABLE
 * READ and above, a key that was claimed after our snapshot is a
 * serialization failure.
 */
extern int64 respond_event_key_claim(Oid producer, const char *source, const char *key, int64 id,
									 TimestampTz recorded_at);

#endif							/* RESPOND_EVENT_KEY_H */
