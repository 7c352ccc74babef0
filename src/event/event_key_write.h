/*-------------------------------------------------------------------------
 * event_key_write.h
 *	  Writing keys of events without a plan.
 *
 * src/event/event_key_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EVENT_KEY_WRITE_H
#define RESPOND_EVENT_KEY_WRITE_H

#include "datatype/timestamp.h"

typedef struct KeyWriter KeyWriter;

/*
 * Opens the table of keys; the writer lives in the current memory context.
 * NULL: somebody has given the table columns, constraints, triggers or rules that
 * only a statement heeds.
 */
extern KeyWriter *respond_event_key_writer_open(Oid table);

/*
 * Writes a key, at once and without waiting for anybody.  False, and there is
 * nothing: it is there already, or another transaction that is open has written
 * it.
 */
extern bool respond_event_key_writer_add(KeyWriter *writer, Oid producer, const char *source, const char *key,
										 int64 id, TimestampTz recorded_at);

/* The table stays locked until the transaction ends. */
extern void respond_event_key_writer_close(KeyWriter *writer);

#endif							/* RESPOND_EVENT_KEY_WRITE_H */
