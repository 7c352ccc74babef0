/*-------------------------------------------------------------------------
 * statement.h
 *	  SQL of the clock: transactions of their own, one statement after the other.
 *
 * src/upkeep/statement.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STATEMENT_H
#define RESPOND_STATEMENT_H

#include "catalog/pg_type_d.h"
#include "executor/spi.h"

/* Starts a transaction with SPI and a snapshot; the extension is locked against DROP. */
extern void respond_statement_begin(void);
extern void respond_statement_commit(void);

/* Until the transaction ends, waiting for a lock longer than this raises an error. */
extern void respond_statement_limit_lock_wait(int milliseconds);

/*
 * Runs a statement with parameters, none of them NULL, under a new snapshot.
 * Returns the number of rows, which SPI_tuptable has.  Errors are raised.
 */
extern uint64 respond_statement_run(const char *sql, int count, Oid *types, Datum *values);

/* The same without parameters, the text made as by printf. */
extern uint64 respond_statement_format(const char *format,...) pg_attribute_printf(1, 2);

#endif							/* RESPOND_STATEMENT_H */
