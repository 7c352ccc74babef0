/*-------------------------------------------------------------------------
 * progress_rotation.c
 *	  Emptying the progress tables, one side while the other is written.
 *
 * A dispatcher appends a row with each batch, and only the latest row of each
 * lane counts.  When many were written, the clock
 *
 *	1. turns shared memory's progress_side to the other, empty side;
 *	2. copies the latest row of each lane there, unless a later one is there;
 *	3. a minute later copies again, for whoever was late, and truncates the old
 *	   side.
 *
 * At every moment each lane's latest row is on one of the sides, and readers
 * look at both.  A crash forgets which side was in use, no more: the clock
 * takes the one with the latest row, and the other is emptied when it is due.
 *
 * A snapshot taken before the truncation sees nothing on that side after it.
 * Who reads progress must lock both tables before taking the snapshot.
 * pg_dump does not; the minute between 2 and 3 is for it: its snapshot sees the
 * copies unless it took a minute to lock the tables.
 *
 * src/upkeep/progress_rotation.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/life.h"
#include "common/partition_write.h"
#include "upkeep/progress_rotation.h"
#include "upkeep/statement.h"
#include "worker/worker.h"

/* Rows on one side before the other is taken. */
#define ROWS_PER_SIDE		10000

#define LOCK_WAIT_MS		200
#define IDLE_INTERVAL_US	USECS_PER_MINUTE
#define BUSY_INTERVAL_US	(10 * USECS_PER_SEC)
#define GRACE_US			USECS_PER_MINUTE

static TimestampTz turned_at = 0;
static uint64 batches_seen = 0;

void
respond_rotation_choose_side(DatabaseSlot *database)
{
	bool		second;

	respond_statement_begin();
	second = respond_statement_format("SELECT WHERE (SELECT pg_catalog.max(seq) FROM respond_internal.progress_1"
									  " WHERE incarnation OPERATOR(pg_catalog.=) " INT64_FORMAT ")"
									  " OPERATOR(pg_catalog.>)"
									  " (SELECT coalesce(pg_catalog.max(seq), -1) FROM respond_internal.progress_0"
									  " WHERE incarnation OPERATOR(pg_catalog.=) " INT64_FORMAT ")",
									  respond_life_incarnation(), respond_life_incarnation()) > 0;
	respond_statement_commit();
	pg_atomic_write_u32(&database->progress_side, second ? 1 : 0);
}

/* Of the dispatchers that run now; from shared memory, so that an idle clock runs no SQL. */
static uint64
count_batches(void)
{
	uint64		sum = 0;

	for (int i = 0; i < respond_shared->slot_count; i++)
	{
		WorkerSlot *slot = &respond_shared->slots[i];

		/* generation: a new dispatcher that did as much as the old one is a change too */
		if (slot->kind == WORKER_DISPATCHER && slot->database == MyDatabaseId &&
			slot->state == WORKER_RUNNING)
			sum += pg_atomic_read_u64(&slot->batches) + slot->generation;
	}
	return sum;
}

static const char *
side_name(int side)
{
	return side == 0 ? "progress_0" : "progress_1";
}

static BlockNumber
count_blocks(int side)
{
	Relation	relation;
	BlockNumber blocks;

	respond_worker_begin();
	relation = table_open(respond_relation_oid("respond_internal", side_name(side)), AccessShareLock);
	blocks = RelationGetNumberOfBlocks(relation);
	table_close(relation, AccessShareLock);
	CommitTransactionCommand();
	return blocks;
}

static uint64
count_rows(int side)
{
	uint64		rows;

	/* a row takes about a hundred bytes: below this, counting is not worth it */
	if (count_blocks(side) < ROWS_PER_SIDE / 200)
		return 0;
	respond_statement_begin();
	rows = respond_statement_format("SELECT FROM respond_internal.%s LIMIT %d", side_name(side), ROWS_PER_SIDE);
	respond_statement_commit();
	return rows;
}

/* Also of other incarnations: their cursors say what of their events was handled elsewhere. */
static void
copy_latest(int from, int to)
{
	respond_statement_format("INSERT INTO respond_internal.%s (seq, lanes, lane, cursor, split_xid, split_id, at,"
							 " incarnation) "
							 "SELECT DISTINCT ON (old.incarnation, old.lanes, old.lane) "
							 "old.seq, old.lanes, old.lane, old.cursor, old.split_xid, old.split_id, old.at,"
							 " old.incarnation "
							 "FROM respond_internal.%s AS old WHERE NOT EXISTS (SELECT FROM respond_internal.%s AS new "
							 "WHERE new.incarnation OPERATOR(pg_catalog.=) old.incarnation "
							 "AND new.lanes OPERATOR(pg_catalog.=) old.lanes AND new.lane OPERATOR(pg_catalog.=)"
							 " old.lane "
							 "AND new.seq OPERATOR(pg_catalog.>=) old.seq) "
							 "ORDER BY old.incarnation, old.lanes, old.lane, old.seq DESC",
							 side_name(to), side_name(from), side_name(to));
}

static void
turn(DatabaseSlot *database, int side, TimestampTz now)
{
	pg_atomic_write_u32(&database->progress_side, (uint32) (1 - side));
	turned_at = now;

	respond_statement_begin();
	respond_statement_limit_lock_wait(LOCK_WAIT_MS);
	/* waits for batches that are about to commit their row */
	respond_statement_format("LOCK TABLE respond_internal.%s IN SHARE MODE", side_name(side));
	copy_latest(side, 1 - side);
	respond_statement_commit();
}

static void
empty_side(int from, int to)
{
	respond_statement_begin();
	respond_statement_limit_lock_wait(LOCK_WAIT_MS);
	respond_statement_format("LOCK TABLE respond_internal.%s IN ACCESS EXCLUSIVE MODE", side_name(from));
	copy_latest(from, to);
	respond_statement_format("TRUNCATE respond_internal.%s", side_name(from));
	respond_statement_commit();
}

TimestampTz
respond_rotation_apply(TimestampTz now)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	uint64		batches = count_batches();
	int			side;

	/* nothing was written since the last look */
	if (database == NULL || batches == batches_seen)
		return now + IDLE_INTERVAL_US;

	side = (int) pg_atomic_read_u32(&database->progress_side);
	if (count_blocks(1 - side) > 0)
	{
		if (now < turned_at + GRACE_US)
			return turned_at + GRACE_US;
		empty_side(1 - side, side);
	}
	else if (count_rows(side) >= ROWS_PER_SIDE)
	{
		turn(database, side, now);
		return now + GRACE_US;
	}
	batches_seen = batches;
	return now + BUSY_INTERVAL_US;
}
