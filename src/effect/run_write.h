/*-------------------------------------------------------------------------
 * run_write.h
 *	  Runs in the buffer of effects.
 *
 * src/effect/run_write.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_WRITE_H
#define RESPOND_RUN_WRITE_H

#include "effect/run.h"

typedef struct RunRow
{
	const char *status;
	const char *step;			/* NULL: none */
	Jsonb	   *state;
	Jsonb	   *shown_state;	/* to those who may not see all; NULL: the same */
	const char *error;			/* NULL: none */
	const char *shown_error;	/* NULL: the same */
	TimestampTz started_at;
	TimestampTz finished_at;	/* DT_NOBEGIN: it is under way */
	const char *waits_for;		/* NULL: it does not wait */
	TimestampTz waiting_since;
	TimestampTz resume_at;		/* until when it waits; DT_NOEND: without a limit */
	Jsonb	   *waiting;		/* what it waits for, in words, see flow/pause_words.h */
	Jsonb	   *shown_waiting;	/* to those who may not see all */
	Jsonb	   *saved;			/* with which it can be continued; NULL: it cannot */
} RunRow;

/* Number for a run. */
extern int64 respond_effects_run_id(void);

/*
 * Puts the row of a run, or what changes in it, into the buffer.  Writing it raises
 * ERRCODE_LOCK_NOT_AVAILABLE when somebody holds a row that is to be changed.
 */
extern void respond_effects_run(const FlowRun *run, const RunRow *row);

/* Whether the row of this run is in the buffer, and not in the table. */
extern bool respond_effects_run_is_buffered(int64 run_id);

/* Writes what is buffered of runs if this one's row is to be changed: who looks for it finds it as it is. */
extern void respond_effects_run_settle(int64 run_id);

/* How many runs were written since the last call. */
extern int64 respond_runs_take_count(void);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_runs_flush(void);
extern void respond_runs_forget(void);

#endif							/* RESPOND_RUN_WRITE_H */
