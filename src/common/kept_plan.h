/*-------------------------------------------------------------------------
 * kept_plan.h
 *	  Statements of our own that are prepared once and run often.
 *
 * src/common/kept_plan.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_KEPT_PLAN_H
#define RESPOND_KEPT_PLAN_H

#include "executor/spi.h"

/* Define one as a static variable: {"SELECT ... $1", 1, {TEXTOID}}. */
#define KEPT_PLAN_MAX_PARAMETERS	32

typedef struct KeptPlan
{
	const char *sql;			/* every name qualified */
	int			count;			/* of parameters */
	Oid			types[KEPT_PLAN_MAX_PARAMETERS];
	SPIPlanPtr	plan;			/* NULL until first used */
} KeptPlan;

/*
 * Runs it between SPI_connect and SPI_finish, seeing what the transaction has
 * done so far, through the door with the caller's rights (see door.h); nulls as
 * in SPI_execute_plan.  Returns the number of rows; results are in SPI_tuptable.
 */
extern uint64 respond_kept_plan_run(KeptPlan *kept, Datum *values, const char *nulls);

/*
 * The same with the rights of whoever owns the extension's tables, for triggers
 * and functions that anybody may call.
 */
extern uint64 respond_kept_plan_run_as_owner(KeptPlan *kept, Datum *values, const char *nulls);

/*
 * The same, and rows that were committed after the transaction's own snapshot
 * count too: for what keys and references would do.
 */
extern uint64 respond_kept_plan_run_newest(KeptPlan *kept, Datum *values, const char *nulls);

/*
 * With the rights of the owner, too, but seeing what the active snapshot sees:
 * for functions that are STABLE.  The statement must only read.
 */
extern uint64 respond_kept_plan_run_stable(KeptPlan *kept, Datum *values, const char *nulls);

/*
 * As respond_kept_plan_run() with its own SPI connection, for a query of one
 * bigint: false when it gives no row.
 */
extern bool respond_kept_plan_int64(KeptPlan *kept, Datum *values, int64 *result);

#endif							/* RESPOND_KEPT_PLAN_H */
