/*-------------------------------------------------------------------------
 * sealing.c
 *	  Duty of the clock: the audit log is sealed.
 *
 * How is SQL, see 60_audit_seal.sql.  A large log is sealed block by block, each
 * in a transaction of its own.  Nothing is asked when nobody has written, unless a
 * transaction was open whose rows were still to come.
 *
 * src/upkeep/sealing.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "common/guc.h"
#include "common/shmem.h"
#include "upkeep/sealing.h"
#include "upkeep/statement.h"
#include "worker/worker.h"

#define LOCK_WAIT_MS		200

/* Of a block: its digests are one value of 16 bytes for each. */
#define IDS_OF_BLOCK		20000

/* What had been written when it last looked, and whether a transaction of then is still open. */
static uint64 seen = 0;
static bool looks_again = true;

static bool
column(int number)
{
	bool		is_null;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, &is_null);

	return !is_null && DatumGetBool(value);
}

/* Returns whether there is more. */
static bool
seal_block(void)
{
	bool		more;

	respond_statement_begin();
	respond_statement_limit_lock_wait(LOCK_WAIT_MS);
	respond_statement_format("SELECT b.more, b.waits FROM respond_internal.seal_block(%d) AS b", IDS_OF_BLOCK);
	more = column(1);
	looks_again = column(2);
	respond_statement_commit();
	respond_worker_check_stop();
	return more;
}

TimestampTz
respond_sealing_apply(TimestampTz now)
{
	DatabaseSlot *database = respond_shmem_find_database(MyDatabaseId);
	uint64		written = database != NULL ? pg_atomic_read_u64(&database->audit_written) : 0;

	if (respond_audit_seal_interval <= 0)
		return DT_NOEND;
	if (written != seen || looks_again)
	{
		looks_again = true;
		while (seal_block())
			;
		seen = written;
	}
	return TimestampTzPlusMilliseconds(now, (int64) respond_audit_seal_interval * 1000);
}
