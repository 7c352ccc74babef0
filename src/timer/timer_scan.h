/*-------------------------------------------------------------------------
 * timer_scan.h
 *	  Reading timers through their index, entry by entry.
 *
 * src/timer/timer_scan.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TIMER_SCAN_H
#define RESPOND_TIMER_SCAN_H

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#include "timer/timer.h"
#include "timer/timer_key.h"

typedef struct TimerScan
{
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	TupleTableSlot *slot;
	IndexScanDesc scan;			/* NULL until a position is given */
	int			key_count;		/* that it was begun with */
	ScanKeyData keys[4];
	ScanKeyData position[2];
	TimerKey	key;			/* of the entry that the scan is at */
} TimerScan;

/*
 * Opens the table for reading and deleting, under this snapshot; false, and
 * nothing is open, if it has no pages.  What the transaction did before counts
 * if the snapshot was taken after respond_timer_scan_prepare().
 */
extern void respond_timer_scan_prepare(void);
extern bool respond_timer_scan_open(TimerScan *scan, Snapshot snapshot);
extern void respond_timer_scan_close(TimerScan *scan);

/* Goes to the first entry of this reader that is not before the key. */
extern void respond_timer_scan_seek(TimerScan *scan, TimerReader reader, TimerKey from);

/* Goes to the entries of this key alone; a scan does the one or the other. */
extern void respond_timer_scan_seek_only(TimerScan *scan, TimerReader reader, TimerKey key);

/*
 * The next entry: its key is in scan->key; false: there is none.  An entry may
 * be one of a row that is gone.
 */
extern bool respond_timer_scan_entry(TimerScan *scan);

/* Whether the row of the entry is there; then it is in scan->slot. */
extern bool respond_timer_scan_row(TimerScan *scan);

/*
 * Deletes the row in the slot; false when somebody else has.  Waits for who is
 * about to, as long as lock_timeout says.
 */
extern bool respond_timer_scan_delete(TimerScan *scan);

#endif							/* RESPOND_TIMER_SCAN_H */
