/*-------------------------------------------------------------------------
 * wait_table.h
 *	  Rows of the tables of waits, found by an index and deleted without a plan.
 *
 * src/wait/wait_table.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_WAIT_TABLE_H
#define RESPOND_WAIT_TABLE_H

#include "access/genam.h"
#include "access/relscan.h"
#include "executor/tuptable.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

typedef struct WaitScan
{
	Relation	table;
	Relation	index;			/* NULL: the table has no pages, and no row is found */
	IndexScanDesc scan;
	TupleTableSlot *slot;
} WaitScan;

/*
 * Begins a scan of a table of schema respond_internal by its index on these
 * columns (NULL: no more), for rows whose first ones have these values.
 * Raises when the index is missing.
 */
extern void respond_wait_scan_begin(WaitScan *scan, const char *table, LOCKMODE lock, Snapshot snapshot,
									const char *const columns[3], const int64 *values, int value_count);

/* The same, for rows whose next column is greater than `after`. */
extern void respond_wait_scan_begin_after(WaitScan *scan, const char *table, LOCKMODE lock, Snapshot snapshot,
										  const char *const columns[3], const int64 *values, int value_count,
										  int64 after);

/* The next row, in the scan's slot; false at the end. */
extern bool respond_wait_scan_next(WaitScan *scan);

/* Deletes the row in the slot; false when somebody else has done it. */
extern bool respond_wait_scan_delete(WaitScan *scan, Snapshot snapshot);

/* The lock stays until the transaction ends. */
extern void respond_wait_scan_end(WaitScan *scan);

#endif							/* RESPOND_WAIT_TABLE_H */
