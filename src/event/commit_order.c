/*-------------------------------------------------------------------------
 * commit_order.c
 *	  In which order transactions committed.
 *
 * The server does not remember it: xids are given out at the first write, and
 * a snapshot only says which transactions are over.  So every backend that
 * recorded events writes down where its commit record ended, in a ring in
 * shared memory that is direct-mapped by xid.  A transaction announces itself
 * before its commit record and completes its entry after: others see its rows
 * a moment before the second step, and the reader waits that moment out.
 *
 * The ring lives no longer than the server, and an entry may be overwritten by
 * a transaction that is a multiple of its size younger or older.  The order is
 * then unknown, and readers fall back to the order of the xids.
 *
 * src/event/commit_order.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/s_lock.h"

#include "common/shmem.h"
#include "event/commit_order.h"

/* xid of an entry that is being written; no transaction has it */
#define ENTRY_BUSY			PG_UINT64_MAX

/* lsn of a transaction that is between its announcement and its commit */
#define POSITION_COMMITTING	PG_UINT64_MAX

/* How long a reader waits for a committing transaction: 10,000 times 100 us. */
#define READER_PATIENCE		10000
#define READER_NAP_US		100L

static CommitPosition *
entry_of(FullTransactionId xid)
{
	return &respond_shared->commit_ring[U64FromFullTransactionId(xid) & (RESPOND_COMMIT_RING - 1)];
}

static void
write_entry(FullTransactionId xid, uint64 position)
{
	CommitPosition *entry = entry_of(xid);
	uint64		seen = pg_atomic_read_u64(&entry->xid);
	SpinDelayStatus delay;

	/*
	 * Two writers meet only when their xids are a multiple of the ring's size
	 * apart and both commit in the same instant; the winner is done after two
	 * stores.
	 */
	init_local_spin_delay(&delay);
	while (seen == ENTRY_BUSY ||
		   !pg_atomic_compare_exchange_u64(&entry->xid, &seen, ENTRY_BUSY))
	{
		perform_spin_delay(&delay);
		seen = pg_atomic_read_u64(&entry->xid);
	}
	finish_spin_delay(&delay);
	pg_atomic_write_u64(&entry->lsn, position);
	pg_write_barrier();
	pg_atomic_write_u64(&entry->xid, U64FromFullTransactionId(xid));
}

/* The entry's position; 0 when the entry belongs to another transaction. */
static uint64
read_entry(FullTransactionId xid)
{
	CommitPosition *entry = entry_of(xid);
	uint64		wanted = U64FromFullTransactionId(xid);
	uint64		position;

	if (pg_atomic_read_u64(&entry->xid) != wanted)
		return 0;
	pg_read_barrier();
	position = pg_atomic_read_u64(&entry->lsn);
	pg_read_barrier();
	if (pg_atomic_read_u64(&entry->xid) != wanted)
		return 0;
	return position;
}

void
respond_commit_order_announce(FullTransactionId xid)
{
	write_entry(xid, POSITION_COMMITTING);
}

void
respond_commit_order_record(FullTransactionId xid, XLogRecPtr position)
{
	write_entry(xid, position);
}

XLogRecPtr
respond_commit_order_find(FullTransactionId xid)
{
	for (int tries = 0; tries < READER_PATIENCE; tries++)
	{
		uint64		position = read_entry(xid);

		if (position != POSITION_COMMITTING)
			return (XLogRecPtr) position;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(READER_NAP_US);
	}
	return InvalidXLogRecPtr;
}

XLogRecPtr
respond_commit_order_earliest(FullTransactionId first, FullTransactionId end)
{
	uint64		from = U64FromFullTransactionId(first);
	uint64		to = U64FromFullTransactionId(end);
	uint64		earliest = PG_UINT64_MAX;

	/* older ones cannot be in the ring any more */
	if (to - from > RESPOND_COMMIT_RING)
		from = to - RESPOND_COMMIT_RING;
	for (uint64 xid = from; xid < to; xid++)
	{
		uint64		position = read_entry(FullTransactionIdFromU64(xid));

		if (position != InvalidXLogRecPtr && position < earliest)
			earliest = position;
	}
	return earliest == PG_UINT64_MAX ? InvalidXLogRecPtr : (XLogRecPtr) earliest;
}
