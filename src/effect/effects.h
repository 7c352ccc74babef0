/*-------------------------------------------------------------------------
 * effects.h
 *	  What the runs of a batch do to the database, gathered and written together.
 *
 * Each kind of effect has its file, which buffers its rows: run_write.h,
 * ticket_write.h, emit_write.h, delivery_write.h.  Rows get their ids when they are
 * put into the buffer, so that later steps can name them; they are written here,
 * many with one statement.  What could fail is looked at before it goes in: an
 * error of the flush concerns the whole batch.
 *
 * All pointers that go in are copied.
 *
 * src/effect/effects.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EFFECTS_H
#define RESPOND_EFFECTS_H

/*
 * The buffer of effects.  begin at the start of a transaction; flush writes
 * what is buffered, before foreign SQL that could look at it and before commit;
 * discard forgets it, after a rollback.
 */
extern void respond_effects_begin(void);
extern void respond_effects_flush(void);
extern void respond_effects_discard(void);

/* Flushes a buffer that has grown large; arrays and messages have limits. */
extern void respond_effects_keep_small(void);

#endif							/* RESPOND_EFFECTS_H */
