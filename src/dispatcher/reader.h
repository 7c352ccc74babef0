/*-------------------------------------------------------------------------
 * reader.h
 *	  Fetching events from the log.
 *
 * src/dispatcher/reader.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_READER_H
#define RESPOND_READER_H

#include "dispatcher/window.h"
#include "event/event.h"

/* Data of the events of a batch, in bytes, behind which the batch takes no more. */
#define RESPOND_BATCH_BYTES		((int64) 16 * 1024 * 1024)

/*
 * Fetches the event of an entry into the current memory context; NULL when it
 * is nowhere: its subtransaction was rolled back, or its partition dropped.
 * Relations stay open between calls, until respond_reader_release.
 */
extern Event *respond_reader_fetch(const Window *window, const WindowEntry *entry);

/* The same, but also NULL when its type is not wanted, of which nothing but the type is read. */
typedef bool (*TypeWanted) (void *state, const char *type);
extern Event *respond_reader_fetch_wanted(const Window *window, const WindowEntry *entry, TypeWanted wanted,
										  void *state);

/* The event with this id, NULL when it is not there. */
extern Event *respond_reader_fetch_id(int64 id);

/* The same outside of a batch; raises when it is not there. */
extern Event *respond_reader_fetch_alone(int64 id);

/* Closes what fetch opened; before the transaction ends. */
extern void respond_reader_release(void);

/* Forgets it without closing; after a rollback. */
extern void respond_reader_forget(void);


#endif							/* RESPOND_READER_H */
