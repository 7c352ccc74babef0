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
	TimestampTz finished_at;
} RunRow;

/* Number for a run. */
extern int64 respond_effects_run_id(void);
extern void respond_effects_run(const FlowRun *run, const RunRow *row);

/* How many runs were written since the last call. */
extern int64 respond_runs_take_count(void);

/* For effects.c: writes what is buffered; forgets it. */
extern void respond_runs_flush(void);
extern void respond_runs_forget(void);

#endif							/* RESPOND_RUN_WRITE_H */
