/*-------------------------------------------------------------------------
 * statement.h
 *	  SQL of the clock: transactions of their own, one statement after the other.
 *
 * src/clock/statement.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STATEMENT_H
#define RESPOND_STATEMENT_H

#include "catalog/pg_type_d.h"
#include "executor/spi.h"

/* Starts a transaction with SPI and a snapshot; the extension is locked against DROP. */
extern void respond_statement_begin(void);
extern void respond_statement_commit(void);

/*
 * Runs a statement with parameters, none of them NULL, under a new snapshot.
 * Returns the number of rows, which SPI_tuptable has.  Errors are raised.
 */
extern uint64 respond_statement_run(const char *sql, int count, Oid *types, Datum *values);

#endif							/* RESPOND_STATEMENT_H */
