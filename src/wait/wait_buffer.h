/*-------------------------------------------------------------------------
 * wait_buffer.h
 *	  Waits that are armed and not yet written.
 *
 * A run that goes on in the batch in which it began to wait never has a row.
 *
 * src/wait/wait_buffer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_BUFFER_H
#define RESPOND_WAIT_BUFFER_H

#include "nodes/pg_list.h"

#include "wait/wait_row.h"

/* Copies.  The id of what was heard is given here. */
extern void respond_wait_buffer_add(const Wait *wait);
extern void respond_wait_buffer_hear(const HeardEvent *heard);

/*
 * Appends copies of what is buffered, in the current memory context: waits with
 * this pattern and key of runs behind `after`, or those of a run (of Wait *), or
 * what a run has heard (of HeardEvent *).
 */
extern List *respond_wait_buffer_find(List *waits, int64 pattern, const char *key, int64 key_hash, int64 after);
extern List *respond_wait_buffer_of_run(List *waits, int64 run_id);
extern List *respond_wait_buffer_heard(List *heard, int64 run_id);

/* Forgets what is buffered of a run. */
extern void respond_wait_buffer_remove(int64 run_id);

extern bool respond_wait_buffer_is_empty(void);

/* Writes the rows and forgets them; they are visible to the next command. */
extern void respond_wait_buffer_write(void);
extern void respond_wait_buffer_forget(void);

#endif							/* RESPOND_WAIT_BUFFER_H */
