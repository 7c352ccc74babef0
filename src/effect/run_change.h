/*-------------------------------------------------------------------------
 * run_change.h
 *	  Changing the row of a run.
 *
 * src/effect/run_change.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RUN_CHANGE_H
#define RESPOND_RUN_CHANGE_H

#include "common/partition_write.h"
#include "effect/run.h"

/* New values of some columns; begins as {0}. */
typedef struct RunChange
{
	Datum		values[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS];
	bool		replaced[RUN_COLUMNS];
	bool		held;			/* this transaction has locked the row */
} RunChange;

/* NULL, or a time that is not finite, empties the column. */
extern void respond_run_change_text(RunChange *change, int column, const char *text);
extern void respond_run_change_time(RunChange *change, int column, TimestampTz time);
extern void respond_run_change_nothing(RunChange *change, int column);
extern void respond_run_change_version(RunChange *change, int32 version);

/* What everybody may read. */
extern void respond_run_change_error(RunChange *change, const char *error);

/* What the run continues with; it is for the owner. */
extern void respond_run_change_saved(RunChange *change, Jsonb *saved, Oid owner);

/*
 * Changes the row at once, as it was found under the snapshot that is active.  Raises
 * ERRCODE_LOCK_NOT_AVAILABLE when somebody else holds it or has changed it since.
 */
extern void respond_run_change(int64 run_id, TimestampTz started_at, const RunPlace *place, const RunChange *change);

/* The same for many rows: with one writer of respond.run, between begin and end. */
extern void respond_run_changes_begin(void);
extern void respond_run_change_with(PartitionWriter *writer, int64 run_id, TimestampTz started_at,
									const RunPlace *place, const RunChange *change);
extern void respond_run_changes_end(void);

/*
 * Locks the row against everybody who takes the run in hand.  Raises an error that
 * may pass when somebody has it, or has changed it since it was found.
 */
extern void respond_run_lock(int64 run_id, const RunPlace *place);

#endif							/* RESPOND_RUN_CHANGE_H */
