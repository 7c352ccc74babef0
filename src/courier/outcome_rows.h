/*-------------------------------------------------------------------------
 * outcome_rows.h
 *	  Outcomes as rows: what they change of the delivery, and one for each try.
 *
 * src/courier/outcome_rows.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_OUTCOME_ROWS_H
#define RESPOND_OUTCOME_ROWS_H

#include "common/shape.h"
#include "courier/outcome.h"

extern const Shape respond_shape_attempt;

/* What happened to an outcome in the transaction. */
typedef enum RecordState
{
	RECORD_STALE,				/* its row is not pending any more: somebody cancelled it */
	RECORD_DONE,
	RECORD_LOCKED				/* its row, or that of a channel to be disabled: for later */
} RecordState;

/* Writes them in the current transaction; states says what happened to each. */
extern void respond_outcome_rows_write(Outcome **outcomes, RecordState *states, int count);

#endif							/* RESPOND_OUTCOME_ROWS_H */
